import { describe, expect, it } from 'vitest';
import type { SqlRow } from '../../../src/adapters/starrocks/port.ts';
import * as statements from '../../../src/adapters/starrocks/statements.ts';
import { AppError } from '../../../src/errors.ts';
import { pauseTabletScheduling, restoreTabletScheduling } from '../../../src/operations/node/steps/scheduling.ts';
import { addToCluster } from '../../../src/operations/topology/steps/add-to-cluster.ts';
import { dropComputeNode } from '../../../src/operations/topology/steps/compute-node.ts';
import { drainBackend } from '../../../src/operations/topology/steps/drain-backend.ts';
import { dropDrained } from '../../../src/operations/topology/steps/drop-drained.ts';
import { dropFrontend } from '../../../src/operations/topology/steps/drop-frontend.ts';
import { decommissionAdded, dropFromCluster } from '../../../src/operations/topology/steps/leave-cluster.ts';
import type { AnyStepKind, EngineContext, Ports } from '../../../src/steps/define.ts';

/*
 * What a real frontend showed of nodes that come and go, and what our code makes of it. That the stand-in shows the same is held in
 * test/contracts/topology-facts.test.ts; that a frontend which was dropped sends no greeting, in test/adapters/starrocks/mysql2.test.ts.
 */

const context = (over: Partial<EngineContext> = {}): EngineContext => ({
  ...{ runId: 'run_1', clusterId: 'clu_1', signal: AbortSignal.timeout(20_000), now: () => new Date(0) },
  ...{ log: () => {}, startedAt: null, attempts: 1, applied: true, waitingLanes: 0, earlier: async () => null },
  ...over,
});

const frontend = (n: number, over: SqlRow = {}): SqlRow => ({
  ...{ Id: String(n), Name: `10.0.0.${n}_9010_${n}`, IP: `10.0.0.${n}`, EditLogPort: '9010', HttpPort: '8030' },
  ...{ QueryPort: '9030', RpcPort: '9020', Role: n === 1 ? 'LEADER' : 'FOLLOWER', ClusterId: '1', Join: 'true' },
  ...{ Alive: 'true', ReplayedJournalId: '7', LastHeartbeat: '2026-03-01 12:00:00', ErrMsg: '' },
  ...{ StartTime: '2026-03-01 10:00:00', Version: '3.5.0-48f4d81', ...over },
});
const worker = (n: number, over: SqlRow = {}): SqlRow => ({
  ...{ IP: `10.0.0.${n}`, HeartbeatPort: '9050', HttpPort: '8040', Alive: 'true', SystemDecommissioned: 'false' },
  ...{ TabletNum: '0', Version: '3.5.0-48f4d81', ErrMsg: '', BackendId: `100${n}`, ComputeNodeId: `100${n}`, ...over },
});

type Answers = { readonly frontends?: SqlRow[]; readonly backends?: SqlRow[]; readonly computeNodes?: SqlRow[] };

function portsOf({ frontends = [1, 2, 3].map((n) => frontend(n)), backends = [], computeNodes = [] }: Answers) {
  const sent: string[] = [];
  const query = async ({ text, effect }: { readonly text: string; readonly effect: string }) => {
    if (effect !== 'read') sent.push(text);
    if (text === 'SHOW FRONTENDS') return frontends;
    if (text === 'SHOW BACKENDS') return backends;
    return text === 'SHOW COMPUTE NODES' ? computeNodes : [];
  };
  return { ports: { sql: { query } } as unknown as Ports, sent };
}

