import type { InventoryRecord } from '../../domain/inventory.ts';
import { databaseNow, type Queryable } from '../database.ts';

type Checked = Extract<InventoryRecord, { record: 'backupChecked' }>;

/** Keeps the result of a verification. One that passed or failed says something of the backup itself, too. */
export async function saveCheck(
  db: Queryable,
  { id, clusterId, runId }: { id: string; clusterId: string; runId: string },
  { level, passed, message, objects, bytes }: Checked,
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
  if (passed === null) return;
  await db
    .updateTable('backup')
    .set(passed ? { verified_at: databaseNow } : { state: 'BROKEN', problem: message.slice(0, 2_000) })
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .where('state', 'in', ['RUNNING', 'AVAILABLE', 'PARTIAL'])
    .execute();
}
