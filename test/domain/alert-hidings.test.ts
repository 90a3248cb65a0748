import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert, Mute } from '../../src/domain/alert.ts';
import { alertHidings, type HidingFacts } from '../../src/domain/alert-hidings.ts';
import type { OpenWindow } from '../../src/domain/hiding-windows.ts';
import type { Silence } from '../../src/domain/silence.ts';
import { alert, minutes } from './alert-builders.ts';

const silence = (number: number, of: Partial<Silence> = {}): Silence => ({
  ...{ id: `sil_${number}`, number, scope: { kind: 'all' }, reason: 'the racks are moved', needsSecond: false },
  matchers: { rule: 'node_*', severities: null, labels: {} },
  ...{ createdBy: { id: 'per_1', name: 'kim' }, createdAt: minutes(0), until: minutes(90) },
  ...{ approvedBy: null, approvedAt: null, endedBy: null, endedAt: null },
  ...of,
});
const work = (nodeId: string) => ({
  ...{ runId: 'run_9', runNumber: 9, nodeId, nodeLabel: `be ${nodeId}`, title: 'Restart it', byName: 'lea' },
  startedAt: minutes(2),
});
const stopped = (nodeId: string) => ({
  ...{ nodeId, label: `be ${nodeId}`, runId: 'run_8', runNumber: 8, byName: 'mia', at: minutes(1) },
});
const silenced: Mute = { kind: 'SILENCED', by: 'S-3', because: 'S-3 by kim until noon: moving' };
const byWork: Mute = { kind: 'INHIBITED', by: 'run:run_9', because: 'run run_9 is working on the node' };
const byStop: Mute = { kind: 'INHIBITED', by: 'run:run_8', because: 'it was stopped on purpose by mia' };
const explained: Mute = {
  kind: 'INHIBITED',
  by: 'cluster_unreachable',
  because: 'the whole cluster cannot be observed',
};
const nothing: HidingFacts = { alerts: [], silences: [], windows: [], work: [], stopped: [], runNumbers: new Map() };
const open = (number: number, of: Partial<Alert>) => alert({ number, fingerprint: `${number}`, ...of });
const said = (facts: Partial<HidingFacts>) =>
  alertHidings({ ...nothing, ...facts }).map(({ kind, name, byName, alerts }) => [
    ...[kind, name, byName],
    alerts.map(({ number }) => number),
  ]);

