import { isSystemDatabase } from '../../domain/system-databases.ts';
import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { parseBackupJobs } from './parse.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import { showBackup, showDatabases, showRestore } from './statements.ts';

/** How many databases are asked at the same time; each costs two statements. */
const atOnce = 6;

/**
 * `database.snapshot` of every backup and restore that has not ended, in all databases the user sees. Throws `SQL_FAILED`
 * where there are more databases than may be asked.
 */
export async function readRunningJobs(
  sql: SqlReader,
  call: SqlCall = {},
  { mostDatabases = Number.POSITIVE_INFINITY }: { readonly mostDatabases?: number } = {},
): Promise<string[]> {
  const databases = (await sql.query(showDatabases(), call))
    .map(firstColumn)
    .filter((name) => !isSystemDatabase(name) && name !== 'mysql');
  if (databases.length > mostDatabases)
    throw new AppError('SQL_FAILED', `${databases.length} databases are more than the ${mostDatabases} that are asked`);
  const running = await inParallel(databases, atOnce, async (database) => {
    const [backups, restores] = await Promise.all([
      sql.query(showBackup(database), call),
      // SHOW RESTORE is answered by the frontend itself, and followers lag behind: ask the leader.
      sql.query(showRestore(database), { ...call, route: 'leader' }),
    ]);
    return [
      ...parseBackupJobs(backups)
        .filter((job) => !isOver(job.state))
        .map((job) => `${database}.${job.snapshot} (backup)`),
      ...restores.filter((row) => !isOver(row.State)).map((row) => `${database}.${row.Label ?? '?'} (restore)`),
    ];
  });
  return running.flat();
}

function isOver(state: string | null | undefined): boolean {
  return state === 'FINISHED' || state === 'CANCELLED';
}

/** SHOW DATABASES has one column, and its name depends on the version. */
function firstColumn(row: SqlRow): string {
  return Object.values(row)[0] ?? '';
}
