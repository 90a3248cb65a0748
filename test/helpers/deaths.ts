import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { drivenRunStates } from '../../src/domain/run.ts';
import type { RunnerPoint } from '../../src/runs/engine.ts';
import { databaseNowPlus } from '../../src/store/database.ts';
import { readRun } from '../../src/store/runs/runs.ts';
import type { Engine } from './engine.ts';

/** A point of the runner for every step of a kind: `before-effect` of `swapBinaries`. */
export type KindPoint = `${RunnerPoint['at']} ${string}`;

/** Points around the effect of each of these kinds of step. */
export const aroundEffects = (...kinds: readonly string[]): KindPoint[] =>
  kinds.flatMap((kind): KindPoint[] => [`before-effect ${kind}`, `after-effect ${kind}`]);
export const afterRecords = (...kinds: readonly string[]): KindPoint[] =>
  kinds.map((kind): KindPoint => `after-record ${kind}`);

type Worker = {
  readonly child: ChildProcess;
  /** Lets it begin to work, and die at the first of these points that it comes to. */
  begin(points: readonly KindPoint[]): void;
  /** Where it died, or null. */
  readonly died: Promise<KindPoint | null>;
};

/** A worker process that has loaded everything and waits: the death of one costs no time until the next goes on. */
export function spawnCrashWorker(engine: Engine): Worker {
  const file = fileURLToPath(new URL('./crash-worker.ts', import.meta.url));
  const child = spawn(process.execPath, [file], {
    env: { ...engine.env, PATH: process.env.PATH, CRASH_AT: '-' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => {}); // it was killed before it read
  return {
    child,
    begin: (points) => child.stdin.end(JSON.stringify(points.map(toCrashPoint))),
    died: Promise.all([text(child.stdout), once(child, 'exit')]).then(([said]) => pointIn(said)),
  };
}

/** Ends a worker process at once, wherever it is. */
export async function killWorker({ child, died }: Worker): Promise<void> {
  child.kill('SIGKILL');
  await died;
}

/**
 * Works on a run with one process after the other, each of which is killed at the first of the points that it comes to and
 * that none before it has died at. Answers where they died, in order, once the run needs nobody any more.
 */
export async function workWithDeaths(
  engine: Engine,
  { runId, points, limitMs }: { runId: string; points: readonly KindPoint[]; limitMs: number },
): Promise<KindPoint[]> {
  const deaths: KindPoint[] = [];
  const until = Date.now() + limitMs;
  let spare: Worker | null = null;
  try {
    for (;;) {
      const worker = spare ?? spawnCrashWorker(engine);
      worker.begin(points.filter((point) => !deaths.includes(point)));
      // Whoever begins when all points were met has nothing to die of.
      spare = deaths.length < points.length ? spawnCrashWorker(engine) : null;
      const died = await Promise.race([worker.died, whenLeft(engine, runId, until)]);
      if (died === 'left') {
        await killWorker(worker);
        return deaths;
      }
      if (died === null) throw new Error('a worker ended by itself');
      deaths.push(died);
      await letLeaseEnd(engine, runId);
    }
  } finally {
    if (spare !== null) await killWorker(spare);
  }
}

/**
 * Works on a run with one process after the other, each of which is killed from outside when its moment comes. A moment is
 * only begun to be waited for when its worker begins.
 */
export async function workUntilEach(
  engine: Engine,
  runId: string,
  moments: readonly (() => Promise<unknown>)[],
): Promise<void> {
  let spare = spawnCrashWorker(engine);
  try {
    for (const moment of moments) {
      const worker = spare;
      const come = moment();
      worker.begin([]);
      spare = spawnCrashWorker(engine);
      await come.finally(() => killWorker(worker));
      await letLeaseEnd(engine, runId);
    }
  } finally {
    await killWorker(spare);
  }
}

/** What its time would do: the lease of a worker that died ends, and another may go on. */
export async function letLeaseEnd(engine: Engine, runId: string): Promise<void> {
  await engine.ctx.db
    .updateTable('run')
    .set({ claimed_until: databaseNowPlus(-1_000) })
    .where('id', '=', runId)
    .where('claimed_until', 'is not', null)
    .execute();
}

async function whenLeft(engine: Engine, runId: string, until: number): Promise<'left'> {
  for (;;) {
    const run = await readRun(engine.ctx.db, runId);
    if (!drivenRunStates.some((state) => state === run.state)) return 'left';
    if (Date.now() > until) throw new Error(`run is still ${run.state}: ${JSON.stringify(run.progress)}`);
    await sleep(50);
  }
}

function toCrashPoint(point: KindPoint) {
  const [at, kind] = point.split(' ');
  return { at, kind, signal: 'SIGKILL' };
}

const told = z.object({
  kind: z.string(),
  at: z.enum(['before-record', 'before-effect', 'after-effect', 'after-record']),
});

/** Its last words; before them it may have written a log. */
function pointIn(said: string): KindPoint | null {
  const [words] = said.split('\n').filter((line) => line.startsWith('{"runId"'));
  if (words === undefined) return null;
  const { kind, at } = told.parse(JSON.parse(words));
  return `${at} ${kind}`;
}
