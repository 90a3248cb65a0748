import type { Backup } from '../../domain/cluster.ts';
import type { NewBackup } from '../../domain/inventory.ts';
import { toBackup } from '../clusters/cluster-rows.ts';
import { databaseNow, type Queryable, type Reader } from '../database.ts';
import { isDuplicateKey } from '../store-errors.ts';

export async function findBackupOfRun(db: Reader, runId: string): Promise<Backup | null> {
  const row = await db.selectFrom('backup').selectAll().where('run_id', '=', runId).executeTakeFirst();
  return row === undefined ? null : toBackup(row, true);
}

/** When the newest verified backup of the cluster was verified; null = there is none. */
export async function newestBackupAt(db: Reader, clusterId: string): Promise<Date | null> {
  const row = await db
    .selectFrom('backup')
    .select((column) => column.fn.max('verified_at').as('newest'))
    .where('cluster_id', '=', clusterId)
    .executeTakeFirst();
  return row?.newest ?? null;
}

/** Opens the row of a run's backup. A repeat after a crash finds it there and changes nothing. */
export async function insertBackup(
  db: Queryable,
  backup: NewBackup & { readonly clusterId: string; readonly runId: string },
): Promise<void> {
  try {
    await db
      .insertInto('backup')
      .values({
        id: backup.id,
        cluster_id: backup.clusterId,
        run_id: backup.runId,
        database_name: backup.database,
        repository: backup.repository,
        snapshot: backup.snapshot,
        backup_timestamp: null,
        started_at: databaseNow,
        verified_at: null,
      })
      .execute();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

/** Records that the repository holds the backup, under this timestamp. */
export async function completeBackup(db: Queryable, runId: string, backupTimestamp: string): Promise<void> {
  await db
    .updateTable('backup')
    .set({ backup_timestamp: backupTimestamp, verified_at: databaseNow })
    .where('run_id', '=', runId)
    .execute();
}
