import { atOnce } from '../lib/at-once.ts';
import { type Bench, defineBenchmark } from '../lib/benchmark.ts';
import { median, percentile, round } from '../lib/statistics.ts';
import { bareJobsPerSecond } from './bare-jobs.ts';
import { type Engine, startEngine } from './engine.ts';

export const runStart = defineBenchmark({
  name: 'run-start',
  summary: 'From asking for a run to the beginning of its first step, and how many no-op runs a worker gets through.',
  full: { starts: 200, rounds: 3, runsPerRound: 200 },
  quick: { starts: 5, rounds: 1, runsPerRound: 10 },
  measure: async (bench, { starts, rounds, runsPerRound }) => {
    const engine = await startEngine(bench, Math.max(20, runsPerRound));
    try {
      await timeStarts(engine, Math.min(starts, 30)); // just-in-time compilation, connections, the buffer pool
      const before = { statements: engine.statements(), runs: await engine.untilIdle() };
      const times = await timeStarts(engine, starts);
      const runs = (await engine.untilIdle()) - before.runs;
      const p50Ms = round(percentile(times, 0.5));
      const p99Ms = round(percentile(times, 0.99));
      bench.say(`${starts} runs, one after the other: first step after ${p50Ms} ms (p50), ${p99Ms} ms (p99)`);
      bench.say(`about ${Math.round((engine.statements() - before.statements) / runs)} SQL statements a run`);

      const speeds = await compare(bench, engine, { rounds, runsPerRound });
      return { p50Ms, p99Ms, ...speeds };
    } finally {
      await engine.close();
    }
  },
});

/** Milliseconds from before `submit` until the step's `apply` is called, run after run. */
async function timeStarts(engine: Engine, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const cluster = engine.clusters[index % engine.clusters.length] ?? '';
    const askedAt = performance.now();
    const { began } = await engine.start(cluster);
    times.push((await began) - askedAt);
    await engine.untilIdle();
  }
  return times;
}

/** Bare jobs and runs in turns, so that whatever else the machine does meets both. */
async function compare(
  bench: Bench,
  engine: Engine,
  { rounds, runsPerRound }: { rounds: number; runsPerRound: number },
): Promise<{ runsPerSecond: number; bareJobsPerSecond: number }> {
  const jobs: number[] = [];
  const runs: number[] = [];
  for (let index = 0; index < rounds; index += 1) {
    // Ten times as many, or a round would be over before it is measured.
    jobs.push(await bareJobsPerSecond(bench.redisUrl, { count: runsPerRound * 10, width: engine.concurrency }));
    runs.push(await runsPerSecond(engine, runsPerRound));
    bench.say(
      `round ${index + 1}: ${Math.round(runs.at(-1) ?? 0)} runs/s, ${Math.round(jobs.at(-1) ?? 0)} bare jobs/s`,
    );
  }
  return { runsPerSecond: round(median(runs)), bareJobsPerSecond: round(median(jobs)) };
}

/** From the first request to the end of the last run, each on a cluster of its own so that none waits for a lock. */
async function runsPerSecond(engine: Engine, count: number): Promise<number> {
  const startedAt = performance.now();
  await atOnce({ count, width: engine.concurrency }, async (index) => {
    await engine.start(engine.clusters[index] ?? '');
  });
  await engine.untilIdle();
  return (count * 1000) / (performance.now() - startedAt);
}
