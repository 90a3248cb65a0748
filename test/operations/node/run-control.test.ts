import { describe, expect, it } from 'vitest';
import type { PlanResult } from '../../../src/domain/plan.ts';
import type { UpgradeFacts } from '../../../src/domain/upgrade/checks-facts.ts';
import type { ReplicaSpread } from '../../../src/domain/upgrade/checks-spread.ts';
import { rollingRestartExample } from '../../../src/operations/node/rolling-restart/input.ts';
import { planRollingRestart } from '../../../src/operations/node/rolling-restart/plan.ts';
import { planStartNodes, type StartNodesFacts } from '../../../src/operations/node/start-nodes/plan.ts';
import { planStopNodes } from '../../../src/operations/node/stop-nodes/plan.ts';
import { be, facts, fe, onHost } from '../../domain/upgrade/checks-builders.ts';

const idOf = (host: string) => `nod_${host}`;
const trio = [fe(1, { role: 'LEADER' }), fe(2), fe(3)];
const changed = { changedAt: new Date('2026-01-01T10:00:00Z'), startedAt: new Date('2026-01-01T09:00:00Z') };

/** Plans are pure: whoever refuses here has sent nothing anywhere. */
function refusals(plan: PlanResult): string[] {
  return 'refusals' in plan ? plan.refusals.map(({ code, message, hint }) => `${code} ${message} | ${hint}`) : [];
}

function stages(plan: PlanResult): string[] {
  if (!('steps' in plan)) throw new Error(refusals(plan).join('\n'));
  const lanes = plan.steps.map(({ lane, kind }) => (lane === undefined ? kind : `${lane.stage}: ${lane.name}`));
  return lanes.filter((lane, index) => lane !== lanes[index - 1]);
}

describe('a rolling restart', () => {
  const roll = (more: Partial<UpgradeFacts> = {}, asked: object = {}) =>
    planRollingRestart(
      { ...rollingRestartExample, kinds: [], all: true, acceptWarnings: [], ...asked },
      { nodes: facts(more), spread: null, stopped: [] },
    );

  it('takes backends, then the frontends, the leader last, and names no process', () => {
    const plan = roll();
    expect(stages(plan)).toEqual([
      ...['sampleQueries', 'measureBaseline', 'pauseTabletScheduling'],
      'First node: be 10.0.1.1:9050',
      ...[2, 3].map((n) => `Backends: be 10.0.1.${n}:9050`),
      ...[2, 3, 1].map((n) => `Followers, and the leader last: fe 10.0.0.${n}:9010`),
    ]);
    expect(JSON.stringify(plan)).not.toContain('startedAtTicks');
  });

  it.each<[string, Partial<UpgradeFacts>, object, RegExp]>([
    [
      'does not wait for a node that is down',
      { nodes: [...trio, be(1), be(2), be(3, { alive: false })] },
      {},
      /nodes-alive: down: be 10\.0\.1\.3.*skipDown/,
    ],
    [
      'keeps a majority',
      { nodes: [fe(1, { role: 'LEADER' }), fe(2), be(1), be(2)] },
      {},
      /^QUORUM_AT_RISK frontends-quorum/,
    ],
    ['wants every replica', { replicas: { failed: 'no right' } }, {}, /^REPLICATION_AT_RISK tablets-healthy/],
    ['spares a running backup', { backupJobs: { value: ['sales.s1'] } }, {}, /no-backup-or-restore: sales\.s1/],
    [
      'names tables with one replica',
      { singleReplicaTables: { value: 2 } },
      {},
      /^REPLICATION_AT_RISK single-replica-tables/,
    ],
    ['names loads that run', { work: { value: { schemaChanges: [], loads: ['sales: 1'] } } }, {}, /loads-running/],
    [
      'names schema changes',
      { work: { value: { schemaChanges: ['sales: 1 rollup'], loads: [] } } },
      {},
      /no-schema-change/,
    ],
    ['wants every host', { nodes: [...trio, be(1, { hostId: null }), be(2)] }, {}, /hosts-attached.*attachHosts/],
    [
      'wants a JDK',
      { nodes: [fe(1, { role: 'LEADER', onHost: { value: onHost() } }), fe(2), fe(3), be(1), be(2)] },
      {},
      /jdk: fe 10\.0\.0\.1:9010: no JDK/,
    ],
    [
      'wants a conf file',
      { nodes: [...trio, be(1, { onHost: { value: onHost({ confText: null }) } }), be(2)] },
      {},
      /conf-readable/,
    ],
    [
      'says that a conf file was changed since',
      { nodes: [...trio, be(1, { onHost: { value: onHost({ confTimes: changed }) } }), be(2)] },
      {},
      /conf-changed: be 10\.0\.1\.1:9050: changed 2026-01-01 10:00:00 UTC, and it runs since 2026-01-01 09:00:00 UTC/,
    ],
    ['is told which nodes', {}, { all: false }, /^INVALID_INPUT Which nodes/],
    ['is told in one way', {}, { kinds: ['BACKEND'] }, /^INVALID_INPUT Nodes are meant in more than one way/],
    [
      'knows its nodes',
      {},
      { all: false, nodeIds: [idOf('10.9.9.9')] },
      /^NOT_FOUND The cluster has no node nod_10\.9\.9\.9/,
    ],
    [
      'does not know every check',
      {},
      { acceptWarnings: ['backup-fresh'] },
      /^INVALID_INPUT There is no check "backup-fresh"/,
    ],
    [
      'has no first frontend',
      {},
      { all: false, kinds: ['FRONTEND'], pauseAfterFirst: true },
      /^INVALID_INPUT pauseAfterFirst/,
    ],
  ])('%s', (_name, more, asked, why) => {
    expect(refusals(roll(more, asked))).toContainEqual(expect.stringMatching(why));
  });

  it('leaves a node that is down as it is, when a person says so', () => {
    const plan = roll({ nodes: [...trio, be(1), be(2), be(3, { alive: false })] }, { skipDown: true });
    expect(stages(plan).join()).not.toContain('10.0.1.3');
  });
});

