import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, Figures } from './benchmark.ts';
import { profiled } from './profiled.ts';
import { withServices } from './with-services.ts';

export type RunOptions = { readonly quick: boolean; readonly profileDir: string | null };

/** Runs a benchmark on services of its own. One that hangs fails. */
export async function runOne(benchmark: Benchmark, { quick, profileDir }: RunOptions): Promise<Figures> {
  const { name, summary, limitSeconds } = benchmark;
  console.log(`${name}: ${summary}`);
  return withServices(async (services) => {
    const say = (line: string) => console.log(`  ${line}`);
    const work = () => benchmark.run({ ...services, profileDir, say }, { quick });
    const late = sleep(limitSeconds * 1000, undefined, { ref: false }).then(() => {
      throw new Error(`${name} has not ended after ${limitSeconds} s`);
    });
    return Promise.race([profileDir === null ? work() : profiled({ dir: profileDir, name }, work), late]);
  });
}
