import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { z } from 'zod';
import { findExecutable } from '../../scripts/lib/programs.mjs';
import { catalogue } from '../../src/domain/metrics/catalogue/index.ts';
import { wantedFamilies } from '../../src/domain/metrics/wanted.ts';
import { openDatabase } from '../../src/store/database.ts';
import { latestOfClusters } from '../../src/store/reads/metric-history.ts';
import { type Bench, defineBenchmark } from '../lib/benchmark.ts';
import { environment } from '../lib/environment.ts';
import { requirePrograms } from '../lib/require-programs.ts';
import { startServerProcess } from '../lib/server-process.ts';
import { round } from '../lib/statistics.ts';
import { nodesOf } from './layout.ts';
import { cpuSecondsOf, peakMbOf } from './process-cost.ts';
import { needed, startPrometheus } from './prometheus.ts';

const countsShape = z.object({ theirs: z.number(), ours: z.number() });
const nodesEach = 20;

/**
 * What it costs to look at very many nodes: the monitor, with its MariaDB and all its rules, and Prometheus, at the same time, at
 * the same endpoints. The first looks are not counted: both make then what they keep.
 */
export const probeBenchmark = defineBenchmark({
  name: 'probe',
  summary: 'A look at 1,000 nodes every 15 s, with pages of 200 KB, beside Prometheus that scrapes the same.',
  full: { clusters: 50, everySeconds: 15, warmSeconds: 40, seconds: 60, mayInstall: true },
  quick: { clusters: 2, everySeconds: 2, warmSeconds: 5, seconds: 5, mayInstall: false },
  measure: async (bench, { clusters, everySeconds, warmSeconds, seconds, mayInstall }) => {
    if (mayInstall) requirePrograms({ needed, rivals: 'Prometheus', say: bench.say });
    await using undo = new AsyncDisposableStack();
    const block = 1 + Math.floor(Math.random() * 200);
    const dir = join(bench.dir, 'disk');
    await mkdir(dir);
    const pages = await start(bench, undo, { program: 'page-server', order: { clusters, block, dir }, env: {} });
    const port = Number(new URL(pages.url).port);
    const targets = Array.from({ length: clusters }, (_, cluster) => nodesOf(cluster, block))
      .flat()
      .map(({ host }) => `${host}:${port}`);
    const order = { dir: join(bench.dir, 'prometheus'), targets, everySeconds, families: wantedFamilies(catalogue) };
    // The quick one installs nothing: without Prometheus it only shows that ours works.
    const theirs = findExecutable(['prometheus']) === null ? null : await startPrometheus(order);
    if (theirs !== null) undo.defer(() => theirs.stop());
    const env = {
      ...environment(bench),
      STARWARDEN_PROBE_INTERVAL_MS: String(everySeconds * 1_000),
      LOG_LEVEL: 'warn',
    };
    const ours = await start(bench, undo, { program: 'ours', order: { clusters, block, port }, env });
    const database = await databasePid(bench);
    const read = async () => ({
      at: performance.now(),
      pages: countsShape.parse(await (await fetch(pages.url)).json()),
      ours: cpuSecondsOf(ours.pid),
      theirs: theirs === null ? 0 : cpuSecondsOf(theirs.pid),
      database: cpuSecondsOf(database),
    });
    await sleep(warmSeconds * 1_000);
    const before = await read();
    await sleep(seconds * 1_000);
    const after = await read();
    await checkMeasured(bench, clusters);
    const took = (after.at - before.at) / 1_000;
    const expected = (clusters * nodesEach * took) / everySeconds;
    const percent = (key: 'ours' | 'theirs' | 'database') => (100 * (after[key] - before[key])) / took;
    const side = (key: 'ours' | 'theirs', pid: number) => {
      const count = after.pages[key] - before.pages[key];
      const cost = {
        cpuPercent: percent(key),
        perPageUs: (1e6 * (after[key] - before[key])) / count,
        peakMb: peakMbOf(pid),
      };
      bench.say(
        `${key === 'ours' ? 'Starwarden' : 'Prometheus'}: ${cost.cpuPercent.toFixed(1)} % of a core, ` +
          `${cost.perPageUs.toFixed(0)} us a page, ${cost.peakMb.toFixed(0)} MB, ${count} of ${expected.toFixed(0)} pages`,
      );
      return { ...cost, looksShare: count / expected };
    };
    const our = side('ours', ours.pid);
    const their = theirs === null ? null : side('theirs', theirs.pid);
    bench.say(`MariaDB of Starwarden: ${percent('database').toFixed(1)} % of a core; load of the machine: ${load()}`);
    return {
      ourCpuPercent: round(our.cpuPercent),
      ourPeakMb: round(our.peakMb),
      ourLooksShare: round(our.looksShare),
      databaseCpuPercent: round(percent('database')),
      ...(their !== null && {
        ratio: round(our.perPageUs / their.perPageUs),
        prometheusCpuPercent: round(their.cpuPercent),
        prometheusPeakMb: round(their.peakMb),
        prometheusLooksShare: round(their.looksShare),
      }),
    };
  },
});

type Program = { readonly program: string; readonly order: object; readonly env: Readonly<Record<string, string>> };

async function start(bench: Bench, undo: AsyncDisposableStack, { program, order, env }: Program) {
  const server = await startServerProcess({
    program: `bench/probe/${program}.ts`,
    args: [JSON.stringify(order)],
    env,
    logFile: join(bench.dir, `${program}.log`),
    profileDir: program === 'ours' ? bench.profileDir : null,
  });
  undo.defer(() => server.stop());
  return server;
}

async function databasePid({ databaseUrl }: Bench): Promise<number> {
  const db = openDatabase({ url: databaseUrl });
  try {
    const { rows } = await sql<{ file: string }>`SELECT @@pid_file AS file`.execute(db);
    return Number(readFileSync(rows[0]?.file ?? '', 'utf8'));
  } finally {
    await db.destroy();
  }
}

/** Every cluster was looked at, and all its frontends and backends were measured: what is fast because it fails is no figure. */
async function checkMeasured({ databaseUrl }: Bench, clusters: number): Promise<void> {
  const db = openDatabase({ url: databaseUrl });
  try {
    const ids = (await db.selectFrom('cluster').select('id').execute()).map(({ id }) => id);
    const latest = await latestOfClusters(db, ids);
    const count = (metric: string) =>
      latest.map(
        ({ measurements }) =>
          measurements.filter((one) => one.metric === metric && one.subject.nodeId !== undefined).length,
      );
    const whole = (metric: string, each: number) => {
      const counts = count(metric);
      if (counts.length !== clusters || counts.some((found) => found !== each))
        throw new Error(
          `${metric} is not known of ${each} nodes of each of ${clusters} clusters: ${counts.join(', ')}`,
        );
    };
    whole('queries_per_second', 3);
    whole('network_received_bytes_per_second', 17);
    whole('process_threads', 17);
  } finally {
    await db.destroy();
  }
}

function load(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 1).join();
}
