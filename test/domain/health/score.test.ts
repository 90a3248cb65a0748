import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { severities } from '../../../src/domain/alert.ts';
import type { HealthFacts, ScoredAlert, ScoredNode } from '../../../src/domain/health/facts.ts';
import { topicsOfRules } from '../../../src/domain/health/keys.ts';
import { compareWorstFirst, scoreHealth, scoreInWords } from '../../../src/domain/health/score.ts';
import type { Measurement } from '../../../src/domain/metrics/measurement.ts';
import type { NodeProbe } from '../../../src/domain/probe.ts';
import { shippedRules } from '../../../src/domain/rules/shipped/index.ts';

const at = new Date('2026-11-28T12:00:00Z');
const ago = (ms: number) => new Date(at.getTime() - ms);

const node = (id: string, change: Partial<ScoredNode> = {}): ScoredNode => ({
  ...{ id, kind: 'BACKEND', host: id, port: 9050, role: null, alive: true, version: '3.5.0', maxDiskUsedPercent: 12 },
  ...change,
});
const fe = (id: string, change: Partial<ScoredNode> = {}) =>
  node(id, { kind: 'FRONTEND', port: 9010, role: 'FOLLOWER', maxDiskUsedPercent: null, ...change });
const nodes = [fe('f1'), fe('f2'), fe('f3'), node('b1'), node('b2'), node('b3')];
const down = (...ids: string[]) => nodes.map((each) => (ids.includes(each.id) ? { ...each, alive: false } : each));

const value = (metric: string, number: number): Measurement => ({ metric, subject: {}, value: number });
const whole = [value('tablets_without_replica', 0), value('tablets_unhealthy', 0)];

const facts = (change: Partial<HealthFacts> = {}): HealthFacts => ({
  ...{ now: at, observedAt: at, look: { at, ok: true, problem: null, nodes: [] }, runMode: 'shared_nothing', nodes },
  ...{
    explained: new Map(),
    alerts: [],
    measured: { at, measurements: whole },
    isUpgrading: false,
    notJudged: [],
    work: [],
  },
  ...change,
});

const forbidden = ['tablets_without_replica', 'tablets_unhealthy'].map((rule) => ({
  ...{ rule, labels: null, because: 'Access denied for SHOW PROC' },
}));
const silent: NodeProbe = {
  ...{ kind: 'BACKEND', host: 'b1', port: 9050, alive: true },
  ...{ httpProblem: 'refused', httpFailures: 1, silentSince: at },
};

const alert = (change: Partial<ScoredAlert> = {}): ScoredAlert => ({
  ...{
    number: 7,
    fingerprint: 'a',
    rule: 'lamp_out',
    severity: 'HIGH',
    nodeId: null,
    labels: {},
    title: 'a lamp is out',
  },
  ...{ signal: 'FIRING', mute: { kind: 'NONE' } },
  ...change,
});
const b1Down = alert({
  ...{ fingerprint: 'd', rule: 'node_down', severity: 'CRITICAL', nodeId: 'b1' },
  ...{ labels: { node: 'be b1:9050' }, title: 'be b1:9050 is down' },
});

const told = (given: HealthFacts) => scoreHealth(given).deductions.map(({ points, because }) => [points, because]);

