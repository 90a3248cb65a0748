import type { Verification } from '../../domain/backup/backup.ts';
import type { InventoryRecord } from '../../domain/inventory.ts';
import { databaseNow, type Queryable, type Reader } from '../database.ts';
import { toVerification } from './backup-rows.ts';
import { saveObjectSums } from './object-sums.ts';

type Checked = Extract<InventoryRecord, { record: 'backupChecked' }>;

/** Keeps the result of a verification. One that passed or failed says something of the backup itself, too. */
export async function saveCheck(
  db: Queryable,
  { id, clusterId, runId }: { id: string; clusterId: string; runId: string },
  { level, passed, message, objects, bytes, remembered }: Checked,
): Promise<void> {
  await db
    .insertInto('backup_verification')
    .values({
      backup_id: id,
      level,
      at: databaseNow,
      run_id: runId,
      passed: passed === null ? null : Number(passed),
      message: message.slice(0, 2_000),
      objects,
      bytes,
    })
    .execute();
  if (remembered !== undefined) await saveObjectSums(db, id, remembered);
  if (passed === null) return;
  await db
    .updateTable('backup')
    .set(passed ? { verified_at: databaseNow } : { state: 'BROKEN', problem: message.slice(0, 2_000) })
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .where('state', 'in', ['RUNNING', 'AVAILABLE', 'PARTIAL'])
    .execute();
}

/** Oldest first. */
export async function listChecks(db: Reader, backupId: string): Promise<readonly Verification[]> {
  const rows = await db
    .selectFrom('backup_verification')
    .selectAll()
    .where('backup_id', '=', backupId)
    .orderBy('at')
    .orderBy('level')
    .execute();
  return rows.map(toVerification);
}
