import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Machine, prepareMachine } from '../../sandbox/world/machines.ts';
import { startNode } from '../../sandbox/world/nodes.ts';
import type { PlannedNode } from '../../sandbox/world/plan.ts';
import { startReaper } from '../../sandbox/world/reaper.ts';
import { settleAll } from '../../sandbox/world/settle.ts';
import { connectSqlWhenUp } from '../../sandbox/world/sql.ts';
import { type StandInCluster, startStandInCluster } from '../../sandbox/world/stand-in-cluster.ts';

/** A cluster on hosts with real SSH servers, every node on a host of its own. */
export type UpgradeWorld = Pick<StandInCluster, 'plan' | 'keyFile' | 'sqlUser' | 'sqlPassword' | 'releases'> & {
  readonly machines: readonly Machine[];
};

export type WorldSize = { readonly frontends: number; readonly backends: number };

type WorldStart = WorldSize & { readonly dir: string; readonly version: string; readonly speed: number };

/** As many as the sandbox lays out by itself; those above are added here. */
const backendsAtOnce = 9;
/** Above the host numbers that the sandbox gives. */
const firstHostNumber = 100;

/**
 * Starts a cluster with a table that has a replica on every backend, so that no backend may be restarted carelessly.
 * What it takes to end it is put on `undo`.
 */
export async function startUpgradeWorld(start: WorldStart, undo: AsyncDisposableStack): Promise<UpgradeWorld> {
  const { dir, version, speed, frontends, backends } = start;
  const reaper = startReaper(dir, { removeDir: false });
  undo.defer(() => reaper.finish());
  const few = Math.min(backends, backendsAtOnce);
  const cluster = await startStandInCluster({ dir, version, speed, frontends, backends: few }, undo);
  const added = Array.from({ length: backends - few }, (_, index) => plannedBackend(cluster, index));
  const machines = [...cluster.machines, ...(await addBackends(cluster, added, undo))];
  const world = { ...cluster, plan: { ...cluster.plan, nodes: machines.flatMap(({ nodes }) => nodes) }, machines };
  await createTable(world, Math.min(3, backends));
  return world;
}

function plannedBackend({ plan }: StandInCluster, index: number): PlannedNode {
  const name = `be${backendsAtOnce + 1 + index}`;
  const hostDir = join(plan.dir, 'hosts', name);
  const diskDir = join(hostDir, 'opt');
  return {
    name,
    kind: 'be',
    host: name,
    address: (plan.nodes[0]?.address ?? '').replace(/\d+$/, String(firstHostNumber + index)),
    hostDir,
    diskDir,
    deployDir: join(diskDir, 'starrocks', 'be'),
    dataDir: join(diskDir, 'data'),
    ports: plan.ports,
  };
}

async function addBackends(
  { plan, keyFile, releases }: StandInCluster,
  nodes: readonly PlannedNode[],
  undo: AsyncDisposableStack,
): Promise<Machine[]> {
  if (nodes.length === 0) return [];
  const publicKey = (await readFile(`${keyFile}.pub`, 'utf8')).trim();
  const archive = releases.find(({ version }) => version === plan.version)?.path ?? '';
  const machines = await settleAll(
    nodes.map(async (node) => {
      const { address, hostDir, diskDir } = node;
      const place = { name: node.host, address, hostDir, diskDir };
      const machine = await prepareMachine({ place, nodes: [node], plan, archive, publicKey, diskBytes: null });
      undo.defer(() => machine.host.stop());
      await startNode({ node, plan });
      return machine;
    }),
  );
  const list = nodes.map(({ address }) => `"${address}:${plan.ports.heartbeat}"`).join(', ');
  await asRoot({ plan }, (query) => query(`ALTER SYSTEM ADD BACKEND ${list}`));
  return machines;
}

async function createTable({ plan }: Pick<UpgradeWorld, 'plan'>, replicas: number): Promise<void> {
  const backends = plan.nodes.filter(({ kind }) => kind === 'be').length;
  await asRoot({ plan }, async (query) => {
    await query('CREATE DATABASE bench');
    await query(`CREATE TABLE bench.t (
  id BIGINT NOT NULL,
  value BIGINT NOT NULL
)
DUPLICATE KEY (id)
DISTRIBUTED BY HASH(id) BUCKETS ${backends}
PROPERTIES ("replication_num" = "${replicas}")`);
    const rows = Array.from({ length: backends * 5 }, (_, id) => `(${id}, ${id})`);
    await query(`INSERT INTO bench.t VALUES ${rows.join(', ')}`);
  });
}

type Query = (text: string) => Promise<readonly Readonly<Record<string, string | null>>[]>;

/** A connection of root to the first frontend, which is the leader of a cluster that has just been formed. */
async function asRoot<T>({ plan }: Pick<UpgradeWorld, 'plan'>, work: (query: Query) => Promise<T>): Promise<T> {
  const host = plan.nodes[0]?.address ?? '';
  const sql = await connectSqlWhenUp(
    { host, port: plan.ports.query, user: 'root', password: '' },
    { timeoutMs: 20_000 },
  );
  try {
    return await work(sql.query);
  } finally {
    sql.close();
  }
}
