import { isSystemDatabase } from '../../domain/system-databases.ts';
import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import { type ReplicatedTable, readReplicatedTables } from './read-tables.ts';
import { replicaDistribution, replicaStatus, type TableName } from './statements.ts';

/** Asking about a table costs a statement; tables beyond this number count as being on the backend, to be safe. */
const askAtMost = 200;
/** The most tables whose replicas are counted one by one, where nothing says how many each should have. */
const countAtMost = 500;
const atOnce = 6;

/** `database.table` of the tables that keep one replica only and have a tablet on this backend (by its BackendId). */
export async function readSingleReplicaTables(
  sql: SqlReader,
  backendId: string,
  call: SqlCall = {},
): Promise<string[]> {
  const single = await listSingleReplicaTables(sql, call);
  const found: string[] = [];
  for (const [index, name] of single.entries()) {
    if (index >= askAtMost || (await hasTabletOn(sql, name, backendId, call)))
      found.push(`${name.database}.${name.table}`);
  }
  return found;
}

/** How many tables keep one replica only. */
export async function countSingleReplicaTables(sql: SqlReader, call: SqlCall = {}): Promise<number> {
  return (await listSingleReplicaTables(sql, call)).length;
}

/** StarRocks' own tables keep one replica on small clusters, and StarRocks rebuilds them itself. */
async function listSingleReplicaTables(sql: SqlReader, call: SqlCall): Promise<readonly TableName[]> {
  const tables = (await readReplicatedTables(sql, call)).filter(({ database }) => !isSystemDatabase(database));
  const unclear = tables.filter(({ replicationNum }) => replicationNum === null);
  if (unclear.length > countAtMost) {
    throw new AppError(
      'SQL_FAILED',
      `Whether one of ${unclear.length} tables has a single replica cannot be told while information_schema does not answer`,
      { hint: `Up to ${countAtMost} tables are asked one by one. Bring the backends up first.`, retryable: true },
    );
  }
  const counted = await inParallel(unclear, atOnce, async (name) =>
    (await hasSingleReplica(sql, name, call)) ? [name] : [],
  );
  return [...tables.filter(({ replicationNum }) => replicationNum === 1), ...counted.flat()];
}

/** Counts the replicas themselves, in every partition: true when some tablet has only one. */
async function hasSingleReplica(sql: SqlReader, name: ReplicatedTable, call: SqlCall): Promise<boolean> {
  const rows = await statusOf(sql, name, call);
  return [...Map.groupBy(rows, ({ TabletId }) => TabletId ?? '').values()].some((replicas) => replicas.length === 1);
}

async function statusOf(sql: SqlReader, name: TableName, call: SqlCall): Promise<readonly SqlRow[]> {
  try {
    return await sql.query(replicaStatus(name), { ...call, route: 'leader' });
  } catch (error) {
    // The table was dropped since it was listed, or is a view.
    if (error instanceof AppError && /table does not exist or is not/i.test(error.message)) return [];
    throw error;
  }
}

async function hasTabletOn(sql: SqlReader, name: TableName, backendId: string, call: SqlCall): Promise<boolean> {
  const rows = await sql.query(replicaDistribution(name), call);
  return rows.some((row) => row.BackendId === backendId && Number(row.ReplicaNum) > 0);
}