describe('a health score', () => {
  it('is 100 for a cluster that was looked at and lacks nothing', () => {
    expect(scoreHealth(facts())).toEqual({
      score: 100,
      word: 'GOOD',
      deductions: [],
      unknown: [],
      plannedWork: [],
      asOf: at,
    });
  });

  it('is none for a cluster that nobody ever looked at', () => {
    const score = scoreHealth(facts({ look: null, observedAt: null, nodes: [], measured: null }));
    expect(score).toMatchObject({ score: null, word: 'UNKNOWN', unknown: ['it was never looked at'], asOf: null });
    expect(scoreInWords(score)).toBe('UNKNOWN');
  });

  it.each([
    [
      ...(['an old look', facts({ look: { at: ago(7_200_000), ok: true, problem: null, nodes: [] } })] as const),
      'the last look is 2 h old',
    ],
    ['no look yet', facts({ look: null }), 'it was not looked at since it was registered'],
  ])('has no number with %s, and keeps what was last known', (_, given, unknown) => {
    const score = scoreHealth({ ...given, nodes: down('b1') });
    expect(score).toMatchObject({ score: null, word: 'UNKNOWN', unknown: [unknown], deductions: [{ points: 30 }] });
    expect(scoreInWords(score)).toBe('UNKNOWN');
  });

  it.each([
    ['no frontend', facts({ nodes: [node('b1')] }), 'no frontend of it is known'],
    ['no metrics', facts({ measured: null }), 'whether tablets miss replicas was not measured lately'],
    [
      ...(['old metrics', facts({ measured: { at: ago(600_000), measurements: whole } })] as const),
      'whether tablets miss replicas was not measured lately',
    ],
    [
      ...(['disks unknown', facts({ nodes: [...nodes, node('b4', { maxDiskUsedPercent: null })] })] as const),
      'how full the disks of be b4:9050 are',
    ],
    ['a version unknown', facts({ nodes: [...nodes, node('b4', { version: null })] }), 'the version of 1 node'],
    [
      ...(['a statement that is not allowed', facts({ measured: null, notJudged: forbidden })] as const),
      'tablets_without_replica, tablets_unhealthy could not be judged: Access denied for SHOW PROC',
    ],
    [
      ...(['a node silent over HTTP', facts({ look: { at, ok: true, problem: null, nodes: [silent] } })] as const),
      'the numbers of be b1:9050, which does not answer well over HTTP',
    ],
  ])('costs nothing for %s, and says that it is not known', (_, given, unknown) => {
    const score = scoreHealth(given);
    expect(score).toMatchObject({ score: 100, deductions: [], unknown: [unknown] });
    expect(scoreInWords(score)).toBe('GOOD as far as is known, at most 100 of 100');
  });

  it.each([
    ['a backend down', facts({ nodes: down('b1') }), [[30, 'be b1:9050 is down']]],
    ['a frontend down', facts({ nodes: down('f1') }), [[45, 'fe f1:9010 is down; if one more fails, nobody leads']]],
    [
      ...(['no majority', facts({ nodes: down('f1', 'f2') })] as const),
      [[80, '1 of 3 voting frontends is alive, and a leader needs 2: fe f1:9010 is down, fe f2:9010 is down']],
    ],
    [
      ...(['one frontend', facts({ nodes: [fe('f1'), node('b1')] })] as const),
      [[5, 'it has 1 voting frontend: if one fails, nobody leads']],
    ],
    [
      ...(['a stop on purpose', facts({ nodes: down('b1'), explained: new Map([['b1', 'stopped by kim']]) })] as const),
      [[2, 'be b1:9050 is stopped by kim']],
    ],
    [
      ...(['a silent cluster', facts({ look: { at, ok: false, problem: 'refused', nodes: [] } })] as const),
      [[60, 'it did not answer the last look: refused']],
    ],
    [
      ...(['a full disk', facts({ nodes: [...nodes, node('b4', { maxDiskUsedPercent: 96 })] })] as const),
      [[30, 'the fullest disk of be b4:9050 is 96 % full']],
    ],
    [
      ...([
        'a disk that is full by a hair less',
        facts({ nodes: [...nodes, node('b4', { maxDiskUsedPercent: 89.9999 })] }),
      ] as const),
      [[15, 'the fullest disk of be b4:9050 is 90 % full']],
    ],
    [
      ...(['mixed versions', facts({ nodes: [...nodes, node('b4', { version: '3.4.6' })] })] as const),
      [[7, expect.stringMatching(/^its nodes run different versions: .*3\.4\.6/)]],
    ],
  ])('says what it lacks: %s', (_, given, deductions) => {
    expect(told(given)).toEqual(deductions);
  });

  it('counts one thing once, however many tell of it', () => {
    const measured = { at, measurements: [value('tablets_without_replica', 1), value('tablets_unhealthy', 9)] };
    const heap = alert({ fingerprint: 'h', nodeId: 'b1', labels: { node: 'be b1:9050' }, title: 'heap is high' });
    const { score, deductions } = scoreHealth(facts({ nodes: down('b1'), measured, alerts: [b1Down, heap] }));
    expect(score).toBe(50);
    expect(deductions).toMatchObject([
      {
        ...{ name: 'tablets_without_replica', points: 50, alerts: ['A-7', 'A-7'] },
        ...{ because: '1 tablet has no living replica and cannot be read' },
        alsoTold: ['be b1:9050 is down', 'heap is high', '9 tablets miss a replica'],
      },
    ]);
  });

  it('counts the alerts of one backup policy once, at the worst', () => {
    const of = (fingerprint: string, severity: ScoredAlert['severity']) =>
      alert({ fingerprint, severity, rule: 'backup_failed', labels: { policy: 'nightly', database: fingerprint } });
    expect(scoreHealth(facts({ alerts: [of('x', 'MEDIUM'), of('y', 'CRITICAL')] })).score).toBe(70);
  });

  it('counts a silenced alert in full, and a hidden one with the alert that hides it', () => {
    const silenced = alert({ mute: { kind: 'SILENCED', by: 'S-1', because: 'we know' } });
    expect(scoreHealth(facts({ alerts: [silenced] })).score).toBe(85);
    const maintained = alert({ mute: { kind: 'MAINTENANCE', by: 'window:win_1', because: 'window "nights"' } });
    expect(scoreHealth(facts({ alerts: [maintained] })).score).toBe(85);
    const cause = alert({ fingerprint: 'c', rule: 'all_dark', severity: 'LOW' });
    const hidden = alert({ severity: 'CRITICAL', mute: { kind: 'INHIBITED', by: 'all_dark', because: 'dark' } });
    expect(scoreHealth(facts({ alerts: [cause, hidden] })).score).toBe(98);
    // What hides it is not there: nothing explains it.
    expect(scoreHealth(facts({ alerts: [hidden] })).score).toBe(70);
  });

  it('puts a cluster of which nobody knows before those that are FAIR, and by what was last known of it', () => {
    const none = { look: null, observedAt: null };
    const disk = facts({ nodes: [...nodes, node('b4', { maxDiskUsedPercent: 90 })] });
    const given = [
      facts(),
      disk,
      facts(none),
      facts({ ...none, nodes: down('f1', 'f2') }),
      facts({ nodes: down('f1') }),
    ];
    const sorted = given.map(scoreHealth).toSorted(compareWorstFirst);
    expect(sorted.map(({ score, deductions }) => score ?? deductions.length)).toEqual([1, 55, 0, 85, 100]);
  });

  it('says what is done on purpose', () => {
    const work = [{ nodeId: 'b1', runNumber: 12 }];
    const explained = new Map([
      ['b1', 'away while R-12 works on it'],
      ['b2', 'stopped on purpose by kim (R-9)'],
    ]);
    const score = scoreHealth(facts({ nodes: down('b1', 'b2'), work, explained, isUpgrading: true }));
    expect(score).toMatchObject({ score: 96 });
    expect(score.plannedWork).toEqual([
      'a run changes its version',
      'R-12 works on be b1:9050',
      'be b2:9050 is stopped on purpose by kim (R-9)',
    ]);
  });

  it('knows every rule that is shipped', () => {
    expect(Object.keys(topicsOfRules).toSorted()).toEqual(shippedRules.map(({ name }) => name).toSorted());
  });
});

