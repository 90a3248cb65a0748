import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, Figures } from './benchmark.ts';
import { withServices } from './with-services.ts';

const limitMs = 180_000;

/** Runs a benchmark on services of its own. One that hangs fails. */
export async function runOne(
  benchmark: Benchmark,
  { quick, profileDir }: { quick: boolean; profileDir: string | null },
): Promise<Figures> {
  const say = (line: string) => console.log(`  ${line}`);
  console.log(`${benchmark.name}: ${benchmark.summary}`);
  if (profileDir !== null) mkdirSync(profileDir, { recursive: true });
  return withServices(async (services) => {
    const late = sleep(limitMs, undefined, { ref: false }).then(() => {
      throw new Error(`${benchmark.name} has not ended after ${limitMs / 1000} s`);
    });
    return Promise.race([benchmark.run({ ...services, profileDir, say }, { quick }), late]);
  });
}
