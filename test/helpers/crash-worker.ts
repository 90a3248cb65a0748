import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { createContext } from '../../src/app/context.ts';
import { loadConfig } from '../../src/config.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import type { RunnerPoint } from '../../src/runs/engine.ts';

/*
 * A worker process for tests. `CRASH_AT` names points of the runner, by position or by kind of step; at the first of them
 * that it comes to, it tells which and stops itself: SIGKILL = it dies as a machine dies, SIGSTOP = it sleeps until somebody
 * wakes it. With `-` in its place the points are read from standard input: the worker is loaded, and begins when they come.
 */

const crashPoint = z.object({
  position: z.number().optional(),
  kind: z.string().optional(),
  at: z.enum(['before-record', 'before-effect', 'after-effect', 'after-record']),
  signal: z.enum(['SIGKILL', 'SIGSTOP']),
});
const crashAt = z.union([z.array(crashPoint), crashPoint.transform((point) => [point]), z.null().transform(() => [])]);

flushCompileCache(); // it is not there to do so when it ends

const given = process.env.CRASH_AT ?? 'null';
const points = crashAt.parse(JSON.parse(given === '-' ? await text(process.stdin) : given));

function stopHere(point: RunnerPoint): void {
  const found = points.find(
    ({ position, kind, at }) =>
      at === point.at && (position ?? point.position) === point.position && (kind ?? point.kind) === point.kind,
  );
  if (found === undefined) return;
  writeSync(1, `${JSON.stringify(point)}\n`);
  process.kill(process.pid, found.signal);
  // The signal reaches this thread before anything else is done: SIGSTOP and SIGKILL cannot be caught, only waited for.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, found.signal === 'SIGKILL' ? 60_000 : 50);
}

// Whoever started it may be killed as well, and then nobody would end it.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit();
}, 500).unref();

const config = loadConfig(process.env);
const { ctx, close } = await createContext(config, { observer: stopHere });
const worker = startWorker(ctx.engine, {
  redisUrl: config.redisUrl,
  prefix: config.queuePrefix,
  concurrency: 1,
  recoverEveryMs: config.worker.recoverEveryMs,
});
process.once('SIGTERM', async () => {
  await worker.stop();
  await close();
});
