import { parseRestoreJobs } from '../../adapters/starrocks/parse.ts';
import type { SqlReader } from '../../adapters/starrocks/port.ts';
import { showProc, showRestore, showTables } from '../../adapters/starrocks/statements.ts';
import type { RestoreJobRow } from '../../domain/topology.ts';

/** The leader's own answer: a follower lags behind. */
const onLeader = { route: 'leader', timeoutMs: 30_000 } as const;

/** The id that StarRocks gave a database, which no other ever gets; null = there is none of the name. Needs OPERATE. */
export async function findDatabaseId(sql: SqlReader, name: string, signal: AbortSignal): Promise<string | null> {
  const rows = await sql.query(showProc('/dbs'), { ...onLeader, signal });
  return rows.find(({ DbName }) => DbName === name)?.DbId ?? null;
}

/** Names of tables and views; also of those that a restore is filling. */
export async function listTables(sql: SqlReader, database: string, signal: AbortSignal): Promise<readonly string[]> {
  const rows = await sql.query(showTables(database), { ...onLeader, signal });
  return rows.map((row) => Object.values(row)[0] ?? '');
}

/**
 * The ids of all tables and views of a database by their names, whoever may see them, also of those that a restore is filling.
 * No other table ever gets one of these ids. Needs OPERATE.
 */
export async function readTableIds(
  sql: SqlReader,
  databaseId: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const rows = await sql.query(showProc(`/dbs/${databaseId}`), { ...onLeader, signal });
  return new Map(rows.map((row) => [row.TableName ?? '', row.TableId ?? '']));
}

/** The last restore of a database, as the leader has it; null = none. */
export async function findRestore(
  sql: SqlReader,
  database: string,
  signal: AbortSignal,
): Promise<RestoreJobRow | null> {
  const jobs = parseRestoreJobs(await sql.query(showRestore(database), { ...onLeader, signal }));
  return jobs.findLast((job) => job.database === database) ?? null;
}

export function isOver({ state }: Pick<RestoreJobRow, 'state'>): boolean {
  return state === 'FINISHED' || state === 'CANCELLED';
}
