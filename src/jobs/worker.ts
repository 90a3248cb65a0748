import { Worker } from 'bullmq';
import { drive } from '../runs/drive/runner.ts';
import type { Engine } from '../runs/engine.ts';
import { queueName } from './doorbell.ts';
import { startRecoverLoop } from './recover.ts';
import { startScheduleLoop } from './schedules.ts';

export type WorkerOptions = {
  readonly redisUrl: string;
  readonly prefix: string;
  /** How many runs this process drives at the same time. */
  readonly concurrency: number;
  /** How often the database is asked for runs for which no notification came. */
  readonly recoverEveryMs: number;
};

/** Starts driving runs: those that notifications name, and those that the recover loop finds due; and fires schedules. */
export function startWorker(deps: Engine, options: WorkerOptions): { stop(): Promise<void> } {
  const worker = new Worker<{ runId: string }>(queueName, async (job) => drive(deps, job.data.runId), {
    connection: { url: options.redisUrl, maxRetriesPerRequest: null },
    prefix: options.prefix,
    concurrency: options.concurrency,
    skipWaitingForReady: true,
  });
  worker.on('failed', (job, err) =>
    deps.log.error({ runId: job?.data.runId, err }, 'a drive failed; the recover loop tries again'),
  );
  worker.on('error', (err) => deps.log.debug({ err }, 'the queue is away; the recover loop goes on without it'));
  const recover = startRecoverLoop(deps, {
    everyMs: options.recoverEveryMs,
    concurrency: options.concurrency,
  });
  const schedules = startScheduleLoop(deps, { everyMs: options.recoverEveryMs });
  return {
    stop: async () => {
      await Promise.all([schedules.stop(), recover.stop(), worker.close()]);
    },
  };
}
