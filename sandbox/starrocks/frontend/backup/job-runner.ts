import type { FrontendContext, JobRunner } from '../context.ts';
import type { JobStatus } from '../meta/state.ts';
import { stepBackup } from './backup-steps.ts';
import { emptyTaskList, isDone, JobFailure, type LiveJob } from './jobs.ts';
import { logJob } from './log-job.ts';
import { stepRestore, undoRestore } from './restore-steps.ts';

export function createJobRunner(): JobRunner {
  const live = new Map<number, LiveJob>();
  let tail: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const run = tail.then(work);
    tail = run.catch(() => undefined);
    return run;
  };
  const find = (fe: FrontendContext, dbId: number): LiveJob | null => {
    const logged = fe.group.state.jobs.get(String(dbId));
    const known = live.get(dbId);
    if (!logged) return null;
    const isSame = known?.job.createdAt === logged.createdAt && known.job.label === logged.label;
    // One that ended here keeps the errors of its tasks, which SHOW BACKUP goes on to show.
    if (known && isSame && isDone(known.job) === isDone(logged)) return known;
    const fresh = { job: logged, tasks: emptyTaskList() };
    live.set(dbId, fresh);
    return fresh;
  };
  const stop = async (fe: FrontendContext, one: LiveJob, status: JobStatus) => {
    if (one.job.kind === 'RESTORE') await undoRestore(fe, one.job);
    one.job = { ...one.job, state: 'CANCELLED', status, finishedAt: Date.now() };
    await logJob(fe, one.job);
  };
  return {
    live: (dbId) => live.get(dbId) ?? null,

    round: (fe) =>
      alone(async () => {
        if (!fe.group.isLeader) return;
        for (const { dbId } of fe.group.state.jobs.values()) {
          const one = find(fe, dbId);
          if (!one || isDone(one.job)) continue;
          try {
            await runOne(fe, one);
          } catch (error) {
            const status =
              error instanceof JobFailure ? error.status : { code: 'COMMON_ERROR', message: String(error) };
            await stop(fe, one, status);
          }
        }
      }),

    cancel: (fe, dbId, status) =>
      alone(async () => {
        const one = find(fe, dbId);
        if (one && !isDone(one.job)) await stop(fe, one, status);
      }),
  };
}

async function runOne(fe: FrontendContext, one: LiveJob): Promise<void> {
  const { job } = one;
  if (Date.now() - job.createdAt > fe.pace.ms(job.timeoutMs)) {
    throw new JobFailure('TIMEOUT', job.kind === 'RESTORE' ? `restore job with label: ${job.label}  timeout.` : '');
  }
  one.job = job.kind === 'BACKUP' ? await stepBackup(fe, job, one.tasks) : await stepRestore(fe, job, one.tasks);
}
