import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../../scripts/lib/child.mjs';
import { findExecutable } from '../../scripts/lib/programs.mjs';

export const needed = [{ program: 'prometheus', packages: ['prometheus'] }] as const;

type Order = {
  readonly dir: string;
  /** `host:port`. */
  readonly targets: readonly string[];
  readonly everySeconds: number;
  /** Which of the pages are kept; null = all of them. */
  readonly families: Iterable<string> | null;
  /** What all targets have beside their address. */
  readonly labels?: Readonly<Record<string, string>>;
};

export type Prometheus = { readonly pid: number; readonly url: string; stop(): Promise<void> };

/**
 * Prometheus of Debian that scrapes these targets. The benchmark has it keep the same families as Starwarden and nothing else:
 * with all of them it would hold nearly three million series and many gigabytes.
 */
export async function startPrometheus({
  dir,
  targets,
  everySeconds,
  families,
  labels = {},
}: Order): Promise<Prometheus> {
  const program = findExecutable(['prometheus']);
  if (program === null) throw new Error('prometheus is not installed');
  await mkdir(dir, { recursive: true });
  const keep = families === null ? null : [...families].join('|');
  const port = await freePort();
  const config = {
    global: { scrape_interval: `${everySeconds}s`, scrape_timeout: `${Math.min(10, everySeconds)}s` },
    scrape_configs: [
      {
        job_name: 'starrocks',
        static_configs: [{ targets, labels }],
        ...(keep !== null && {
          metric_relabel_configs: [{ source_labels: ['__name__'], regex: keep, action: 'keep' }],
        }),
      },
    ],
  };
  const file = join(dir, 'prometheus.yml');
  await writeFile(file, JSON.stringify(config)); // YAML, too
  const log = join(dir, 'prometheus.log');
  const output = openSync(log, 'a', 0o600);
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = await startChild(program, args, { output, env: { PATH: process.env.PATH } });
  closeSync(output);
  for (const until = Date.now() + 30_000; Date.now() < until && child.alive(); await sleep(100))
    if (readFileSync(log, 'utf8').includes('Server is ready'))
      return { pid: child.pid, url: `http://127.0.0.1:${port}`, stop: () => child.stop() };
  await child.stop();
  throw new Error(`prometheus does not start: ${readFileSync(log, 'utf8').slice(-1_000)}`);
}

/** Prometheus does not say which port it took. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
