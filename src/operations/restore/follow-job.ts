import { z } from 'zod';
import type { Backup } from '../../domain/backup/backup.ts';
import { pollAfterMs } from '../../domain/backup/poll.ts';
import type { Check } from '../../domain/next-action.ts';
import { type RestoreJobRow, restoreJobStates } from '../../domain/topology.ts';
import { count } from '../../domain/words.ts';
import type { StepContext } from '../../steps/define.ts';

/** How long a job in which tasks fail may stand still before it is given up: StarRocks itself waits a day. */
const patienceMs = 600_000;
/** What a finished job has made is looked after at once: its partitions would be dropped by the next turn of their schedule. */
const longestWaitMs = 10_000;
const memoShape = z.object({ left: z.number(), state: z.string(), since: z.string() });

/** Whether the job is of this backup. */
export function isOf(job: RestoreJobRow, { snapshot, backupTimestamp }: Backup): boolean {
  return job.label === snapshot && job.timestamp === backupTimestamp;
}

export function waitFor(job: RestoreJobRow): Check<never> {
  const message = `Waits for the restore of ${job.label} (${job.state}), which Starwarden did not start`;
  return { state: 'moving', progress: { completed: 0, total: null, message }, wakeAfterMs: 5_000 };
}

/** Goes along with a job of ours that has not finished. One that does not move while its tasks fail is given up. */
export function follow(
  job: RestoreJobRow,
  { memo: remembered, now, startedAt }: Pick<StepContext, 'memo' | 'now' | 'startedAt'>,
): Check<never> {
  if (job.state === 'CANCELLED')
    return {
      ...{ state: 'blocked', code: 'SQL_FAILED' },
      message: `StarRocks gave the restore up: ${job.status}${job.taskErrors === null ? '' : `, ${job.taskErrors}`}`,
      hint: 'StarRocks removes what the job had made. Mend the cause, look what stands there, then ask again.',
    };
  const memo = memoShape.safeParse(remembered).data;
  const moved = memo === undefined || memo.left !== job.unfinishedTasks || memo.state !== job.state;
  const since = moved ? now() : new Date(memo.since);
  if (job.taskErrors !== null && now().getTime() - since.getTime() > patienceMs)
    return {
      ...{ state: 'blocked', code: 'SQL_FAILED' },
      message: `Tasks fail on the backends, and nothing has moved for 10 min: ${job.taskErrors}`,
      hint: 'Look at the repository and at the disks of the backends. Where the job goes on, CANCEL RESTORE ends it.',
    };
  const ageMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
  return {
    state: 'moving',
    progress: {
      ...progressOf(job),
      memo: { left: job.unfinishedTasks, state: job.state, since: since.toISOString() },
    },
    wakeAfterMs: Math.min(pollAfterMs(ageMs), longestWaitMs),
  };
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
