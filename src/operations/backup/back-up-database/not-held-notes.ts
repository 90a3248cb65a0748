import type { Reading } from '../../../adapters/reading.ts';
import { readDatabaseState } from '../../../adapters/starrocks/read-database-state.ts';
import { cannotBeTaken } from '../../../domain/backup/changes.ts';
import { materializedNotHeld, neverHeld, notHeldOf } from '../../../domain/backup/not-held.ts';
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
  try {
    const seen = await readDatabaseState(sql, database, { signal, timeoutMs: 20_000 });
    const asked = seen.state.tables.filter(({ name }) => tables?.includes(name) ?? false);
    // Where something stands that BACKUP refuses, it names all the rest.
    const isNamed = tables !== undefined || seen.foreign.length > 0 || cannotBeTaken(seen.state).length > 0;
    const reach = { ...ground, isNamed };
    const rest =
      tables === undefined
        ? notHeldOf(seen, null, reach)
        : notHeldOf({ ...seen, state: { tables: asked.filter(({ type }) => type === 'TABLE') } }, null, reach);
    return [...rest, ...neverHeld(reach)];
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'CANCELED') throw error;
    const reach = { ...ground, isNamed: tables !== undefined };
    return [
      `What stands in ${database} could not be read: ${error.message}`,
      ...(tables === undefined ? materializedNotHeld(reach) : []),
      ...neverHeld(reach),
    ];
  }
}