const rules = ['lamp_out', 'node_down', 'tablets_unhealthy', 'disk_filling', 'quorum_at_risk', 'versions_mixed'];
const anyAlert = fc
  .record({
    fingerprint: fc.uuid(),
    rule: fc.constantFrom(...rules),
    severity: fc.constantFrom(...severities),
    of: fc.constantFrom(null, 'f1', 'b1', 'b2'),
    signal: fc.constantFrom('FIRING' as const, 'STALE' as const),
    isSilenced: fc.boolean(),
  })
  .map(({ of, isSilenced, ...rest }) =>
    alert({
      ...rest,
      ...{
        nodeId: of,
        labels: of === null ? {} : { node: of === 'f1' ? 'fe f1:9010' : `be ${of}:9050` },
        title: rest.fingerprint,
      },
      mute: isSilenced ? { kind: 'SILENCED', by: 'S-1', because: '' } : { kind: 'NONE' },
    }),
  );
const anyFacts = fc
  .record({
    dead: fc.subarray(nodes.map(({ id }) => id)),
    stopped: fc.subarray(nodes.map(({ id }) => id)),
    alerts: fc.array(anyAlert, { maxLength: 6 }),
    lost: fc.nat(2),
    unhealthy: fc.nat(2),
    fullest: fc.constantFrom(12, 86, 97, null),
    ok: fc.boolean(),
    isUpgrading: fc.boolean(),
  })
  .map(({ dead, stopped, alerts, lost, unhealthy, fullest, ok, isUpgrading }) =>
    facts({
      ...{ alerts, isUpgrading, look: { at, ok, problem: null, nodes: [] } },
      explained: new Map(stopped.map((id) => [id, 'stopped'])),
      nodes: down(...dead).map((each) => (each.id === 'b3' ? { ...each, maxDiskUsedPercent: fullest } : each)),
      measured: { at, measurements: [value('tablets_without_replica', lost), value('tablets_unhealthy', unhealthy)] },
    }),
  );
