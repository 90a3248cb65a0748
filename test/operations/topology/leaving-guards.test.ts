import { beforeEach, describe, expect, it } from 'vitest';
import type { SqlRow } from '../../../src/adapters/starrocks/port.ts';
import type { Neighbour } from '../../../src/domain/deploy/found-there.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { AppError } from '../../../src/errors.ts';
import { dropComputeNode, stopComputeNode } from '../../../src/operations/topology/steps/compute-node.ts';
import { cancelDrain, drainBackend } from '../../../src/operations/topology/steps/drain-backend.ts';
import { dropDrained } from '../../../src/operations/topology/steps/drop-drained.ts';
import { dropFrontend, handOverLeadership } from '../../../src/operations/topology/steps/drop-frontend.ts';
import { stopRemoved } from '../../../src/operations/topology/steps/stop-removed.ts';
import type { AnyStepKind, EngineContext, Ports } from '../../../src/steps/define.ts';

/** What a guard finds right before the statement, long after the plan; and what was sent nevertheless. */
let cluster: { frontends: SqlRow[]; backends: SqlRow[]; computeNodes: SqlRow[]; runMode: string };
let confText: string;
let neighbours: Neighbour[];
let sent: string[];

beforeEach(() => {
  cluster = {
    frontends: [frontend(1, 'LEADER'), frontend(2, 'FOLLOWER'), frontend(3, 'FOLLOWER')],
    backends: [backend(11), backend(12), backend(13), backend(14)],
    computeNodes: [],
    runMode: 'shared_nothing',
  };
  confText = '';
  neighbours = [];
  sent = [];
});

function frontend(n: number, role: string, over: SqlRow = {}): SqlRow {
  return {
    ...{ Name: `10.0.0.${n}_9010_1`, IP: `10.0.0.${n}`, EditLogPort: '9010', HttpPort: '8030', QueryPort: '9030' },
    ...{ RpcPort: '9020', Role: role, ClusterId: '1', Join: 'true', Alive: 'true', ReplayedJournalId: '7' },
    ...{ LastHeartbeat: null, ErrMsg: '', StartTime: '2026-01-01 00:00:00', Version: '3.5.0-48f4d81', ...over },
  };
}

function worker(n: number): SqlRow {
  return { IP: `10.0.0.${n}`, HeartbeatPort: '9050', Alive: 'true', SystemDecommissioned: 'false', TabletNum: '0' };
}
const backend = (n: number, over: SqlRow = {}) => ({ ...worker(n), BackendId: `100${n}`, TabletNum: '5', ...over });
const computeNode = (n: number, over: SqlRow = {}) => ({ ...worker(n), ComputeNodeId: `100${n}`, ...over });

function answer(text: string): readonly SqlRow[] {
  if (text === 'SHOW FRONTENDS') return cluster.frontends;
  if (text === 'SHOW BACKENDS') return cluster.backends;
  if (text === 'SHOW COMPUTE NODES') return cluster.computeNodes;
  if (text.includes('run_mode')) return [{ Key: 'run_mode', Value: cluster.runMode, IsMutable: 'false' }];
  return []; // settings of the scheduler too, so they are not known
}

const ports = {
  sql: {
    query: async ({ text, effect }: { text: string; effect: string }) => {
      if (effect === 'read') return answer(text);
      sent.push(text);
      return [];
    },
  },
  node: async () => ({ stop: async () => void sent.push('stop') }),
  shell: async () => ({ run: async () => ({ exitCode: 0, stdout: confText, stderr: '' }) }),
  inventory: {
    findHost: async () => ({ hostKeyFingerprint: 'SHA256:a' }),
    listNeighbours: async () => neighbours,
  },
} as unknown as Ports; // as far as these steps use them

function context(over: Partial<EngineContext> = {}): EngineContext {
  return {
    ...{ runId: 'run_1', clusterId: 'clu_1', signal: AbortSignal.timeout(60_000), now: () => new Date(0) },
    ...{ log: () => {}, startedAt: null, attempts: 1, applied: false, waitingLanes: 0, earlier: async () => null },
    ...over,
  };
}