describe('what hides alerts of a cluster now', () => {
  it('is named with who wants it, until when, why, and the alerts that it hides', () => {
    const loud = open(1, { rule: 'cluster_unreachable', nodeId: null });
    const alerts = [
      loud,
      open(2, { mute: silenced }),
      open(3, { mute: byWork, nodeId: 'nod_1' }),
      open(4, { mute: byStop, nodeId: 'nod_2' }),
      open(5, { mute: explained }),
    ];
    const facts = { alerts, silences: [silence(3)], work: [work('nod_1')], stopped: [stopped('nod_2')] };
    expect(said(facts)).toEqual([
      ['SILENCE', 'S-3', 'kim', [2]],
      ['RUN', 'R-9', 'lea', [3]],
      ['STOPPED_NODE', 'R-8', 'mia', [4]],
      ['ALERT', 'A-1', null, [5]],
    ]);
    const [bySilence, byRun, ...others] = alertHidings({ ...nothing, ...facts });
    expect(bySilence).toMatchObject({ until: minutes(90), because: 'the racks are moved', covers: 'rule=node_*' });
    expect(byRun).toMatchObject({ until: null, untilWords: 'until R-9 has ended its work on the node' });
    expect(others.map(({ untilWords }) => untilWords)).toEqual(['until it is started', 'until A-1 is resolved']);
  });

  it('is a maintenance window too, and one that closed since the last look', () => {
    const byWindow = (id: string): Mute => ({
      kind: 'MAINTENANCE',
      by: `window:${id}`,
      because: `window "${id}" until noon`,
    });
    const nights: OpenWindow = {
      ...{ id: 'win_1', called: 'window "nights"', upTo: 'MEDIUM', opensAt: minutes(0), closesAt: minutes(60) },
      ...{ ownerName: 'ana', reason: 'the racks are moved', because: 'window "nights"' },
    };
    const alerts = [open(1, { mute: byWindow('win_1') }), open(2, { mute: byWindow('win_2') }), open(3, {})];
    expect(said({ alerts, windows: [nights] })).toEqual([
      ['MAINTENANCE', 'window "nights"', 'ana', [1]],
      ['MAINTENANCE', 'window "win_2"', null, [2]],
    ]);
    expect(alertHidings({ ...nothing, windows: [nights] })).toMatchObject([
      { covers: 'alerts up to MEDIUM', until: minutes(60), since: minutes(0), alerts: [] },
    ]);
  });

  it('is listed too when it hides nothing at the moment and would', () => {
    const down = open(1, { rule: 'node_down' });
    const facts = { alerts: [down], silences: [silence(3)], work: [work('nod_1')], stopped: [stopped('nod_2')] };
    expect(said(facts).map(([, name, , hidden]) => [name, hidden])).toEqual([
      ['S-3', []],
      ['R-9', []],
      ['R-8', []],
      ['A-1', []],
    ]);
  });

  it('names both who made a silence and who agreed, and counts from when it began to hide', () => {
    const agreed = { needsSecond: true, approvedBy: { id: 'per_2', name: 'ada' }, approvedAt: minutes(7) };
    const [of] = alertHidings({ ...nothing, silences: [silence(3, agreed)] });
    expect(of).toMatchObject({ byName: 'kim and ada', since: minutes(7) });
  });

  it('is not an alert that is hidden itself, is stale, or flaps and does not hold now', () => {
    const quiet = { since: minutes(0), quietSince: minutes(1), judgedAt: minutes(1) };
    for (const of of [{ mute: silenced }, { signal: 'STALE' }, { flapping: quiet }] as const)
      expect(said({ alerts: [open(1, { rule: 'cluster_unreachable', ...of })], silences: [silence(3)] })).toHaveLength(
        1,
      );
  });

  it('says of what has ended since the last look that the next look shows the alert', () => {
    const alerts = [open(2, { mute: silenced }), open(3, { mute: byWork }), open(4, { mute: explained })];
    const found = alertHidings({ ...nothing, alerts, runNumbers: new Map([['run_9', 9]]) });
    expect(found.map(({ kind, name, alerts: [one] }) => [kind, name, one?.number])).toEqual([
      ['SILENCE', 'S-3', 2],
      ['RUN', 'R-9', 3],
      ['ALERT', 'cluster_unreachable', 4],
    ]);
    for (const { untilWords } of found) expect(untilWords).toBe('until the next look: it is over');
  });

  it('has each hidden alert once, and no other', () => {
    const anyAlert = fc.record({
      rule: fc.constantFrom('cluster_unreachable', 'node_down', 'disk_filling'),
      mute: fc.constantFrom<Mute>(silenced, byWork, byStop, explained, { kind: 'NONE' }),
      signal: fc.constantFrom('FIRING', 'STALE'),
      nodeId: fc.constantFrom('nod_1', 'nod_2', null),
    });
    fc.assert(
      fc.property(
        fc.array(anyAlert, { maxLength: 8 }),
        fc.subarray([silence(3), silence(4)]),
        fc.subarray([work('nod_1'), work('nod_2')]),
        fc.subarray([stopped('nod_1'), stopped('nod_2')]),
        (drawn, silences, works, stops) => {
          const alerts = drawn.map((of, index) => open(index, of));
          const found = alertHidings({ ...nothing, alerts, silences, work: works, stopped: stops });
          const listed = found.flatMap((each) => each.alerts.map(({ number }) => number)).toSorted((a, b) => a - b);
          const hidden = alerts.filter(({ mute }) => mute.kind !== 'NONE').map(({ number }) => number);
          expect(listed).toEqual(hidden);
        },
      ),
    );
  });
});
