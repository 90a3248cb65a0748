import { z } from 'zod';
import { loadConfig } from '../../src/config.ts';
import { createContext } from '../../src/context.ts';
import type { RunnerPoint } from '../../src/jobs/runner-deps.ts';
import { startWorker } from '../../src/jobs/worker.ts';

/*
 * A worker process for tests. `CRASH_AT` names a point of the runner at which it stops itself: SIGKILL = it dies as a
 * machine dies, SIGSTOP = it sleeps until somebody wakes it.
 */

const crashAt = z
  .object({
    position: z.number(),
    at: z.enum(['before-record', 'before-effect', 'after-effect', 'after-record']),
    signal: z.enum(['SIGKILL', 'SIGSTOP']),
  })
  .nullable()
  .parse(JSON.parse(process.env.CRASH_AT ?? 'null'));

function stopHere(point: RunnerPoint): void {
  if (crashAt === null || point.position !== crashAt.position || point.at !== crashAt.at) return;
  process.kill(process.pid, crashAt.signal);
  // The signal reaches this thread before anything else is done: SIGSTOP and SIGKILL cannot be caught, only waited for.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, crashAt.signal === 'SIGKILL' ? 60_000 : 50);
}

const config = loadConfig(process.env);
const { ctx, close } = await createContext(config, { observer: stopHere });
const worker = startWorker(ctx.runner, ctx.control, {
  redisUrl: config.redisUrl,
  prefix: config.queuePrefix,
  concurrency: 1,
  recoverEveryMs: config.worker.recoverEveryMs,
});
process.once('SIGTERM', async () => {
  await worker.stop();
  await close();
});
