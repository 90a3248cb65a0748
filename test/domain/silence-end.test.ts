import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MaintenanceWindow } from '../../src/domain/calendar.ts';
import { type Silence, silenceHides } from '../../src/domain/silence.ts';
import { endOfSilence, endsSoon, extensionOf } from '../../src/domain/silence-end.ts';
import { alert, minutes } from './alert-builders.ts';

const kim = { id: 'per_kim', name: 'kim' };

/** S-3: of one node for an hour, from minute 0 on. */
function silence(change: Partial<Silence> = {}): Silence {
  return {
    ...{ id: 'sil_3', number: 3, scope: { kind: 'cluster', clusterId: 'clu_1' }, reason: 'its disk is changed' },
    matchers: { rule: null, severities: null, labels: { node: 'be 10.0.0.11:9050' } },
    ...{ createdBy: kim, createdAt: minutes(0), until: minutes(60), needsSecond: false },
    ...{ approvedBy: null, approvedAt: null, endedBy: null, endedAt: null },
    ...change,
  };
}
const longer = (change: Partial<Silence> = {}) =>
  silence({ id: 'sil_4', number: 4, createdAt: minutes(51), until: minutes(120), ...change });
const hidden = (change: Parameters<typeof alert>[0] = {}) =>
  alert({ mute: { kind: 'SILENCED', by: 'S-3', because: 'S-3 by kim' }, ...change });
const night: MaintenanceWindow = {
  ...{ id: 'win_1', name: 'nights', scope: { kind: 'all' }, appliesTo: 'CHANGES', cron: '30 12 * * *' },
  ...{ timeZone: 'UTC', durationMinutes: 60, hidesAlertsUpTo: 'HIGH', reason: 'few people work', ownerName: 'ana' },
};
const none = { silences: [], windows: [] };
const namesAt = (now: Date, given: Partial<Parameters<typeof endOfSilence>[1]>) =>
  endOfSilence(silence(), { ...none, alerts: [], now, ...given }).firing.map(({ number }) => number);