describe('a stop', () => {
  type Asked = { nodeIds?: string[]; kinds?: ('FRONTEND' | 'BACKEND')[]; shutDown?: string; acceptDowntime?: boolean };
  const stop = (
    asked: Asked,
    more: Partial<UpgradeFacts> = {},
    found: { spread?: ReplicaSpread | null; single?: string[] } = {},
  ) =>
    planStopNodes(
      { clusterId: 'clu_1', kinds: [], graceful: true, stopTimeoutSeconds: 60, acceptDowntime: false, ...asked },
      { nodes: facts(more), spread: found.spread ?? null, singleReplicaTables: found.single ?? [] },
    );
  const one = { nodeIds: [idOf('10.0.1.1')] };
  const two = { nodeIds: [idOf('10.0.1.1'), idOf('10.0.1.2')] };
  const spread = [{ backends: ['10.0.1.1', '10.0.1.2', '10.0.1.3'], replicas: 3, table: 'sales.orders' }];

  it.each<[string, PlanResult, RegExp]>([
    [
      'keeps a majority',
      stop({ nodeIds: [idOf('10.0.0.1'), idOf('10.0.0.2')] }),
      /^QUORUM_AT_RISK Without .* 1 of 3 .*shutDown/,
    ],
    ['keeps a majority whatever is accepted', stop({ kinds: ['FRONTEND'], acceptDowntime: true }), /^QUORUM_AT_RISK/],
    [
      'keeps the only replica',
      stop(one, {}, { single: ['sales.lonely'] }),
      /^REPLICATION_AT_RISK 1 table has its only replica there: sales\.lonely.*acceptDowntime/,
    ],
    [
      'keeps replicas that stand together',
      stop(two, {}, { spread }),
      /^REPLICATION_AT_RISK Tablets of sales\.orders lose their majority/,
    ],
    [
      'does not guess where replicas are',
      stop(two),
      /^REPLICATION_AT_RISK Whether .* hold replicas of the same tablets is not known/,
    ],
    [
      'keeps the last worker',
      stop({ kinds: ['BACKEND'] }, {}, { spread: [] }),
      /^REPLICATION_AT_RISK No backend or compute node would be left/,
    ],
    [
      'spares the others while one is down',
      stop(one, { nodes: [...trio, be(1), be(2, { alive: false }), be(3)] }),
      /^REPLICATION_AT_RISK be 10\.0\.1\.2:9050 is down already/,
    ],
    [
      'spares a running backup',
      stop(one, { backupJobs: { value: ['sales.s1'] } }),
      /^PRECONDITION_FAILED A backup or restore is running/,
    ],
    [
      'of everything spares a backup that may be running',
      stop({ shutDown: 'prod-eu' }, { backupJobs: { failed: 'no right' } }),
      /^PRECONDITION_FAILED Whether a backup or restore runs is not known: no right.*acceptDowntime/,
    ],
    ['wants every host', stop(one, { nodes: [...trio, be(1, { hostId: null }), be(2), be(3)] }), /hosts-attached/],
    [
      'of everything needs the name, typed',
      stop({ shutDown: 'prod' }),
      /^INVALID_INPUT Stopping every node needs the name of the cluster, typed.*shutDown: "prod-eu"/,
    ],
    [
      'of everything is not asked for by listing all',
      stop({ kinds: ['FRONTEND', 'BACKEND'] }),
      /^PRECONDITION_FAILED These are all nodes of prod-eu.*shutDown: "prod-eu"/,
    ],
  ])('%s', (_name, plan, why) => {
    expect(refusals(plan)).toContainEqual(expect.stringMatching(why));
  });

  it('of everything takes backends first and the leader last', () => {
    expect(stages(stop({ shutDown: 'prod-eu' }))).toEqual([
      ...[1, 2, 3].map((n) => `Backends and compute nodes: be 10.0.1.${n}:9050`),
      ...[2, 3, 1].map((n) => `Followers, and the leader last: fe 10.0.0.${n}:9010`),
    ]);
  });

  it('goes on with what is lost meanwhile, when that is accepted', () => {
    expect(refusals(stop({ ...one, acceptDowntime: true }, {}, { single: ['sales.lonely'] }))).toEqual([]);
  });
});

