import type { Reading } from '../../../adapters/reading.ts';
import { readDatabaseState } from '../../../adapters/starrocks/read-database-state.ts';
import { neverHeld, notHeldOf } from '../../../domain/backup/not-held.ts';
import { AppError } from '../../../errors.ts';
import type { BackupGround } from '../observe-backup.ts';

/**
 * What a backup of the database will not hold, as far as that can be said before. Only notes: what it holds in the end is
 * read from the snapshot itself.
 */
export async function noteWhatIsHeld(
  { database, tables }: { database: string; tables?: readonly string[] | undefined },
  ground: BackupGround,
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
): Promise<readonly string[]> {
  const never = neverHeld({ ...ground, isNamed: tables !== undefined });
  try {
    const seen = await readDatabaseState(sql, database, { signal, timeoutMs: 20_000 });
    const asked = seen.state.tables.filter(({ name }) => tables?.includes(name) ?? false);
    const rest =
      tables === undefined
        ? notHeldOf(seen, null)
        : notHeldOf({ ...seen, state: { tables: asked.filter(({ type }) => type === 'TABLE') } }, null);
    return [...rest, ...never];
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'CANCELED') throw error;
    return [`What stands in ${database} could not be read: ${error.message}`, ...never];
  }
}
