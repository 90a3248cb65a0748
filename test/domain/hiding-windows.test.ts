import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Mute, severities } from '../../src/domain/alert.ts';
import { type AlertPolicy, applySample, type Condition, defaultAlertTimes } from '../../src/domain/alert-life.ts';
import { mutesOf } from '../../src/domain/alert-mute.ts';
import { hideableSeverities, type MaintenanceWindow } from '../../src/domain/calendar.ts';
import { asHideable, hidingAt, whyNotHide, windowHides, windowIdOf } from '../../src/domain/hiding-windows.ts';
import { shippedRules } from '../../src/domain/rules/shipped/index.ts';
import { rules } from '../../src/monitor/rules/index.ts';

const nights: MaintenanceWindow = {
  ...{ id: 'win_1', name: 'nights', scope: { kind: 'all' }, appliesTo: 'CHANGES', cron: '0 2 * * *' },
  ...{ timeZone: 'Europe/Berlin', durationMinutes: 120, hidesAlertsUpTo: 'HIGH', reason: 'few people work' },
  ownerName: 'Ana',
};
const policy: AlertPolicy = { times: defaultAlertTimes, rules };
const look = (at: string, conditions: readonly Condition[] = []) => ({
  ...{ at: new Date(at), conditions, unjudged: [], plannedWork: [] },
});
const alertOf = (rule: string, severity: (typeof severities)[number]) =>
  ({ rule, severity, fingerprint: `${rule} ${severity}`, nodeId: null, labels: {}, signal: 'FIRING' }) as const;