const place = { hostId: 'hst_1', deployDir: '/opt/node', unit: null };
const node = (kind: string, n: number, port: number) => ({
  ...{
    nodeId: 'nod_1',
    label: `${kind} 10.0.0.${n}:${port}`,
    kind,
    host: `10.0.0.${n}`,
    port,
    place,
    version: '3.5.0',
  },
});
const theFrontend = (n: number) => ({ ...node('FRONTEND', n, 9010), votersLeft: 2, timeoutSeconds: 60 });
const theBackend = {
  ...{ ...node('BACKEND', 14, 9050), backendId: '10014', together: ['10.0.0.14:9050'], marginPercent: 20 },
  ...{ acceptFewerDomains: false, acceptOtherMedium: false, timeoutSeconds: 60, stallAfterSeconds: 60 },
};
const theComputeNode = { ...node('COMPUTE_NODE', 31, 9050), together: ['10.0.0.31:9050'], timeoutSeconds: 60 };

async function refused(kind: AnyStepKind, params: JsonObject): Promise<string> {
  const why = await kind.apply(params, ports, context()).then(
    () => 'it was done',
    (error: unknown) => (error instanceof AppError ? `${error.code} ${error.message}` : String(error)),
  );
  expect(sent).toEqual([]);
  return why;
}

describe('right before a frontend is dropped', () => {
  it('refuses one that leads by now, and sends nothing', async () => {
    expect(await refused(dropFrontend, theFrontend(1))).toMatch(/^QUORUM_AT_RISK .* leads/);
  });

  it('refuses when another one has died meanwhile', async () => {
    cluster.frontends[2] = frontend(3, 'FOLLOWER', { Alive: 'false' });
    expect(await refused(dropFrontend, theFrontend(2))).toMatch(/^QUORUM_AT_RISK Without .* 1 of 2 .* would be alive/);
  });

  it('refuses when another one was dropped meanwhile, so that one would be left of three', async () => {
    cluster.frontends.splice(2);
    expect(await refused(dropFrontend, theFrontend(2))).toMatch(
      /^QUORUM_AT_RISK 1 voting frontend would be left, and 2/,
    );
  });

  it('refuses one that is listed twice', async () => {
    cluster.frontends.push(frontend(2, 'FOLLOWER', { Name: '10.0.0.2_9010_0', Alive: 'false', Join: 'false' }));
    expect(await refused(dropFrontend, theFrontend(2))).toMatch(/^PRECONDITION_FAILED SHOW FRONTENDS lists/);
  });

  it('names its role as it is now, and nobody else', async () => {
    cluster.frontends[2] = frontend(3, 'OBSERVER');
    await dropFrontend.apply({ ...theFrontend(3), votersLeft: 2 }, ports, context());
    expect(sent).toEqual(["ALTER SYSTEM DROP OBSERVER '10.0.0.3:9010'"]);
  });

  it('does not stop a leader that would exit without handing over', async () => {
    cluster.frontends[2] = frontend(3, 'FOLLOWER', { Alive: 'false' });
    expect(await refused(handOverLeadership, theFrontend(1))).toMatch(/^QUORUM_AT_RISK .* would not hand over/);
  });

  it('does not stop a frontend that leads no more', async () => {
    expect(await refused(handOverLeadership, theFrontend(2))).toBe('it was done');
  });
});

