import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Risk } from '../../src/domain/approval.ts';
import type { AutomationHold, Beginning, Blackout, Calendar, MaintenanceWindow } from '../../src/domain/calendar.ts';
import { whyNotNow } from '../../src/domain/why-not-now.ts';
import { nextOpening, openingAt, openingsBetween } from '../../src/domain/window-times.ts';

const nothing: Calendar = { windows: [], blackouts: [], holds: [] };

function beginning(at: string, { risk = 'high', ...rest }: Partial<Omit<Beginning, 'at'>> = {}): Beginning {
  return { at: new Date(at), clusterId: 'clu_1', environment: 'prod', risk, ...rest };
}

function blackout(changed: Partial<Blackout> = {}): Blackout {
  return {
    id: 'blk_1',
    name: 'year end',
    scope: { kind: 'all' },
    appliesTo: 'CHANGES',
    from: new Date('2026-12-20T00:00:00Z'),
    until: new Date('2027-01-02T00:00:00Z'),
    reason: 'books are closed',
    ownerName: 'Ana',
    ...changed,
  };
}

function hold(changed: Partial<AutomationHold> = {}): AutomationHold {
  return {
    id: 'hld_1',
    scope: { kind: 'all' },
    reason: 'disks are being moved',
    heldByName: 'Ben',
    heldAt: new Date('2026-12-24T00:00:00Z'),
    until: null,
    ...changed,
  };
}

function window(changed: Partial<MaintenanceWindow> = {}): MaintenanceWindow {
  return {
    id: 'win_1',
    name: 'nights',
    scope: { kind: 'environment', environment: 'prod' },
    appliesTo: 'CHANGES',
    cron: '0 2 * * *',
    timeZone: 'Europe/Berlin',
    durationMinutes: 120,
    hidesAlertsUpTo: null,
    reason: 'few people work',
    ownerName: 'Cyn',
    ...changed,
  };
}

function why(calendar: Partial<Calendar>, at: Beginning): string | null {
  const inaction = whyNotNow({ ...nothing, ...calendar }, at);
  return inaction === null ? null : `${inaction.code} ${inaction.message}`;
}

describe('why something may not begin by itself', () => {
  it('lets everything begin when the calendar is empty', () => {
    expect(why({}, beginning('2026-12-25T12:00:00Z', { risk: 'destructive' }))).toBeNull();
  });

  it('names a blackout with its end, its owner and the reason', () => {
    expect(why({ blackouts: [blackout()] }, beginning('2026-12-25T12:00:00Z'))).toBe(
      'BLACKOUT Blackout "year end" until 2027-01-02 00:00 UTC, by Ana: books are closed',
    );
  });

  it.each<[Risk, boolean]>([
    ['read', false],
    ['low', false],
    ['high', true],
    ['destructive', true],
  ])('in a blackout of changes, an operation of risk %s is stopped: %s', (risk, isStopped) => {
    expect(why({ blackouts: [blackout()] }, beginning('2026-12-25T12:00:00Z', { risk })) !== null).toBe(isStopped);
  });

  it('stops a backup too in a blackout of everything', () => {
    const blackouts = [blackout({ appliesTo: 'EVERYTHING' })];
    expect(why({ blackouts }, beginning('2026-12-25T12:00:00Z', { risk: 'low' }))).toMatch(/^BLACKOUT/);
  });

  it('counts the first moment of a blackout and not its last', () => {
    const blackouts = [blackout()];
    expect(why({ blackouts }, beginning('2026-12-19T23:59:59.999Z'))).toBeNull();
    expect(why({ blackouts }, beginning('2026-12-20T00:00:00Z'))).not.toBeNull();
    expect(why({ blackouts }, beginning('2027-01-01T23:59:59.999Z'))).not.toBeNull();
    expect(why({ blackouts }, beginning('2027-01-02T00:00:00Z'))).toBeNull();
  });

  it('names of several blackouts the one that ends last', () => {
    const later = blackout({ id: 'blk_2', name: 'sale', until: new Date('2027-01-09T00:00:00Z') });
    expect(why({ blackouts: [blackout(), later] }, beginning('2026-12-25T12:00:00Z'))).toContain('"sale"');
  });

  it.each([
    [
      'a hold of everything',
      hold(),
      'All automation is held until somebody releases it, by Ben: disks are being moved',
    ],
    [
      'a hold of the cluster with an end',
      hold({ scope: { kind: 'cluster', clusterId: 'clu_1' }, until: new Date('2026-12-26T08:00:30Z') }),
      'The automation of this cluster is held until 2026-12-26 08:00:30 UTC, by Ben: disks are being moved',
    ],
  ])('names %s, whatever the risk', (_, one, message) => {
    expect(why({ holds: [one] }, beginning('2026-12-25T12:00:00Z', { risk: 'read' }))).toBe(`HELD ${message}`);
  });

  it('no longer counts a hold at the moment of its end', () => {
    const holds = [hold({ until: new Date('2026-12-25T12:00:00Z') })];
    expect(why({ holds }, beginning('2026-12-25T11:59:59.999Z'))).not.toBeNull();
    expect(why({ holds }, beginning('2026-12-25T12:00:00Z'))).toBeNull();
  });

  it('names the hold before the blackout, and the blackout before the window', () => {
    const all = { holds: [hold()], blackouts: [blackout()], windows: [window()] };
    const at = beginning('2026-12-25T12:00:00Z');
    expect(why(all, at)).toMatch(/^HELD/);
    expect(why({ ...all, holds: [] }, at)).toMatch(/^BLACKOUT/);
    expect(why({ windows: all.windows }, at)).toMatch(/^OUTSIDE_WINDOW/);
  });

  it('says outside of a window when it opens next', () => {
    expect(why({ windows: [window()] }, beginning('2026-12-25T12:00:00Z'))).toBe(
      'OUTSIDE_WINDOW Outside the maintenance window "nights", which opens 2026-12-26 01:00 UTC, by Cyn: few people work',
    );
  });

  it('asks for one of the windows, not for all of them', () => {
    const noon = window({
      id: 'win_2',
      name: 'noon',
      cron: '0 12 * * *',
      scope: { kind: 'cluster', clusterId: 'clu_1' },
    });
    expect(why({ windows: [window(), noon] }, beginning('2026-12-25T11:30:00Z'))).toBeNull();
    expect(why({ windows: [window(), noon] }, beginning('2026-12-25T10:30:00Z'))).toContain(
      '"noon" (the next of 2 windows), which opens 2026-12-25 11:00 UTC',
    );
  });

  it('lets a backup begin outside of a window for changes, and not outside of one for everything', () => {
    const at = beginning('2026-12-25T12:00:00Z', { risk: 'low' });
    expect(why({ windows: [window()] }, at)).toBeNull();
    expect(why({ windows: [window({ appliesTo: 'EVERYTHING' })] }, at)).toMatch(/^OUTSIDE_WINDOW/);
  });

  it('does not let a window open in a blackout', () => {
    expect(why({ windows: [window()], blackouts: [blackout()] }, beginning('2026-12-25T01:30:00Z'))).toMatch(
      /^BLACKOUT/,
    );
  });

  it.each([
    ['another cluster', { kind: 'cluster', clusterId: 'clu_2' }],
    ['another environment', { kind: 'environment', environment: 'dev' }],
  ] as const)('does not count what covers %s', (_, scope) => {
    const entries = { windows: [window({ scope })], blackouts: [blackout({ scope })] };
    expect(why(entries, beginning('2026-12-25T12:00:00Z'))).toBeNull();
  });

  it('is never stopped by fewer entries than stop it together', () => {
    const moment = fc.date({ min: new Date('2026-01-01'), max: new Date('2027-12-31'), noInvalidDate: true });
    const entry = fc.record({ from: moment, until: moment }).map((times) => blackout(times));
    const held = fc.option(moment).map((until) => hold({ until }));
    fc.assert(
      fc.property(fc.array(entry), fc.array(held), moment, (blackouts, holds, at) => {
        const told = whyNotNow({ windows: [], blackouts, holds }, { ...beginning('2026-01-01T00:00:00Z'), at });
        const stops =
          holds.some(({ until }) => until === null || at < until) ||
          blackouts.some(({ from, until }) => from <= at && at < until);
        expect(told !== null).toBe(stops);
      }),
    );
  });
});