const scoreOf = (given: HealthFacts) => scoreHealth(given).score ?? Number.NaN;

describe('any health score', () => {
  it('is within 0 and 100, and is what the deductions leave', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const { score, deductions } = scoreHealth(given);
        const left = 100 - deductions.reduce((sum, { points }) => sum + points, 0);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBe(Math.max(0, left));
        expect(deductions.every(({ points }) => points > 0)).toBe(true);
      }),
    );
  });

  it('does not depend on the order of what is known', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const reversed = { ...given, nodes: given.nodes.toReversed(), alerts: given.alerts.toReversed() };
        expect(scoreOf(reversed)).toBe(scoreOf(given));
      }),
    );
  });

  it('is not better with an alert more', () => {
    fc.assert(
      fc.property(anyFacts, anyAlert, (given, one) => {
        expect(scoreOf({ ...given, alerts: [...given.alerts, one] })).toBeLessThanOrEqual(scoreOf(given));
      }),
    );
  });

  it('is not better with a frontend more that is down, with more tablets lost, or without an answer', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom('f1', 'f2', 'f3'), (given, id) => {
        const dead = given.nodes.map((each) => (each.id === id ? { ...each, alive: false } : each));
        expect(scoreOf({ ...given, nodes: dead, alerts: [] })).toBeLessThanOrEqual(scoreOf({ ...given, alerts: [] }));
        const lost = { at, measurements: [value('tablets_without_replica', 3), value('tablets_unhealthy', 3)] };
        expect(scoreOf({ ...given, measured: lost })).toBeLessThanOrEqual(scoreOf(given));
        const look = { at, ok: false, problem: null, nodes: [] };
        expect(scoreOf({ ...given, look })).toBeLessThanOrEqual(scoreOf(given));
      }),
    );
  });

  it('is not better with a backend more that is down, where its disk was well', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom('b1', 'b2'), (given, id) => {
        const dead = given.nodes.map((each) => (each.id === id ? { ...each, alive: false } : each));
        expect(scoreOf({ ...given, nodes: dead, alerts: [] })).toBeLessThanOrEqual(scoreOf({ ...given, alerts: [] }));
      }),
    );
  });
});
