import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const autocannon = fileURLToPath(import.meta.resolve('autocannon'));

const report = z.object({
  requests: z.object({ total: z.number() }),
  duration: z.number(),
  latency: z.object({ p50: z.number(), p99: z.number() }),
  errors: z.number(),
  timeouts: z.number(),
  non2xx: z.number(),
});

export type Load = {
  readonly url: string;
  readonly token: string;
  /** What is sent, as JSON. */
  readonly body: object;
  readonly connections: number;
  readonly seconds: number;
  /** For the file with the body. */
  readonly dir: string;
};

export type LoadResult = { readonly requestsPerSecond: number; readonly p50Ms: number; readonly p99Ms: number };

/**
 * Sends the same request over and over, each connection as soon as it has its answer. In a process of its own, so that
 * making the load does not slow down what is measured. An answer that is no success is a failure of the benchmark.
 */
export async function generateLoad({ url, token, body, connections, seconds, dir }: Load): Promise<LoadResult> {
  const bodyFile = join(dir, 'body.json');
  await writeFile(bodyFile, JSON.stringify(body));
  const { stdout } = await run(process.execPath, [
    ...[autocannon, '--json', '--no-progress', '--method', 'POST', '--input', bodyFile],
    ...['--headers', 'Content-Type=application/json', '--headers', `Authorization=Bearer ${token}`],
    ...['--connections', String(connections), '--duration', String(seconds), url],
  ]);
  const { requests, duration, latency, errors, timeouts, non2xx } = report.parse(JSON.parse(stdout));
  if (errors + timeouts + non2xx > 0 || requests.total === 0)
    throw new Error(`of ${requests.total} requests ${errors} broke, ${timeouts} were too late, ${non2xx} were refused`);
  return { requestsPerSecond: requests.total / duration, p50Ms: latency.p50, p99Ms: latency.p99 };
}