describe('the openings of a window', () => {
  const berlin = window();

  it.each([
    ['2026-12-25T00:59:59.999Z', false],
    ['2026-12-25T01:00:00Z', true],
    ['2026-12-25T02:59:59.999Z', true],
    ['2026-12-25T03:00:00Z', false],
  ])('at %s it is open: %s', (at, isOpen) => {
    expect(openingAt(berlin, new Date(at)) !== null).toBe(isOpen);
  });

  it('opens at the hour on the wall in winter and in summer', () => {
    expect(nextOpening(berlin, new Date('2026-07-01T12:00:00Z'))?.opensAt).toEqual(new Date('2026-07-02T00:00:00Z'));
    expect(nextOpening(berlin, new Date('2026-12-01T12:00:00Z'))?.opensAt).toEqual(new Date('2026-12-02T01:00:00Z'));
  });

  it('lasts as long on the day when clocks are put forward, and ends an hour later on the wall', () => {
    const early = window({ cron: '0 1 * * *' });
    const opening = openingAt(early, new Date('2027-03-28T01:30:00Z'));
    expect(opening).toEqual({ opensAt: new Date('2027-03-28T00:00:00Z'), closesAt: new Date('2027-03-28T02:00:00Z') });
  });

  it('opens once on the day on which its hour does not exist', () => {
    const half = window({ cron: '30 2 * * *' });
    const openings = openingsBetween(half, {
      from: new Date('2027-03-28T00:00:00Z'),
      until: new Date('2027-03-29T00:00:00Z'),
      count: 9,
    });
    expect(openings).toHaveLength(1);
  });

  it('opens once on the day on which its hour comes twice', () => {
    const half = window({ cron: '30 2 * * *' });
    const openings = openingsBetween(half, {
      from: new Date('2026-10-24T22:00:00Z'),
      until: new Date('2026-10-25T22:00:00Z'),
      count: 9,
    });
    expect(openings).toHaveLength(1);
  });

  it('never opens on a day that no year has', () => {
    const never = window({ cron: '0 2 30 2 *' });
    expect(nextOpening(never, new Date('2026-01-01T00:00:00Z'))).toBeNull();
    expect(why({ windows: [never] }, beginning('2026-12-25T12:00:00Z'))).toBe(
      'OUTSIDE_WINDOW Outside the maintenance windows, and none of them opens again: "nights"',
    );
  });

  it('is open exactly in its openings, whatever the moment', () => {
    const moment = fc.date({ min: new Date('2026-03-20'), max: new Date('2026-11-05'), noInvalidDate: true });
    fc.assert(
      fc.property(moment, fc.integer({ min: 1, max: 1439 }), (at, durationMinutes) => {
        const each = window({ durationMinutes });
        const around = openingsBetween(each, {
          from: new Date(at.getTime() - 3 * 86_400_000),
          until: new Date(at.getTime() + 1),
          count: 9,
        });
        const isIn = around.some(({ opensAt, closesAt }) => opensAt <= at && at < closesAt);
        expect(openingAt(each, at) !== null).toBe(isIn);
      }),
      { numRuns: 50 },
    );
  });
});