describe('while a backend drains', () => {
  const look = (over: Partial<EngineContext> = {}) => drainBackend.check(theBackend, ports, context(over));
  const leaving = { SystemDecommissioned: 'true' };

  it('sends nothing when what has to be known cannot be told', async () => {
    expect(await refused(drainBackend, theBackend)).toMatch(/^PREFLIGHT_FAILED .*could not be told/);
  });

  it('sends nothing while another one leaves that is not of this run', async () => {
    cluster.backends[0] = backend(11, leaving);
    expect(await refused(drainBackend, theBackend)).toMatch(/^PREFLIGHT_FAILED .* is being decommissioned already/);
  });

  it('takes a decommission of somebody else for no work of its own', async () => {
    cluster.backends[3] = backend(14, leaving);
    expect(await look({ attempts: 0 })).toMatchObject({ state: 'blocked', code: 'PRECONDITION_FAILED' });
  });

  it('does not send it again when somebody has cancelled it', async () => {
    expect(await look({ memo: {} })).toMatchObject({
      state: 'blocked',
      message: expect.stringMatching(/^Somebody has cancelled the decommission of /),
    });
  });

  it.each([
    ['was dropped and added anew', [backend(14, { BackendId: '10099', ...leaving })], /was dropped and added anew/],
    [
      'has another address now',
      [{ ...backend(14, leaving), IP: 'be4.example' }],
      /is be4\.example:9050 in the cluster now/,
    ],
  ])('stops at one that %s', async (_case, rows, message) => {
    cluster.backends = [...cluster.backends.slice(0, 3), ...rows];
    expect(await look()).toMatchObject({ state: 'blocked', message: expect.stringMatching(message) });
  });

  it('has left when neither its address nor its id is there', async () => {
    cluster.backends.pop();
    expect(await look()).toMatchObject({ state: 'done' });
  });

  it('cannot be cancelled any more once it has left, and says so', async () => {
    cluster.backends.pop();
    await expect(drainBackend.stop(theBackend, ports, context())).rejects.toThrow(/has left the cluster already/);
    expect(await cancelDrain.check(node('BACKEND', 14, 9050), ports, context())).toMatchObject({
      state: 'done',
      facts: { inCluster: false },
    });
    expect(sent).toEqual([]);
  });
});

describe('right before an emptied backend is dropped', () => {
  it.each([
    ['is not being decommissioned any more', backend(14, { TabletNum: '0' }), /not being decommissioned any more/],
    ['holds tablets again', backend(14, { SystemDecommissioned: 'true', TabletNum: '3' }), /holds 3 tablets again/],
  ])('refuses one that %s', async (_case, row, words) => {
    cluster.backends[3] = row;
    const params = node('BACKEND', 14, 9050);
    expect(await dropDrained.check(params, ports, context())).toMatchObject({
      state: 'blocked',
      message: expect.stringMatching(words),
    });
    expect(await refused(dropDrained, params)).toMatch(words);
  });

  it('drops it without force', async () => {
    cluster.backends[3] = backend(14, { SystemDecommissioned: 'true', TabletNum: '0' });
    await dropDrained.apply(node('BACKEND', 14, 9050), ports, context());
    expect(sent).toEqual(["ALTER SYSTEM DROP BACKEND '10.0.0.14:9050'"]);
  });
});

describe('right before a compute node is stopped or dropped', () => {
  it.each([stopComputeNode, dropComputeNode])('refuses when nobody else could run a query ($kind)', async (kind) => {
    cluster = { ...cluster, backends: [], computeNodes: [computeNode(31), computeNode(32, { Alive: 'false' })] };
    expect(await refused(kind, theComputeNode)).toMatch(/^PREFLIGHT_FAILED No living backend or compute node/);
  });
});

describe('right before the process of a node that has left is stopped', () => {
  const params = { ...node('BACKEND', 21, 9050), timeoutSeconds: 60 };
  const other: Neighbour = {
    ...{ id: 'nod_9', kind: 'BACKEND', host: '10.0.0.21', port: 9050, httpPort: 8040, queryPort: null },
    ...{
      hostId: 'hst_9',
      deployDir: '/opt/node',
      clusterId: 'clu_2',
      hostAddress: null,
      hostKeyFingerprint: 'SHA256:a',
    },
  };

  it('leaves it alone when the node is in the cluster again', async () => {
    cluster.backends.push(backend(21));
    expect(await refused(stopRemoved, params)).toMatch(/^PRECONDITION_FAILED .* is in the cluster again/);
  });

  it('leaves it alone when its directory belongs to a node of another cluster on the same machine', async () => {
    neighbours = [other];
    expect(await refused(stopRemoved, params)).toMatch(
      /^PRECONDITION_FAILED \/opt\/node belongs to be 10\.0\.0\.21:9050 now/,
    );
  });

  it('leaves it alone when another port stands in the conf file there', async () => {
    confText = 'heartbeat_service_port = 9150\n';
    expect(await refused(stopRemoved, params)).toMatch(/^PRECONDITION_FAILED .* has heartbeat_service_port 9150/);
  });

  it('stops it otherwise', async () => {
    neighbours = [{ ...other, hostKeyFingerprint: 'SHA256:b' }];
    await stopRemoved.apply(params, ports, context());
    expect(sent).toEqual(['stop']);
  });
});
