import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const figures = z.record(z.string(), z.number());

/**
 * Runs benchmarks one after the other, each in a process of its own: what one leaves in the heap must not slow down
 * the next. Passes on what they print, and answers the figures by name.
 */
export async function runEach(
  names: readonly string[],
  { program, options }: { program: string; options: readonly string[] },
): Promise<Record<string, z.infer<typeof figures>>> {
  const results: Record<string, z.infer<typeof figures>> = {};
  for (const name of names) {
    const child = spawn(process.execPath, [program, name, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    const stopped = once(child, 'close');
    let lastLine = '';
    for await (const line of createInterface({ input: child.stdout })) {
      console.log(line);
      lastLine = line;
    }
    const [code] = await stopped;
    if (code !== 0) throw new Error(`the benchmark ${name} failed`);
    results[name] = figures.parse(JSON.parse(lastLine));
  }
  return results;
}
