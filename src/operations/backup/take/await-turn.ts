import { parseBackupJobs } from '../../../adapters/starrocks/parse.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { showBackup, showRestore } from '../../../adapters/starrocks/statements.ts';
import type { BackupCatalogue } from '../../../domain/backup/catalogue.ts';
import { externalCatalogs } from '../../../domain/backup/external-catalogs.ts';
import { pollAfterMs } from '../../../domain/backup/poll.ts';
import { defineStep } from '../../../steps/define.ts';
import { ofDatabase, takeParams } from './params.ts';

const longestWaitMs = 7 * 24 * 3_600_000;

/**
 * StarRocks runs one backup or restore of a database at a time. Whatever runs there is waited for and named; a job that
 * Starwarden did not start is never touched.
 */
export const awaitTurn = defineStep({
  kind: 'awaitTurn',
  params: takeParams.pick({ database: true }),
  about: ofDatabase,
  effect: 'waits',
  ports: ['sql', 'catalogue'],
  timeoutMs: longestWaitMs,
  repeat: 'safe',
  describe: ({ database }) => `Wait until no backup or restore of ${database} runs`,
  check: async ({ database }, { sql, catalogue }, { signal, startedAt, now, clusterId }) => {
    const running = await findRunningJob(sql, database, signal);
    if (running === null) return { state: 'done' };
    const whose = await whoStarted(catalogue, { clusterId, database, job: running });
    const waitedMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `Waits for ${running.what} (${running.state}), ${whose}` },
      wakeAfterMs: pollAfterMs(waitedMs),
    };
  },
  undo: { nothing: 'It only waits.' },
});

type RunningJob = { readonly name: string; readonly what: string; readonly state: string };

/** The backup or restore of a database that has not ended; null = none. */
export async function findRunningJob(
  sql: SqlReader,
  database: string,
  signal: AbortSignal,
): Promise<RunningJob | null> {
  // A follower lags behind, and shows other states: ask the leader. The job of external catalogs has no database, and is
  // listed for each: a database has no reason to wait for it.
  const call = { signal, route: 'leader' } as const;
  const { from, named } = whereListed(database);
  const backup = parseBackupJobs(await sql.query(showBackup(from), call)).find(
    (job) => job.database === named && !isOver(job.state),
  );
  if (backup !== undefined)
    return { name: backup.snapshot, what: `the backup ${backup.snapshot}`, state: backup.state };
  const restores = await sql.query(showRestore(from), call);
  const restore = restores.find((row) => (row.DbName ?? '') === named && !isOver(row.State));
  if (restore === undefined) return null;
  return { name: restore.Label ?? '', what: `the restore of ${restore.Label}`, state: restore.State ?? 'unknown' };
}

/** What a job is listed under, and the database that its row names. */
export function whereListed(database: string): { readonly from: string; readonly named: string } {
  // This database is always there, and has no jobs of its own that the user might not be allowed to see.
  return database === externalCatalogs
    ? { from: 'information_schema', named: '' }
    : { from: database, named: database };
}

function isOver(state: string | null | undefined): boolean {
  return state === 'FINISHED' || state === 'CANCELLED';
}

async function whoStarted(
  catalogue: BackupCatalogue,
  { clusterId, database, job }: { clusterId: string; database: string; job: RunningJob },
): Promise<string> {
  const ours = (await catalogue.list({ clusterId, database })).find(({ snapshot }) => snapshot === job.name);
  return ours === undefined ? 'which Starwarden did not start' : `of run ${ours.runId}`;
}