describe('a list of nodes of which one is unknown is dropped up to there', () => {
  const node = { host: '10.0.0.4', port: 9050 };
  const one = /'10\.0\.0\.4:9050'/g;
  it.each([
    ['addFrontend', statements.addFrontend({ ...node, role: 'OBSERVER' })],
    ['dropFrontend', statements.dropFrontend({ ...node, role: 'FOLLOWER' })],
    ['addBackend', statements.addBackend(node)],
    ['dropBackend', statements.dropBackend({ ...node, force: false })],
    ['decommissionBackend', statements.decommissionBackend(node)],
    ['cancelDecommission', statements.cancelDecommission(node)],
    ['addComputeNode', statements.addComputeNode(node)],
    ['dropComputeNode', statements.dropComputeNode(node)],
    ['setBackendLocation', statements.setBackendLocation({ ...node, location: null })],
  ])('so %s names one', (_name, { text }) => {
    expect(text.match(one)).toHaveLength(1);
    expect(text.match(/:\d+/g)).toHaveLength(1);
  });

  const common = { nodeId: 'nod_1', label: 'the node', place: null, version: '3.5.0', host: '10.0.0.4' };
  const backendNode = { ...common, kind: 'BACKEND', role: null, port: 9050 };
  const drain = { ...backendNode, backendId: '1004', together: ['10.0.0.4:9050'], marginPercent: 20 };
  const here: Answers = {
    frontends: [1, 2, 3, 4].map((n) => frontend(n)),
    backends: [worker(4, { TabletNum: '3', SystemDecommissioned: 'true' })],
  };
  it.each<[AnyStepKind, Record<string, string | number | boolean | null | string[]>, Answers]>([
    [dropFrontend, { ...common, kind: 'FRONTEND', port: 9010, votersLeft: 3 }, here],
    [dropDrained, backendNode, here],
    [dropComputeNode, { ...common, kind: 'COMPUTE_NODE', port: 9050, together: [] }, { computeNodes: [worker(4)] }],
    [dropFromCluster, backendNode, here],
    [decommissionAdded, backendNode, here],
    [
      drainBackend,
      {
        ...{ ...drain, acceptFewerDomains: false, acceptOtherMedium: false },
        ...{ timeoutSeconds: 60, stallAfterSeconds: 60 },
      },
      here,
    ],
    [addToCluster, { ...backendNode, host: '10.0.0.9' }, here],
  ])('and %s is not done because its statement was answered: the rows decide', async (kind, params, rows) => {
    const { ports, sent } = portsOf(rows);
    expect((await kind.check(params, ports, context())).state).not.toBe('done');
    expect(sent).toEqual([]);
  });
});

it('a frontend that has the Id of one that was dropped is another one', async () => {
  const heir = frontend(5, { Id: '4', Name: '10.0.0.5_9010_1686810741121' });
  const { ports } = portsOf({ frontends: [1, 2, 3].map((n) => frontend(n)).concat(heir) });
  const dropped = {
    nodeId: 'nod_4',
    label: 'fe',
    kind: 'FRONTEND',
    place: null,
    version: '',
    host: '10.0.0.4',
    port: 9010,
  };
  expect(await dropFrontend.check({ ...dropped, votersLeft: 3 }, ports, context())).toMatchObject({ state: 'done' });
});

it('a label is taken away by an empty one', () => {
  const { text } = statements.setBackendLocation({ host: '10.0.0.4', port: 9050, location: null });
  expect(text).toMatch(/SET \("labels\.location" = ''\)$/);
});

describe('a setting that is changed while a frontend is dead', () => {
  const rows = [frontend(1), frontend(2), frontend(3, { Alive: 'false' })];
  const before = {
    ...{ tablet_sched_max_scheduling_tablets: '10000', tablet_sched_max_balancing_tablets: '500' },
    ...{ tablet_sched_disable_balance: 'false', tablet_sched_disable_colocate_balance: 'false' },
  };

  /** As 3.5 has it: one value for all, and an error where one of them could not be told, whatever became of the others. */
  function settings({ takes }: { takes: boolean }) {
    const now = new Map<string, string>(Object.entries(before));
    const sent: string[] = [];
    const query = async ({ text }: { readonly text: string }) => {
      if (text === 'SHOW FRONTENDS') return rows;
      if (text.startsWith('ADMIN SHOW')) return [...now].map(([Key, Value]) => ({ Key, Value, IsMutable: 'true' }));
      const set = /\(\s*['"](\w+)['"] = ['"](\w+)['"]\s*\)/.exec(text);
      if (set?.[1] === undefined || set[2] === undefined) return [];
      sent.push(`${set[1]} = ${set[2]}`);
      if (takes) now.set(set[1], set[2]);
      throw new AppError('SQL_FAILED', '5101: set config for fe[10.0.0.3] failed: Connection refused');
    };
    return { ports: { sql: { query } } as unknown as Ports, sent, now };
  }

  it('has changed where the values say so, whatever the answer was', async () => {
    const { ports, sent, now } = settings({ takes: true });
    await pauseTabletScheduling.apply({}, ports, context());
    // Everything but this word would silently be false.
    expect(sent).toContain('tablet_sched_disable_balance = true');
    expect(sent).toContain('tablet_sched_disable_colocate_balance = true');
    expect(await pauseTabletScheduling.check({}, ports, context())).toMatchObject({ state: 'done' });
    const saved = { leader: '10.0.0.1:9010', byFrontend: { '10.0.0.1:9010': before } };
    await restoreTabletScheduling.apply(saved, ports, context());
    expect(Object.fromEntries(now)).toEqual(before);
  });

  it('has not where they do not, and the answer is told', async () => {
    const { ports } = settings({ takes: false });
    await expect(pauseTabletScheduling.apply({}, ports, context())).rejects.toMatchObject({ code: 'SQL_FAILED' });
    expect(await pauseTabletScheduling.check({}, ports, context())).toMatchObject({ state: 'todo' });
  });
});
