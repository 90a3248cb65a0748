import type { StarRocksSql } from '../../../adapters/starrocks/port.ts';
import { cancelRestore } from '../../../adapters/starrocks/restore-statements.ts';
import type { RestoreJobRow } from '../../../domain/topology.ts';
import { AppError } from '../../../errors.ts';
import { findDatabaseId, findRestore, isOver } from '../read-copy.ts';

type Where = { readonly target: string; readonly databaseId: string | null };
type How = { readonly isOurs: (job: RestoreJobRow) => boolean; readonly signal: AbortSignal };

/**
 * Cancels the restore that runs in the database of this id, if it is one of this run. CANCEL RESTORE names only the
 * database, so nothing is sent where another database has the name by now. A job that ends by itself meanwhile is as good.
 */
export async function cancelOurs(
  sql: StarRocksSql,
  { target, databaseId }: Where,
  { isOurs, signal }: How,
): Promise<void> {
  if (databaseId === null || (await findDatabaseId(sql, target, signal)) !== databaseId) return;
  const runs = async () => {
    const job = await findRestore(sql, target, signal);
    return job !== null && !isOver(job) && isOurs(job);
  };
  if (!(await runs())) return;
  try {
    await sql.query(cancelRestore(target), { signal, route: 'leader', timeoutMs: 60_000 });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'SQL_FAILED' || (await runs())) throw error;
  }
}
