import { parseBackupJobs } from './parse.ts';
import type { SqlCall, SqlRow, StarRocksSql } from './port.ts';
import { showBackup, showDatabases, showRestore } from './statements.ts';

const systemDatabases = new Set(['information_schema', '_statistics_', 'sys', 'mysql']);

/** `database.snapshot` of every backup and restore that has not ended, in all databases the user sees. */
export async function readRunningJobs(sql: StarRocksSql, call: SqlCall = {}): Promise<string[]> {
  const databases = (await sql.query(showDatabases(), call))
    .map(firstColumn)
    .filter((name) => !systemDatabases.has(name));
  const running: string[] = [];
  for (const database of databases) {
    for (const job of parseBackupJobs(await sql.query(showBackup(database), call))) {
      if (job.state !== 'FINISHED' && job.state !== 'CANCELLED') running.push(`${database}.${job.snapshot} (backup)`);
    }
    // SHOW RESTORE is answered locally and lags on followers: ask the leader.
    for (const row of await sql.query(showRestore(database), { ...call, route: 'leader' })) {
      if (row.State !== 'FINISHED' && row.State !== 'CANCELLED')
        running.push(`${database}.${row.Label ?? '?'} (restore)`);
    }
  }
  return running;
}

/** SHOW DATABASES has one column, whose name depends on the version. */
function firstColumn(row: SqlRow): string {
  return Object.values(row)[0] ?? '';
}