describe('a start', () => {
  const down = [...trio, be(1), be(2)].map((node) => ({
    ...node,
    alive: false,
    onHost: { value: onHost({ process: null, java: { version: '17.0.9', home: '/j', hasCompiler: true } }) },
  }));
  const start = (asked: object, more: Partial<StartNodesFacts> = {}) =>
    planStartNodes(
      { clusterId: 'clu_1', kinds: [], all: false, gateTimeoutSeconds: 60, acceptWarnings: [], ...asked },
      { ...facts(), silent: null, stopped: [], ...more },
    );

  it('of a whole cluster begins with the frontends, side by side', () => {
    const plan = start({ all: true }, { nodes: down, silent: 'nobody answers' });
    expect(stages(plan)).toEqual([
      ...[1, 2, 3].map((n) => `Frontends: fe 10.0.0.${n}:9010`),
      ...[1, 2].map((n) => `Backends and compute nodes: be 10.0.1.${n}:9050`),
    ]);
    expect('steps' in plan && plan.steps[0]?.lane?.width).toBe(3);
  });

  it('is refused where nobody could lead, and where nothing is down', () => {
    expect(refusals(start({ kinds: ['BACKEND'] }, { nodes: down, silent: 'nobody answers' }))).toContainEqual(
      expect.stringMatching(/^QUORUM_AT_RISK The cluster does not answer, and with these 0 of 3/),
    );
    expect(refusals(start({ all: true }))).toContainEqual(expect.stringMatching(/^PRECONDITION_FAILED Every node/));
  });

  it('is refused where the frontends answer and none of them leads, until enough are started with them', () => {
    const leaderless = [fe(1, { role: 'FOLLOWER' }), ...down.filter(({ host }) => host !== '10.0.0.1')];
    expect(refusals(start({ kinds: ['BACKEND'] }, { nodes: leaderless }))).toContainEqual(
      expect.stringMatching(/^QUORUM_AT_RISK The frontends have no leader, and with these \d of 3/),
    );
    expect(refusals(start({ all: true }, { nodes: leaderless }))).toEqual([]);
  });

  it('says who had stopped a node', () => {
    const stopped = [
      { nodeId: idOf('10.0.1.1'), label: 'be', runId: 'run_1', runNumber: 12, byName: 'kim', at: new Date() },
    ];
    const plan = start({ nodeIds: [idOf('10.0.1.1')] }, { nodes: [...trio, be(1, { alive: false }), be(2)], stopped });
    expect('notes' in plan && plan.notes).toContainEqual('be 10.0.1.1:9050 was stopped on purpose by kim (R-12)');
  });
});
