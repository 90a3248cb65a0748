import { z } from 'zod';
import { parseBackupJobs, parseSnapshots } from '../../../adapters/starrocks/parse.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { backUpDatabase, cancelBackup, showBackup, showSnapshot } from '../../../adapters/starrocks/statements.ts';
import { type BackupJobRow, backupJobStates, type SnapshotRow } from '../../../domain/topology.ts';
import { AppError } from '../../../errors.ts';
import { newId } from '../../../ids.ts';
import { defineStep } from '../../../steps/define.ts';

const snapshotParams = z.object({ database: z.string(), repository: z.string(), snapshot: z.string() });

/** Opens the row in our own history, so that a backup that breaks off is listed as broken instead of missing. */
export const recordBackup = defineStep({
  kind: 'recordBackup',
  params: snapshotParams,
  about: ({ database }) => ({ kind: 'database', id: database, label: database }),
  effect: 'changes',
  ports: ['catalogue'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ database, snapshot }) => `Open the record of backup ${snapshot} of ${database}`,
  check: async ({ database }, { catalogue }, { runId }) =>
    (await catalogue.findOfRun(runId, database)) === null ? { state: 'todo' } : { state: 'done' },
  apply: async ({ database, repository, snapshot }) => {
    const id = newId('bak');
    const ofNoPolicy = { origin: null, policyId: null, tier: null, scheduledFor: null, location: null } as const;
    return {
      state: 'done',
      records: [
        { record: 'backupBegun', backup: { id, database, repository, kind: 'FULL', ...ofNoPolicy } },
        { record: 'backupChosen', backupId: id, chosen: { kind: 'FULL', baseId: null, snapshot, content: null } },
      ],
    };
  },
  undo: { nothing: 'History stays.' },
});

/**
 * The longer the job takes, the more rarely it is asked for: after a tenth of the time so far, between one second and
 * half a minute.
 */
function pollAfterMs(startedAt: Date | null, now: Date): number {
  const takenMs = startedAt === null ? 0 : now.getTime() - startedAt.getTime();
  return Math.min(Math.max(takenMs / 10, 1_000), 30_000);
}

/**
 * Sends BACKUP and waits for its job. A job is recognised by database and snapshot name, because its id changes with the
 * leader. Where SHOW BACKUP does not list the job any more (a later job of the database replaced it), the repository
 * decides.
 */
export const takeBackup = defineStep({
  kind: 'takeBackup',
  params: snapshotParams.extend({ timeoutSeconds: z.number() }),
  about: ({ database }) => ({ kind: 'database', id: database, label: database }),
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: ({ timeoutSeconds }) => (timeoutSeconds + 300) * 1_000,
  settleMs: 10_000,
  repeat: 'safe', // a name can be used once, so a second BACKUP of it is refused
  describe: ({ database, repository, snapshot }) => `Back ${database} up to ${repository} as ${snapshot}`,
  check: async ({ database, repository, snapshot }, { sql }, { signal, startedAt, attempts, now }) => {
    // Before BACKUP was ever sent, a job or snapshot of this name is somebody else's.
    const isOurs = attempts > 0;
    const job = isOurs ? await findJob(sql, { database, snapshot }, signal) : null;
    if (job === null) {
      const isThere = ((await findSnapshot(sql, { repository, snapshot }, signal))?.timestamps.length ?? 0) > 0;
      if (isThere && !isOurs) {
        return {
          state: 'blocked',
          code: 'ALREADY_EXISTS',
          message: `The name ${snapshot} was used in ${repository} meanwhile`,
          hint: 'Choose another name, or leave it out.',
        };
      }
      return { state: isThere ? 'done' : 'todo' };
    }
    if (job.state === 'FINISHED') return { state: 'done' };
    if (job.state === 'CANCELLED') {
      return {
        state: 'blocked',
        code: 'SQL_FAILED',
        message: `StarRocks gave the backup up: ${job.status}${job.taskErrors ? `, ${job.taskErrors}` : ''}`,
        hint: 'Its name stays blocked in the repository. Mend the cause, then ask for a new backup.',
      };
    }
    return { state: 'moving', progress: progressOf(job), wakeAfterMs: pollAfterMs(startedAt, now()) };
  },
  apply: async (params, { sql }, { signal, attempts }) => {
    try {
      await sql.query(backUpDatabase(params), { signal, route: 'leader', timeoutMs: 60_000 });
    } catch (error) {
      // An earlier BACKUP of ours, whose answer was lost with its leader, may have arrived after we looked for it.
      const isRefused = error instanceof AppError && error.code === 'SQL_FAILED';
      if (!isRefused || attempts === 0 || (await findJob(sql, params, signal)) === null) throw error;
    }
  },
  stop: async ({ database, snapshot }, { sql }, { signal }) => {
    const job = await findJob(sql, { database, snapshot }, signal);
    if (job === null || job.state === 'FINISHED' || job.state === 'CANCELLED') return;
    await sql.query(cancelBackup(database), { signal, route: 'leader' });
  },
  undo: { impossible: 'StarRocks cannot drop a snapshot before 4.2; delete __ss_<name>/ in the repository by hand' },
});

