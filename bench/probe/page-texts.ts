import { readFileSync } from 'node:fs';
import { createCounters } from '../../sandbox/starrocks/backend/counters.ts';
import { createBackendPage } from '../../sandbox/starrocks/backend/metrics-page.ts';
import { readPressure } from '../../sandbox/starrocks/backend/pressure.ts';
import { openStorage } from '../../sandbox/starrocks/backend/storage.ts';
import { createFaults } from '../../sandbox/starrocks/faults.ts';
import { createPace } from '../../sandbox/starrocks/pace.ts';
import { type BenchNode, nodesOf } from './layout.ts';

const pageBytes = 200_000;

/** Pages as pieces: what is the same for all nodes of a kind is there once. */
export type Pages = { of(node: BenchNode, cluster: number, step: number): readonly Buffer[] };

/**
 * The pages of all nodes. A frontend has the page of a real leader with the tablets of its own backends and the metrics of very
 * many tables, which `with_table_metrics=all` lists; a backend has the page of the sandbox, of the same size. From step to step every
 * counter moves. Names of failed logins with a quote or a line break are not there: Prometheus would refuse the page.
 */
export function createPages({ dir, block }: { readonly dir: string; readonly block: number }): Pages {
  const [leaderBegin = '', leaderEnd = ''] = frontendPage().split(tabletsMark);
  const moved = {
    leaderBegin: moving(leaderBegin),
    leaderEnd: moving(leaderEnd),
    followerEnd: moving(leaderEnd.replace('node_info{type="is_master"} 1\n', '')),
    backend: moving(backendPage(dir)),
  };
  return {
    of({ kind, isLeader }, cluster, step) {
      if (kind === 'BACKEND') return [moved.backend(step)];
      if (!isLeader) return [moved.leaderBegin(step), moved.followerEnd(step)];
      return [moved.leaderBegin(step), tabletsOf(cluster, block), moved.leaderEnd(step)];
    },
  };
}

const tabletsMark = '\0';

function frontendPage(): string {
  const page = readFileSync(new URL('../../test/fixtures/metrics/frontend-leader.txt', import.meta.url), 'utf8')
    .replaceAll(/^starrocks_fe_connection_total\{user="(?!root"\})[^}]*\} 0\n/gm, '')
    .replaceAll(/^starrocks_fe_tablet_(num|max_compaction_score)\{.*\n/gm, '');
  const types =
    '# HELP starrocks_fe_tablet_max_compaction_score tablet max compaction score\n# TYPE starrocks_fe_tablet_max_compaction_score gauge\n';
  const marked = page.replace(types, () => `${types}${tabletsMark}`);
  const after = '# HELP starrocks_fe_deploy_plan_fragments_latency_ms';
  return marked.replace(after, () => `${tableLines(pageBytes - page.length)}${after}`);
}

const tableCounters = ['scan_bytes', 'scan_rows', 'scan_finished', 'load_bytes', 'load_rows', 'load_finished'];

/** As the sandbox's frontend prints them with `sandbox_metrics_bytes`. */
function tableLines(bytes: number): string {
  const tables = Math.ceil(bytes / (tableCounters.length * 85));
  const families = tableCounters.map((name) => {
    const family = `starrocks_fe_table_${name}`;
    const lines = Array.from({ length: tables }, (_, at) => {
      const id = 20_001 + at;
      return `${family}{db_name="sales", tbl_name="orders_${id}", tbl_id="${id}"} ${at * 17}\n`;
    });
    return `# HELP ${family} total ${name.replace('_', ' ')} of table\n# TYPE ${family} counter\n${lines.join('')}`;
  });
  return families.join('');
}

const tablets = new Map<number, Buffer>();

function tabletsOf(cluster: number, block: number): Buffer {
  const known = tablets.get(cluster);
  if (known !== undefined) return known;
  const lines = nodesOf(cluster, block)
    .filter(({ kind }) => kind === 'BACKEND')
    .map(({ host }, at) => {
      const labels = `{is_leader="true", backend="${host}:9050"}`;
      return `starrocks_fe_tablet_num${labels} ${4_000 + at}\nstarrocks_fe_tablet_max_compaction_score${labels} ${at}\n`;
    });
  const text = Buffer.from(lines.join(''));
  tablets.set(cluster, text);
  return text;
}

function backendPage(dir: string): string {
  const faults = createFaults({ file: null });
  const storage = openStorage({
    ...{ roots: [dir], media: new Map([[dir, 'SSD' as const]]), capacityBytes: 1e12, otherBytes: 1e10 },
    crowdedBytes: () => null,
    beforeWrite: () => {},
  });
  const memLimitBytes = 57.6 * 1024 ** 3;
  const page = createBackendPage({
    ...{ storage, faults, pace: createPace(1), counters: createCounters(), memLimitBytes, cores: 16, brpcPort: 8060 },
    pressure: () => readPressure({ storage, faults, memLimitBytes }),
    leastBytes: pageBytes,
  });
  return page();
}

/** The text with every counter of it, and the counts of summaries, so much further as there were steps. */
function moving(text: string): (step: number) => Buffer {
  const kept = new Map<number, Buffer>();
  const lines = text.split('\n');
  const counters = new Set([...text.matchAll(/^# TYPE +(\S+) counter$/gm)].map(([, name = '']) => name));
  const isCounter = (line: string) => counters.has(/^[\w:]+/.exec(line)?.[0] ?? '') || /^\w+_count /.test(line);
  const moves = lines.map(isCounter);
  return (step) => {
    const known = kept.get(step);
    if (known !== undefined) return known;
    const moved = lines.map((line, at) => (moves[at] ? further(line, step * (1 + (at % 5))) : line));
    const page = Buffer.from(moved.join('\n'));
    for (const old of kept.keys()) if (old < step - 1) kept.delete(old);
    kept.set(step, page);
    return page;
  };
}

function further(line: string, by: number): string {
  const begin = line.lastIndexOf(' ') + 1;
  return `${line.slice(0, begin)}${Number(line.slice(begin)) + by}`;
}
