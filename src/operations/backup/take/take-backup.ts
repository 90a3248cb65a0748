import type { ObjectReader } from '../../../adapters/object-store/port.ts';
import { parseBackupJobs } from '../../../adapters/starrocks/parse.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import {
  backUpCatalogs,
  backUpDatabase,
  cancelBackup,
  cancelCatalogsBackup,
  showBackup,
} from '../../../adapters/starrocks/statements.ts';
import { isOfCatalogs } from '../../../domain/backup/external-catalogs.ts';
import { pollAfterMs } from '../../../domain/backup/poll.ts';
import { type BackupJobRow, backupJobStates } from '../../../domain/topology.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { findRunningJob, whereListed } from './await-turn.ts';
import { type Chosen, chooseObjects } from './choose-objects.ts';
import { ofDatabase, takeParams } from './params.ts';
import { findSnapshot } from './snapshots.ts';

/**
 * Sends BACKUP and waits for its job. A job is recognised by database and snapshot name, because its id changes with the
 * leader. Where SHOW BACKUP does not list the job any more (a later job of the database replaced it), the repository
 * decides.
 */
export const takeBackup = defineStep({
  kind: 'takeBackup',
  params: takeParams,
  about: ofDatabase,
  effect: 'changes',
  ports: ['sql', 'objects'],
  needs: { chosen: [chooseObjects] },
  // As long again for a job that somebody else began between our look and our BACKUP.
  timeoutMs: ({ timeoutSeconds }) => (2 * timeoutSeconds + 300) * 1_000,
  settleMs: 10_000,
  repeat: 'safe', // a name can be used once, so a second BACKUP of it is refused
  describe: ({ database, repository }) => `Back ${database} up to ${repository}`,
  check: async ({ database, repository }, { sql, objects }, { found, signal, startedAt, attempts, now }) => {
    const snapshot = snapshotOf(found.chosen);
    if (snapshot === null) return { state: 'done' };
    // Before BACKUP was ever sent, a job or snapshot of this name is somebody else's.
    const isOurs = attempts > 0;
    const job = isOurs ? await findJob(sql, { database, snapshot }, signal) : null;
    if (job === null) {
      const isThere = ((await findSnapshot(sql, { repository, snapshot }, signal))?.timestamps.length ?? 0) > 0;
      if (isThere && !isOurs)
        return {
          state: 'blocked',
          code: 'ALREADY_EXISTS',
          message: `The name ${snapshot} was used in ${repository} meanwhile`,
          hint: 'Retry it: another name is made.',
        };
      return { state: isThere ? 'done' : 'todo' };
    }
    if (job.state === 'FINISHED') return { state: 'done' };
    if (job.state === 'CANCELLED')
      return {
        state: 'blocked',
        code: 'SQL_FAILED',
        message: `StarRocks gave the backup up: ${job.status}${job.taskErrors ? `, ${job.taskErrors}` : ''}`,
        hint: `Mend the cause, then retry: another name is made. What was uploaded stays under ${snapshot} in the repository.`,
      };
    const ageMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
    const uploaded =
      job.state === 'UPLOADING' ? await countUploaded(() => objects(repository), { snapshot, signal }) : null;
    return { state: 'moving', progress: progressOf(job, uploaded), wakeAfterMs: pollAfterMs(ageMs) };
  },
  apply: async ({ database, repository, timeoutSeconds }, { sql }, { found, signal, attempts }) => {
    const snapshot = snapshotOf(found.chosen);
    if (snapshot === null) return;
    const objects = found.chosen?.objects ?? null;
    const where = { repository, snapshot, timeoutSeconds };
    const statement = isOfCatalogs({ database })
      ? backUpCatalogs({ ...where, catalogs: (objects ?? []).map(({ name }) => name) })
      : backUpDatabase({ ...where, database, ...(objects === null ? {} : { objects }) });
    try {
      await sql.query(statement, { signal, route: 'leader', timeoutMs: 60_000 });
    } catch (error) {
      // An earlier BACKUP of ours, whose answer was lost with its leader, may have arrived after we looked for it.
      if (!(error instanceof AppError) || error.code !== 'SQL_FAILED') throw error;
      if (attempts > 0 && (await findJob(sql, { database, snapshot }, signal)) !== null) return;
      const other = await findRunningJob(sql, database, signal);
      if (other === null || other.name === snapshot) throw error;
      // Sent again until that one is over.
      throw new AppError('SQL_FAILED', `Waits for ${other.what} (${other.state}), which began before ours`, {
        hint: 'Its end is waited for.',
        retryable: true,
      });
    }
  },
  stop: async ({ database }, { sql }, { found, signal }) => {
    const snapshot = snapshotOf(found.chosen);
    if (snapshot === null) return;
    const job = await findJob(sql, { database, snapshot }, signal);
    if (job === null || job.state === 'FINISHED' || job.state === 'CANCELLED') return;
    const statement = isOfCatalogs({ database }) ? cancelCatalogsBackup() : cancelBackup(database);
    await sql.query(statement, { signal, route: 'leader' });
  },
  undo: { impossible: 'A backup is deleted by deleteBackup, which counts what it removes' },
});

function snapshotOf(chosen: Chosen | null): string | null {
  if (chosen === null) throw new AppError('INTERNAL_SERVER_ERROR', 'It was not decided what to back up');
  return chosen.snapshot;
}

async function findJob(
  sql: SqlReader,
  name: { database: string; snapshot: string },
  signal: AbortSignal,
): Promise<BackupJobRow | null> {
  const jobs = parseBackupJobs(await sql.query(showBackup(whereListed(name.database).from), { signal }));
  return jobs.find((job) => job.snapshot === name.snapshot) ?? null;
}

type Uploaded = { readonly objects: number; readonly bytes: number; readonly isAll: boolean };

/** A look must not take longer than what it looks at: no more is counted than a few pages of a listing. */
const mostCounted = 20_000;

/** What lies in the repository so far; null = that cannot be told. */
async function countUploaded(
  open: () => Promise<ObjectReader>,
  { snapshot, signal }: { snapshot: string; signal: AbortSignal },
): Promise<Uploaded | null> {
  try {
    const reader = await open();
    let [objects, bytes] = [0, 0];
    for await (const { size } of reader.list(`__ss_${snapshot}/`, { signal, timeoutMs: 5_000 })) {
      if (objects >= mostCounted) return { objects, bytes, isAll: false };
      objects += 1;
      bytes += size;
    }
    return { objects, bytes, isAll: true };
  } catch (error) {
    // It only says how far it is: the job goes on, whether the store answers us or not.
    if (error instanceof AppError && error.code !== 'LEASE_LOST' && error.code !== 'CANCELED') return null;
    throw error;
  }
}

/** A failed task does not fail the job, which goes on until its timeout: so its errors are shown while it goes on. */
function progressOf(job: BackupJobRow, uploaded: Uploaded | null) {
  const total = backupJobStates.indexOf('FINISHED');
  const tasks = job.unfinishedTasks > 0 ? `, ${count(job.unfinishedTasks, 'task')} left` : '';
  const stored =
    uploaded === null
      ? ''
      : `, ${uploaded.isAll ? '' : 'at least '}${count(uploaded.objects, 'object')} of ${uploaded.bytes} bytes stored`;
  const errors = job.taskErrors === null || job.taskErrors === '' ? '' : `; tasks failed: ${job.taskErrors}`;
  return {
    completed: backupJobStates.indexOf(job.state),
    total,
    message: `${job.state}${tasks}${stored}${errors}`.slice(0, 1_000),
  };
}