const whole = {
  ...({ state: 'AVAILABLE', problem: null, content: null, notHeld: [], snapshotAt: null } as const),
  ...{ sizeBytes: null, objectCount: null, tableCount: null, partitionCount: null },
} as const;

/** The snapshot is whole when the repository lists it with a timestamp; that timestamp is what a restore needs. */
export const verifySnapshot = defineStep({
  kind: 'verifySnapshot',
  params: snapshotParams,
  about: ({ repository }) => ({ kind: 'repository', id: repository, label: repository }),
  effect: 'looks',
  ports: ['sql', 'catalogue'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: ({ repository, snapshot }) => `See that ${repository} holds ${snapshot}`,
  check: async ({ database }, { catalogue }, { runId }) => {
    const backup = await catalogue.findOfRun(runId, database);
    return backup?.verifiedAt
      ? { state: 'done', facts: { backupTimestamp: backup.backupTimestamp } }
      : { state: 'todo' };
  },
  apply: async ({ database, repository, snapshot }, { sql, catalogue }, { signal, log, runId }) => {
    const backup = await catalogue.findOfRun(runId, database);
    if (backup === null)
      throw new AppError('POSTCHECK_FAILED', 'The record of the backup is gone', { hint: 'Ask for a new backup.' });
    const found = await findSnapshot(sql, { repository, snapshot }, signal);
    const [timestamp] = found?.timestamps ?? [];
    if (found === null || timestamp === undefined || !isWhole(found)) {
      throw new AppError(
        'POSTCHECK_FAILED',
        `The repository ${repository} does not hold ${snapshot}: ${found?.status ?? 'no such snapshot'}`,
        // With a timestamp the snapshot is there, and could only not be read just now.
        { hint: 'Look at the repository in the object store.', retryable: timestamp !== undefined },
      );
    }
    log(`${repository} holds ${snapshot}, timestamp ${timestamp}`);
    return {
      state: 'done',
      facts: { backupTimestamp: timestamp },
      records: [
        { record: 'backupEnded', backupId: backup.id, ended: { ...whole, backupTimestamp: timestamp } } as const,
        {
          ...{ record: 'backupChecked', backupId: backup.id, level: 'L0', passed: true },
          ...{ message: `${repository} lists it`, objects: null, bytes: null },
        } as const,
      ],
    };
  },
  undo: { nothing: 'It only reads.' },
});

/**
 * True when the repository can read the snapshot. Any other status (`Failed to get info: …`) leaves a doubt, and a backup
 * in doubt does not count.
 */
export function isWhole({ status }: SnapshotRow): boolean {
  return /^OK$/i.test(status);
}

export async function findSnapshot(
  sql: SqlReader,
  name: { repository: string; snapshot: string },
  signal: AbortSignal,
): Promise<SnapshotRow | null> {
  // Listing a bucket may take long.
  const rows = parseSnapshots(await sql.query(showSnapshot(name), { signal, timeoutMs: 60_000 }));
  return rows.find((row) => row.snapshot === name.snapshot) ?? null;
}

async function findJob(
  sql: SqlReader,
  name: { database: string; snapshot: string },
  signal: AbortSignal,
): Promise<BackupJobRow | null> {
  const jobs = parseBackupJobs(await sql.query(showBackup(name.database), { signal }));
  return jobs.find((job) => job.snapshot === name.snapshot) ?? null;
}

function progressOf(job: BackupJobRow) {
  const total = backupJobStates.indexOf('FINISHED');
  const tasks = job.unfinishedTasks > 0 ? `, ${job.unfinishedTasks} tasks left` : '';
  return {
    completed: backupJobStates.indexOf(job.state),
    total,
    message: `${job.state}${tasks}${job.progress ? ` ${job.progress}` : ''}`,
  };
}
