import { isSystemDatabase } from '../../domain/system-databases.ts';
import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { whole } from './cells.ts';
import { type Found, ofCluster } from './fact-answer.ts';
import { parseBackends, parseReplicaTotals } from './parse.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import { readTableReplicas } from './read-table-replicas.ts';
import { type ReplicatedTable, readReplicatedTables } from './read-tables.ts';
import { showBackends, showProc } from './statements.ts';

/** The tablets of the cluster by health, as the leader counts, and the replicas on dead backends, which it leaves out for 900 s. */
export function tabletFacts({ rows, backends }: TabletHealth): Found {
  const totals = parseReplicaTotals(rows);
  if (totals === null)
    throw new AppError('SQL_FAILED', "SHOW PROC '/statistic' has no row of totals", { retryable: true });
  const own = rows.filter(({ DbName }) => isSystemDatabase(DbName ?? ''));
  const ownUnhealthy = own.reduce((sum, row) => sum + (whole(row.UnhealthyTabletNum) ?? 0), 0);
  const dead = backends.filter(({ alive }) => !alive);
  return {
    tablets: ofCluster(totals.tablets),
    tablets_unhealthy: ofCluster(Math.max(0, totals.unhealthyTablets - ownUnhealthy)),
    tablets_inconsistent: ofCluster(totals.inconsistentTablets),
    tablets_cloning: ofCluster(totals.cloningTablets),
    tablets_in_error: ofCluster(totals.errorStateTablets),
    replicas_on_dead_backends: ofCluster(dead.reduce((sum, { tabletCount }) => sum + tabletCount, 0)),
  };
}

/** What the leader tells of its tablets, by database, and of its backends. */
export type TabletHealth = { readonly rows: readonly SqlRow[]; readonly backends: ReturnType<typeof parseBackends> };

/** The leader looks at every tablet for it, under a lock of each database, so it is asked once for all that follows. */
export async function readTabletHealth(sql: SqlReader, call: SqlCall): Promise<TabletHealth> {
  const onLeader = { ...call, route: 'leader' } as const;
  const rows = await sql.query(showProc('/statistic'), onLeader);
  // Asked last, so that a backend that dies between the two questions is noticed.
  return { rows, backends: parseBackends(await sql.query(showBackends(), onLeader)) };
}

/** Each costs a statement whose answer has a row for every replica. */
const mostTables = 200;
const atOnce = 4;

/**
 * How many tablets of users no living backend can answer for. Asked of the leader's metadata, so it is known from the first
 * moment after a death on, and only of the tables in doubt: while every backend lives and every tablet is well, nothing more
 * is asked. Throws `SQL_FAILED` when more tables are in doubt than can be asked.
 */
export async function readTabletsWithoutReplica(
  sql: SqlReader,
  { rows, backends }: TabletHealth,
  call: SqlCall,
): Promise<Found> {
  const dead = backends.filter(({ alive, tabletCount }) => !alive && tabletCount > 0).length;
  const sick = new Set(rows.filter(isSick).map(({ DbName }) => DbName ?? ''));
  if (dead === 0 && sick.size === 0) return { tablets_without_replica: ofCluster(0) };
  const tables = (await readReplicatedTables(sql, call)).filter(
    (table) => !isSystemDatabase(table.database) && isInDoubt(table, { dead, sick }),
  );
  if (tables.length > mostTables)
    throw new AppError(
      'SQL_FAILED',
      `${tables.length} tables are in doubt, more than the ${mostTables} that are asked`,
    );
  const living = new Set(backends.filter(({ alive }) => alive).map(({ id }) => id));
  const counts = await inParallel(tables, atOnce, async (name) => {
    const replicas = (await readTableReplicas(sql, name, call)) ?? [];
    const tablets = [...Map.groupBy(replicas, ({ tabletId }) => tabletId).values()];
    return tablets.filter((tablet) => !tablet.some((each) => isUsable(each, living))).length;
  });
  return { tablets_without_replica: ofCluster(counts.reduce((sum, count) => sum + count, 0)) };
}

function isSick({ DbId, DbName, UnhealthyTabletNum }: SqlRow): boolean {
  return DbId !== 'Total' && !isSystemDatabase(DbName ?? '') && (whole(UnhealthyTabletNum) ?? 1) > 0;
}

/** A table whose tablets are well otherwise has lost all replicas of one only if it has no more of them than backends are dead. */
function isInDoubt(
  { database, replicationNum }: ReplicatedTable,
  { dead, sick }: { dead: number; sick: ReadonlySet<string> },
): boolean {
  return sick.has(database) || (dead > 0 && (replicationNum === null || replicationNum <= dead));
}

/** `DEAD` is also said of replicas on a backend that only leaves, so whether it lives is asked of the backends. */
function isUsable(
  { backendId, isBad, status }: { backendId: string; isBad: boolean; status: string },
  living: ReadonlySet<string>,
): boolean {
  return living.has(backendId) && !isBad && (status === 'OK' || status === 'DEAD');
}
