import { inParallel } from '../adapters/in-parallel.ts';
import type { SqlReader } from '../adapters/starrocks/port.ts';
import { readBalancing } from '../adapters/starrocks/read-balancing.ts';
import { readDatabaseTablets } from '../adapters/starrocks/read-database-tablets.ts';
import { readDisks } from '../adapters/starrocks/read-disks.ts';
import { readTableReplicas } from '../adapters/starrocks/read-table-replicas.ts';
import { readReplicatedTables } from '../adapters/starrocks/read-tables.ts';
import { readTabletHealth } from '../adapters/starrocks/read-tablet-health.ts';
import { readTopology } from '../adapters/starrocks/read-topology.ts';
import { nodeLabel } from '../domain/node-identity.ts';
import type { TabletHealth } from '../domain/tablet-health.ts';
import {
  type Balancing,
  type FrontendBalancing,
  judgeBalancing,
  tabletScheduling,
} from '../domain/tablets/balancing.ts';
import type { DatabaseTablets, Disk } from '../domain/tablets/disk.ts';
import { judgeTablets, type TabletsOfTable } from '../domain/tablets/replicas.ts';
import { AppError } from '../errors.ts';
import type { Engine } from './engine.ts';

const lookMs = 10_000;
const atOnce = 6;
/** Each costs a statement whose answer has a row for every replica. */
const mostTables = 200;

/** What was read, and why there is not more, in sentences. */
type Looked<T> = T & { readonly problems: readonly string[] };

export type LookedAtTablets = Looked<{
  readonly databases: readonly DatabaseTablets[];
  /** Dead backends with replicas, which StarRocks counts as missing only 900 s later. */
  readonly deadBackends: NonNullable<TabletHealth['deadBackends']>;
}>;

/** How whole the tablets of a cluster are, by database, as its leader counts them. */
export function lookAtTablets(engine: Pick<Engine, 'connections'>, clusterId: string): Promise<LookedAtTablets> {
  return look<Omit<LookedAtTablets, 'problems'>>(
    engine,
    { clusterId, nothing: { databases: [], deadBackends: [] } },
    async (sql, call) => {
      const [databases, health] = await Promise.all([readDatabaseTablets(sql, call), readTabletHealth(sql, call)]);
      const sorted = databases.toSorted(
        (a, b) => b.unhealthyTablets - a.unhealthyTablets || a.name.localeCompare(b.name),
      );
      return { databases: sorted, deadBackends: health.deadBackends ?? [], problems: [] };
    },
  );
}

export type LookedAtTables = Looked<{
  /** Those with tablets that are not whole first. */
  readonly tables: readonly (TabletsOfTable & { readonly name: string })[];
}>;

/** How whole the tablets of each table of a database are, replica by replica. */
export function lookAtTables(
  engine: Pick<Engine, 'connections'>,
  { clusterId, database }: { readonly clusterId: string; readonly database: string },
): Promise<LookedAtTables> {
  return look<Omit<LookedAtTables, 'problems'>>(engine, { clusterId, nothing: { tables: [] } }, async (sql, call) => {
    const all = (await readReplicatedTables(sql, call)).filter((each) => each.database === database);
    const tables = await inParallel(all.slice(0, mostTables), atOnce, async ({ table: name }) => {
      const replicas = await readTableReplicas(sql, { database, table: name }, call);
      return replicas === null ? [] : [{ name, ...judgeTablets(replicas) }];
    });
    const more = all.length - mostTables;
    return {
      tables: tables.flat().toSorted((a, b) => b.unhealthy.length - a.unhealthy.length || a.name.localeCompare(b.name)),
      problems: [
        ...(all.length === 0 ? [`${database} has no table with replicas, or there is no such database`] : []),
        ...(more > 0 ? [`${more} more tables of ${database} were not asked`] : []),
      ],
    };
  });
}

export type LookedAtBalancing = Looked<Balancing & { readonly frontends: readonly FrontendBalancing[] }>;

/** Whether the leader balances tablets now, until when not, and which run of ours keeps it so. */
export async function lookAtBalancing(
  engine: Pick<Engine, 'connections'>,
  clusterId: string,
): Promise<LookedAtBalancing> {
  const { inventory } = engine.connections.reading(clusterId, AbortSignal.timeout(lookMs));
  const changes = await inventory.listOpenChanges({ clusterId, setting: tabletScheduling });
  const nothing = { ...judgeBalancing([], changes), frontends: [] };
  return look<Omit<LookedAtBalancing, 'problems'>>(engine, { clusterId, nothing }, async (sql, call) => {
    const frontends = await readBalancing(sql, call);
    return { ...judgeBalancing(frontends, changes), frontends, problems: [] };
  });
}

export type LookedAtDisks = Looked<{
  readonly backends: readonly { readonly label: string; readonly alive: boolean; readonly disks: readonly Disk[] }[];
}>;

/** The disks of every backend with their media. */
export function lookAtDisks(engine: Pick<Engine, 'connections'>, clusterId: string): Promise<LookedAtDisks> {
  return look<Omit<LookedAtDisks, 'problems'>>(engine, { clusterId, nothing: { backends: [] } }, async (sql, call) => {
    const { backends } = await readTopology(sql, call, { waitMs: 0 });
    const found = await inParallel(backends, atOnce, async ({ id, host, heartbeatPort: port, alive }) => ({
      label: nodeLabel({ kind: 'BACKEND', host, port }),
      alive,
      disks: await readDisks(sql, id, call),
    }));
    return { backends: found, problems: [] };
  });
}

/** Asks the cluster; what it does not answer is a problem, and nothing is made of it. */
async function look<T extends object>(
  { connections }: Pick<Engine, 'connections'>,
  { clusterId, nothing }: { readonly clusterId: string; readonly nothing: T },
  read: (sql: SqlReader, call: { signal: AbortSignal; timeoutMs: number }) => Promise<Looked<T>>,
): Promise<Looked<T>> {
  const { sql, signal } = connections.reading(clusterId, AbortSignal.timeout(lookMs));
  try {
    return await read(sql, { signal, timeoutMs: lookMs });
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
    return { ...nothing, problems: [`The cluster did not tell it: ${error.message}`] };
  }
}
