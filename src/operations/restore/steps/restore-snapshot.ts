import { z } from 'zod';
import { restoreSnapshot as restoreStatement } from '../../../adapters/starrocks/restore-statements.ts';
import type { Backup } from '../../../domain/backup/backup.ts';
import type { BackupCatalogue } from '../../../domain/backup/catalogue.ts';
import type { BackupObject } from '../../../domain/backup/content.ts';
import { pollAfterMs } from '../../../domain/backup/poll.ts';
import { type RestoreJobRow, restoreJobStates } from '../../../domain/topology.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { ofTarget, type RestoreParams, restoreParams, sides } from '../params.ts';
import { findDatabaseId, findRestore, isOver, listTables } from '../read-copy.ts';
import { readSelection } from '../read-selection.ts';
import { cancelOurs } from './cancel-ours.ts';
import { makeTarget } from './make-target.ts';

const params = restoreParams.extend({ side: z.enum(sides) });
type Params = z.infer<typeof params>;

/** How long a job in which tasks fail may stand still before it is given up: StarRocks itself waits a day. */
const patienceMs = 600_000;
const memoShape = z.object({ left: z.number(), state: z.string(), since: z.string() });

/**
 * Sends RESTORE of what one backup brings, and follows its job at the leader. The job is recognised by database, snapshot and
 * timestamp: in a database that this run made there is no other of these. Where it is not listed any more, the statement is
 * sent again, since StarRocks writes a job down before it answers.
 */
export const restoreSnapshot = defineStep({
  kind: 'restoreSnapshot',
  params,
  about: ofTarget,
  effect: 'changes',
  ports: ['sql', 'catalogue'],
  needs: { made: [makeTarget] },
  timeoutMs: ({ timeoutSeconds }) => (timeoutSeconds + 300) * 1_000,
  settleMs: 10_000,
  repeat: 'safe', // one job runs in a database at a time, and what a finished one has made is the same again
  describe: ({ side, database, target }) =>
    side === 'full'
      ? `Restore ${database} into ${target} from the full backup`
      : `Restore what changed since into ${target}`,
  check: async (given, { sql, catalogue }, context) => {
    const { signal, attempts, startedAt, now } = context;
    const { target } = given;
    const databaseId = context.found.made?.databaseId;
    if (databaseId === undefined || (await findDatabaseId(sql, target, signal)) !== databaseId)
      return {
        ...{ state: 'blocked', code: 'PRECONDITION_FAILED', message: `The database ${target} is not there any more` },
        hint: 'Somebody dropped it meanwhile. Retry the run: it is made anew.',
      };
    const { backup, objects } = await ownPart(catalogue, given);
    const job = await findRestore(sql, target, signal);
    if (job === null || !isOf(job, backup) || attempts === 0) {
      if (attempts > 0) return { state: 'todo' };
      if (job !== null && !isOver(job)) return waitFor(job);
      const standing = new Set(await listTables(sql, target, signal));
      const clash = objects.find(({ name, isNew }) => isNew && standing.has(name));
      if (clash === undefined) return { state: 'todo' };
      return {
        ...{ state: 'blocked', code: 'ALREADY_EXISTS', message: `${clash.name} stands in ${target} already` },
        hint: 'Somebody made it there meanwhile; nothing was done to it. Retry the run.',
      };
    }
    if (job.state === 'FINISHED') return { state: 'done' };
    if (job.state === 'CANCELLED')
      return {
        ...{ state: 'blocked', code: 'SQL_FAILED' },
        message: `StarRocks gave the restore up: ${job.status}${job.taskErrors === null ? '' : `, ${job.taskErrors}`}`,
        hint: 'Nothing was done to the tables that stand. Mend the cause, then retry.',
      };
    const memo = memoShape.safeParse(context.memo).data;
    const moved = memo === undefined || memo.left !== job.unfinishedTasks || memo.state !== job.state;
    const since = moved ? now() : new Date(memo.since);
    if (job.taskErrors !== null && now().getTime() - since.getTime() > patienceMs)
      return {
        ...{ state: 'blocked', code: 'SQL_FAILED' },
        message: `Tasks fail on the backends, and nothing has moved for 10 min: ${job.taskErrors}`,
        hint: 'Look at the repository and at the disks of the backends, then retry.',
      };
    const ageMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
    return {
      state: 'moving',
      progress: {
        ...progressOf(job),
        memo: { left: job.unfinishedTasks, state: job.state, since: since.toISOString() },
      },
      wakeAfterMs: pollAfterMs(ageMs),
    };
  },
  apply: async (given, { sql, catalogue }, { signal, attempts }) => {
    const { target, replicas, timeoutSeconds } = given;
    const { backup, objects } = await ownPart(catalogue, given);
    const { repository, snapshot, backupTimestamp } = backup;
    if (snapshot === null || backupTimestamp === null)
      throw new AppError('PRECONDITION_FAILED', `The backup ${backup.id} has no snapshot that RESTORE could name`);
    const statement = restoreStatement({
      ...{ database: target, repository, snapshot, timestamp: backupTimestamp, replicas, timeoutSeconds },
      objects,
    });
    try {
      await sql.query(statement, { signal, route: 'leader', timeoutMs: 120_000 });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'SQL_FAILED') throw error;
      // An earlier RESTORE of ours, whose answer was lost with its leader, may have arrived after we looked for it.
      const job = await findRestore(sql, target, signal);
      if (job === null || isOver(job)) throw error;
      if (attempts > 0 && isOf(job, backup)) return;
      throw new AppError(
        'SQL_FAILED',
        `Waits for the restore of ${job.label} (${job.state}), which began before ours`,
        {
          hint: 'Its end is waited for.',
          retryable: true,
        },
      );
    }
  },
  stop: async (given, { sql, catalogue }, { found, signal }) => {
    const { backup } = await ownPart(catalogue, given);
    await cancelOurs(
      sql,
      { ...given, databaseId: found.made?.databaseId ?? null },
      { isOurs: (job) => isOf(job, backup), signal },
    );
  },
  undo: { nothing: 'It goes with the database that was made for it.' },
});

