import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { RunOptions } from './run-one.ts';

const figures = z.record(z.string(), z.number());

/**
 * Runs benchmarks one after the other, each in a process of its own: what one leaves in the heap must not slow down
 * the next. Passes on what they print, and answers the figures by name.
 */
export async function runEach(
  names: readonly string[],
  { program, quick, profileDir }: RunOptions & { readonly program: string },
): Promise<Record<string, z.infer<typeof figures>>> {
  const options = [...(quick ? ['--quick'] : []), ...(profileDir === null ? [] : ['--profile', profileDir])];
  const results: Record<string, z.infer<typeof figures>> = {};
  for (const name of names) {
    const child = spawn(process.execPath, [program, name, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    const stopped = once(child, 'close');
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    process.on('SIGINT', pass).on('SIGTERM', pass);
    let lastLine = '';
    for await (const line of createInterface({ input: child.stdout })) {
      console.log(line);
      lastLine = line;
    }
    const [code] = await stopped;
    process.off('SIGINT', pass).off('SIGTERM', pass);
    if (code !== 0) throw new Error(`the benchmark ${name} failed`);
    results[name] = figures.parse(JSON.parse(lastLine));
  }
  return results;
}
