import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
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
  readonly families: Iterable<string>;
};

export type Prometheus = { readonly pid: number; stop(): Promise<void> };

/**
 * Prometheus of Debian that scrapes these targets and keeps the same families as Starwarden, nothing else: with all of them it
 * would hold nearly three million series and many gigabytes.
 */
export async function startPrometheus({ dir, targets, everySeconds, families }: Order): Promise<Prometheus> {
  const program = findExecutable(['prometheus']);
  if (program === null) throw new Error('prometheus is not installed');
  await mkdir(dir, { recursive: true });
  const regex = [...families].join('|');
  const config = {
    global: { scrape_interval: `${everySeconds}s`, scrape_timeout: `${Math.min(10, everySeconds)}s` },
    scrape_configs: [
      {
        job_name: 'starrocks',
        static_configs: [{ targets }],
        metric_relabel_configs: [{ source_labels: ['__name__'], regex, action: 'keep' }],
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
    '--web.listen-address=127.0.0.1:0',
  ];
  const child = await startChild(program, args, { output, env: { PATH: process.env.PATH } });
  closeSync(output);
  for (const until = Date.now() + 30_000; Date.now() < until && child.alive(); await sleep(100))
    if (readFileSync(log, 'utf8').includes('Server is ready')) return { pid: child.pid, stop: () => child.stop() };
  await child.stop();
  throw new Error(`prometheus does not start: ${readFileSync(log, 'utf8').slice(-1_000)}`);
}
