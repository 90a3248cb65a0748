import { decodeSums, encodeSums, type ObjectSums } from '../../domain/backup/object-sums.ts';
import { databaseNow, type Queryable, type Reader } from '../database.ts';
import { isDuplicateKey } from '../store-errors.ts';

/** Remembers what lay in the repository. What was remembered before stays: later verifications compare with the first. */
export async function saveObjectSums(db: Queryable, backupId: string, sums: ObjectSums): Promise<void> {
  try {
    await db
      .insertInto('backup_objects')
      .values({ backup_id: backupId, seen_at: databaseNow, sums: encodeSums(sums) })
      .execute();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

export async function readObjectSums(
  db: Reader,
  backupId: string,
): Promise<{ readonly at: Date; readonly sums: ObjectSums } | null> {
  const row = await db
    .selectFrom('backup_objects')
    .select(['seen_at', 'sums'])
    .where('backup_id', '=', backupId)
    .executeTakeFirst();
  return row === undefined ? null : { at: row.seen_at, sums: decodeSums(row.sums) };
}