type Own = {
  readonly backup: Backup;
  /** `isNew`: no earlier step of this run has made the table. */
  readonly objects: readonly (BackupObject & { readonly isNew: boolean })[];
};

async function ownPart(catalogue: Pick<BackupCatalogue, 'find' | 'readContent'>, given: Params): Promise<Own> {
  const { full, incremental, selection } = await readSelection(catalogue, given satisfies RestoreParams);
  if (given.side === 'full')
    return { backup: full, objects: selection.full.map((object) => ({ ...object, isNew: true })) };
  if (incremental === null)
    throw new AppError('PRECONDITION_FAILED', 'There is no incremental backup to restore from any more');
  const split = new Set(selection.split);
  return {
    backup: incremental,
    objects: selection.incremental.map((object) => ({ ...object, isNew: !split.has(object.name) })),
  };
}

function isOf(job: RestoreJobRow, { snapshot, backupTimestamp }: Backup): boolean {
  return job.label === snapshot && job.timestamp === backupTimestamp;
}

function waitFor(job: RestoreJobRow) {
  const message = `Waits for the restore of ${job.label} (${job.state}), which Starwarden did not start`;
  return { state: 'moving', progress: { completed: 0, total: null, message }, wakeAfterMs: 5_000 } as const;
}

function progressOf(job: RestoreJobRow) {
  const tasks = job.unfinishedTasks > 0 ? `, ${count(job.unfinishedTasks, 'task')} left` : '';
  const share = job.progress === null ? '' : ` ${job.progress}`;
  const errors = job.taskErrors === null ? '' : `; tasks failed: ${job.taskErrors}`;
  return {
    completed: restoreJobStates.indexOf(job.state),
    total: restoreJobStates.indexOf('FINISHED'),
    message: `${job.state}${tasks}${share}${errors}`.slice(0, 1_000),
  };
}