describe('people are told that a silence ends', () => {
  it.each<[string, Partial<Silence>, number, boolean]>([
    ['not eleven minutes before', {}, 49, false],
    ['ten minutes before', {}, 50, true],
    ['in its last minute', {}, 59, true],
    ['not when it has ended', {}, 60, false],
    ['not when somebody ended it', { endedAt: minutes(55), endedBy: kim }, 56, false],
    ['not of one that waits for a second person, since it hides nothing', { needsSecond: true }, 55, false],
    ['of one to which somebody agreed', { needsSecond: true, approvedBy: kim, approvedAt: minutes(1) }, 55, true],
    ['of one that lasts half an hour', { until: minutes(30) }, 20, true],
    ['not of a shorter one', { until: minutes(29) }, 20, false],
  ])('%s', (_name, change, now, isTold) => {
    expect(endsSoon(silence(change), minutes(now))).toBe(isTold);
  });

  it('of whatever it hides and still fires, the worst first', () => {
    const alerts = [
      hidden({ number: 1, severity: 'LOW' }),
      hidden({ number: 2, severity: 'CRITICAL' }),
      hidden({ number: 4, signal: 'STALE' }),
      hidden({ number: 5, signal: 'RESOLVED' }),
      hidden({ number: 6, closedAt: minutes(40) }),
      hidden({ number: 7, flapping: { since: minutes(40), quietSince: minutes(45), judgedAt: minutes(50) } }),
      hidden({ number: 8, mute: { kind: 'SILENCED', by: 'S-33', because: 'another' } }),
      hidden({ number: 9, mute: { kind: 'NONE' } }),
      hidden({ number: 10, mute: { kind: 'INHIBITED', by: 'S-3', because: 'a rule of this name' } }),
    ];
    expect(namesAt(minutes(52), { alerts })).toEqual([2, 1]);
  });

  it('not of what another silence, or a window that is open by then, goes on hiding', () => {
    const alerts = [hidden({ number: 1, severity: 'HIGH' }), hidden({ number: 2, severity: 'CRITICAL' })];
    const now = minutes(52);
    const wide = { rule: null, severities: null, labels: {} };
    expect(namesAt(now, { alerts, silences: [silence(), longer({ matchers: wide })] })).toEqual([]);
    expect(namesAt(now, { alerts, silences: [longer({ matchers: { ...wide, severities: ['HIGH'] } })] })).toEqual([2]);
    expect(namesAt(now, { alerts, silences: [longer({ until: minutes(60) })] })).toEqual([2, 1]);
    expect(namesAt(now, { alerts, silences: [longer({ needsSecond: true })] })).toEqual([2, 1]);
    expect(namesAt(now, { alerts, silences: [longer({ endedAt: minutes(51) })] })).toEqual([2, 1]);
    const elsewhere = { kind: 'cluster', clusterId: 'clu_2' } as const;
    expect(namesAt(now, { alerts, silences: [longer({ scope: elsewhere })] })).toEqual([2, 1]);
    expect(namesAt(now, { alerts, windows: [night] })).toEqual([2]);
    expect(namesAt(now, { alerts, windows: [{ ...night, scope: elsewhere }] })).toEqual([2, 1]);
    // It closes at the very moment at which the silence ends.
    expect(namesAt(now, { alerts, windows: [{ ...night, durationMinutes: 30 }] })).toEqual([2, 1]);
    expect(namesAt(now, { alerts: alerts.map((each) => ({ ...each, rule: 'run_waits' })), windows: [night] })).toEqual([
      2, 1,
    ]);
  });

  it('and that it was extended: by one that hides the same for longer, and hides it already', () => {
    const stage = (others: readonly Silence[], now = minutes(52)) =>
      endOfSilence(silence(), { alerts: [hidden()], silences: [silence(), ...others], windows: [], now }).stage;
    expect(stage([])).toBe('SOON');
    expect(stage([longer()])).toBe('EXTENDED');
    expect(stage([longer({ needsSecond: true })])).toBe('WAITS');
    expect(stage([longer({ needsSecond: true }), longer({ id: 'sil_5', number: 5, until: minutes(90) })])).toBe(
      'EXTENDED',
    );
    expect(stage([longer({ endedAt: minutes(51) })])).toBe('SOON');
    expect(stage([longer({ matchers: { rule: null, severities: null, labels: {} } })])).toBe('SOON');
    expect(stage([longer({ scope: { kind: 'all' } })])).toBe('SOON');
    expect(stage([longer()], minutes(60))).toBe('OVER');
  });

  it('never at once as ending and as extended: what extends it hides all that it hides', () => {
    const value = fc.constantFrom('be 1', 'be 2', '*');
    const matchers = fc.record({
      rule: fc.constantFrom(null, 'lamp_out', 'lamp_*'),
      severities: fc.constantFrom(null, ['HIGH'] as const, ['HIGH', 'LOW'] as const, ['LOW', 'HIGH'] as const),
      labels: fc.dictionary(fc.constantFrom('node', 'path'), value),
    });
    const scope = fc.constantFrom(
      { kind: 'all' } as const,
      { kind: 'environment', environment: 'prod' } as const,
      { kind: 'cluster', clusterId: 'clu_1' } as const,
    );
    fc.assert(
      fc.property(
        matchers,
        matchers,
        scope,
        scope,
        fc.integer({ min: 50, max: 130 }),
        (one, other, here, there, end) => {
          const ending = silence({ matchers: one, scope: here });
          const next = longer({ matchers: other, scope: there, until: minutes(end) });
          const alerts = [
            hidden({ labels: { node: 'be 1', path: '/d' }, severity: 'HIGH' }),
            hidden({ labels: { node: 'be 2' }, severity: 'LOW' }),
          ].filter((each) => silenceHides(ending, each));
          const found = endOfSilence(ending, { alerts, silences: [ending, next], windows: [], now: minutes(52) });
          if (extensionOf(ending, [ending, next], minutes(52)) === null) expect(found.stage).toBe('SOON');
          else {
            expect(found.stage).toBe('EXTENDED');
            expect(next.until > ending.until).toBe(true);
            expect(found.firing).toEqual([]);
          }
        },
      ),
    );
  });
});
