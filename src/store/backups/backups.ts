import type { Backup } from '../../domain/backup/backup.ts';
import { externalCatalogs } from '../../domain/backup/external-catalogs.ts';
import type { Reader } from '../database.ts';
import { toBackup } from './backup-rows.ts';

/** The newest backup that a run has begun, of one database or of any; null = none. */
export async function findBackupOfRun(db: Reader, runId: string, database?: string): Promise<Backup | null> {
  let query = db.selectFrom('backup').selectAll().where('run_id', '=', runId);
  if (database !== undefined) query = query.where('database_name', '=', database);
  const row = await query.orderBy('started_at', 'desc').orderBy('id', 'desc').limit(1).executeTakeFirst();
  return row === undefined ? null : toBackup(row);
}

export async function findBackup(db: Reader, id: string): Promise<Backup | null> {
  const row = await db.selectFrom('backup').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toBackup(row);
}

/** Those that are not deleted, oldest first. */
export async function listKeptBackups(
  db: Reader,
  { clusterId, policyId, database }: { clusterId: string; policyId?: string; database?: string },
): Promise<readonly Backup[]> {
  let query = db.selectFrom('backup').selectAll().where('cluster_id', '=', clusterId).where('state', '<>', 'DELETED');
  if (policyId !== undefined) query = query.where('policy_id', '=', policyId);
  if (database !== undefined) query = query.where('database_name', '=', database);
  return (await query.orderBy('started_at').orderBy('id').execute()).map(toBackup);
}

/** When the newest verified backup of a whole database that can still be restored from was verified; null = there is none. */
export async function newestBackupAt(db: Reader, clusterId: string): Promise<Date | null> {
  const row = await db
    .selectFrom('backup')
    .select((column) => column.fn.max('verified_at').as('newest'))
    .where('cluster_id', '=', clusterId)
    .where('state', 'in', ['AVAILABLE', 'PARTIAL'])
    .where('is_selection', '=', 0)
    .where('database_name', '<>', externalCatalogs)
    .executeTakeFirst();
  return row?.newest ?? null;
}