describe('a maintenance window that hides alerts', () => {
  it.each([
    ['before it opens', '2027-02-02T00:59:59.999Z', null],
    ['when it opens', '2027-02-02T01:00:00Z', '2027-02-02 03:00 UTC'],
    ['in its last moment', '2027-02-02T02:59:59.999Z', '2027-02-02 03:00 UTC'],
    ['when it closes', '2027-02-02T03:00:00Z', null],
    // 02:00 does not exist on this day: it opens at 03:00, which is 01:00 UTC, and lasts its two hours.
    ['on the day on which clocks go forward', '2027-03-28T02:30:00Z', '2027-03-28 03:00 UTC'],
    // 02:00 comes twice: it opens at the first.
    ['on the day on which clocks go back', '2027-10-31T00:30:00Z', '2027-10-31 02:00 UTC'],
    ['after the first of two hours of that name', '2027-10-31T02:00:00Z', null],
  ])('%s', (_, at, until) => {
    const open = hidingAt([nights], new Date(at));
    expect(open.map(({ because }) => because)).toEqual(
      until === null ? [] : [`window "nights" until ${until}, by Ana: few people work`],
    );
  });

  it('hides nothing where nobody said so, where its time zone is not known, and later than a day after it opened', () => {
    const at = new Date('2027-02-02T01:30:00Z');
    expect(
      hidingAt(
        [
          { ...nights, hidesAlertsUpTo: null },
          { ...nights, timeZone: 'Mars/Olympus' },
        ],
        at,
      ),
    ).toEqual([]);
    const week = { ...nights, cron: '0 2 1 2 *', durationMinutes: 7 * 1_440 };
    expect(hidingAt([week], new Date('2027-02-02T00:59:00Z'))).toHaveLength(1);
    expect(hidingAt([week], new Date('2027-02-02T01:00:00Z'))).toEqual([]);
  });

  it.each([
    [{ durationMinutes: 120 }, null],
    [{ cron: '0 2 * * 6', durationMinutes: 1_440 }, null],
    [{ cron: '0 2 * * 6', durationMinutes: 1_441 }, /for 24 hours at most/],
    [{ cron: '0 2 * * *', durationMinutes: 1_320 }, null],
    [{ cron: '0 2 * * *', durationMinutes: 1_321 }, /closed for two hours/],
    [{ cron: '*/30 * * * *', durationMinutes: 29 }, /closed for two hours/],
    [{ cron: '0 0,3 * * *', durationMinutes: 61 }, /closed for two hours/],
  ])('with %j may hide: %s', (times, why) => {
    const answer = whyNotHide({ ...nights, ...times });
    if (why === null) expect(answer).toBeNull();
    else expect(answer).toMatch(why);
  });

  it('reads a severity that no window may hide as none', () => {
    expect([...severities, 'WORSE', '', null].map(asHideable)).toEqual([
      null,
      'HIGH',
      'MEDIUM',
      'LOW',
      null,
      null,
      null,
    ]);
  });

  it('hides no CRITICAL alert, none of a rule that nothing hides, and none about the work of Starwarden', () => {
    const upTo = fc.constantFrom(...hideableSeverities);
    const rule = fc.constantFrom(...shippedRules);
    fc.assert(
      fc.property(upTo, rule, fc.constantFrom(...severities), fc.boolean(), (hides, { name }, severity, wasNever) => {
        const windows = hidingAt([{ ...nights, hidesAlertsUpTo: hides }], new Date('2027-02-02T02:00:00Z'));
        const alert = { ...alertOf(name, severity), isNeverHidden: wasNever };
        const mute = mutesOf([alert], {
          sample: look('2027-02-02T02:00:00Z'),
          policy,
          silences: [],
          settling: [],
          windows,
        }).get(alert.fingerprint);
        const facts = rules.find((each) => each.name === name);
        const isLoud = wasNever || facts?.isNeverHidden === true || facts?.standsAlone === true;
        const isHidden =
          !isLoud && severity !== 'CRITICAL' && severities.indexOf(severity) >= severities.indexOf(hides);
        expect(mute !== undefined).toBe(isHidden);
        if (mute !== undefined) expect([mute.kind, windowIdOf(mute)]).toEqual(['MAINTENANCE', 'win_1']);
        expect(windowHides({ upTo: hides }, { severity: 'CRITICAL' })).toBe(false);
      }),
    );
  });

  it('lets whatever it hid fire anew when it closes, and tells at once what became worse', () => {
    const condition: Condition = {
      ...{ fingerprint: 'f', rule: 'versions_mixed', severity: 'MEDIUM', nodeId: null, labels: {}, title: 'mixed' },
      ...{ pastTitle: 'mixed before', text: ['two versions'], startedAt: null, forMs: 0, minSamples: 1 },
    };
    const windows = (at: string, upTo: MaintenanceWindow['hidesAlertsUpTo'] = 'MEDIUM') =>
      hidingAt([{ ...nights, hidesAlertsUpTo: upTo }], new Date(at));
    const opened = applySample(
      { alerts: [], pending: [], windows: windows('2027-02-02T01:00:00Z') },
      look('2027-02-02T01:00:00Z', [condition]),
      policy,
    ).opened[0];
    expect(opened?.mute).toMatchObject({ kind: 'MAINTENANCE', by: 'window:win_1' });
    const mute: Mute = opened?.mute ?? { kind: 'NONE' };
    const [opening, later] = [new Date('2027-02-02T01:00:00Z'), '2027-02-02T03:00:00Z'];
    const alert = {
      ...{
        ...condition,
        id: 'alr_1',
        number: 1,
        clusterId: 'c',
        clusterName: 'c',
        environment: 'prod',
        text: 'two versions',
      },
      ...({
        signal: 'FIRING',
        handling: { kind: 'UNACKED' },
        mute,
        isNeverHidden: false,
        hiddenSince: opening,
      } as const),
      ...{ assignee: null, since: opening, openedAt: opening, lastSeenAt: opening, resolvedAt: null, closedAt: null },
      ...{ resolvedBy: null, count: 1, flaps: 0, turns: [], flapping: null, previousId: null, revision: 1 },
      changedAt: opening,
    };
    const eventsAt = (at: string, severity: Condition['severity'] = 'MEDIUM') =>
      applySample(
        { alerts: [alert], pending: [], windows: windows(at) },
        look(at, [{ ...condition, severity }]),
        policy,
      ).changed.flatMap(({ alert: now, events }) => events.map(({ type, message }) => [now.mute.kind, type, message]));
    expect(eventsAt('2027-02-02T02:59:00Z')).toEqual([]);
    expect(eventsAt(later)).toEqual([['NONE', 'UNMUTED', 'Was hidden 2 h by window "nights"; it still fires']]);
    expect(eventsAt('2027-02-02T02:00:00Z', 'HIGH').map(([kind, type]) => [kind, type])).toContainEqual([
      'NONE',
      'UNMUTED',
    ]);
    // Nobody looked while it was closed: what the alert says is until when it hides now.
    expect(eventsAt('2027-02-03T01:30:00Z')).toEqual([
      ['MAINTENANCE', 'MUTED', expect.stringContaining('until 2027-02-03 03:00 UTC')],
    ]);
  });
});
