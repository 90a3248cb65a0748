import { rewritten } from '../metric-faults.ts';
import type { FrontendContext } from './context.ts';
import { type Family, families, type Series } from './metrics-page/families.ts';
import { jvmText } from './metrics-page/jvm.ts';
import { liveFamilies } from './metrics-page/live.ts';
import { familiesText, type Shown } from './metrics-page/page.ts';
import { emptySummary } from './metrics-page/reservoir.ts';

/** The frontend's /metrics: HELP and TYPE for each family, `, ` between labels, two blanks for jvm and node_info. */
export function metricsText(fe: FrontendContext): string {
  const page = [jvm(fe), familiesText(shownFamilies(fe)), nodeInfo(fe)].join('');
  return rewritten(fe.faults, page);
}

/** Families of both groups below stand where they were registered: on the leader anew, when backends came and went. */
const tabletFamilies = ['tablet_num', 'tablet_max_compaction_score'];

function shownFamilies(fe: FrontendContext) {
  const live = liveFamilies(fe);
  const known = families.filter(({ since }) => since === null || fe.release.atLeast(since[0], since[1]));
  const perBackend = known.filter(({ name }) => tabletFamilies.includes(name));
  const ordered = fe.group.isLeader
    ? known
    : known
        .filter((one) => !perBackend.includes(one))
        .flatMap((one) => (one.name === 'job' ? [one, ...perBackend] : [one]));
  const shown = ordered.map((family) => {
    const usual: Shown = family.type === 'summary' ? { summary: emptySummary } : { series: family.usual };
    const now = live.get(family.name) ?? usual;
    return { family, now: family.name === 'thread_pool' ? threadPools(fe, now) : now };
  });
  const tables = pretendedTables(Number(fe.conf.get('sandbox_metrics_bytes') ?? 0));
  return shown.flatMap((one) => (one.family.name === 'database_num' ? [one, ...tables] : [one]));
}

const usualBytes = 48_000;
const tableCounters = ['scan_bytes', 'scan_rows', 'scan_finished', 'load_bytes', 'load_rows', 'load_finished'];

/** The numbers of tables that are not there, as `with_table_metrics=all` would list them, for a page of at least that length. */
function pretendedTables(leastBytes: number): { family: Family; now: Shown }[] {
  const missing = Math.max(0, leastBytes - usualBytes);
  const count = Math.ceil(missing / (tableCounters.length * 85));
  const series = Array.from({ length: count }, (_, at): Series => {
    const id = 20_001 + at;
    return [`{db_name="sales", tbl_name="orders_${id}", tbl_id="${id}"}`, at * 17];
  });
  if (count === 0) return [];
  return tableCounters.map((name) => {
    const help = `total ${name.replace('_', ' ')} of table`;
    const family: Family = { name: `table_${name}`, type: 'counter', help, group: 'table', since: null, usual: [] };
    return { family, now: { series } };
  });
}

/** Those that only a leader starts. */
const poolsOfLeader = /name="export_|name="load_scheduler/;
const poolPattern = /name="([^"]+)", type="(pool_size|active_thread_num|task_in_queue)"/;

function threadPools(fe: FrontendContext, usual: Shown): Shown {
  if (!('series' in usual)) return usual;
  const mine = usual.series.filter(([labels]) => fe.group.isLeader || !poolsOfLeader.test(labels));
  return {
    series: mine.map(([labels, value]) => {
      const [, name = '', type] = poolPattern.exec(labels) ?? [];
      const full = type === undefined ? null : fe.faults.strike('thread-pool-full', name);
      if (full === null) return [labels, value];
      return [labels, type === 'task_in_queue' ? (full.count ?? 1000) : 4096];
    }),
  };
}

const usualHeapBytes = 8_589_934_592;

function jvm(fe: FrontendContext): string {
  return jvmText({
    maxBytes: Number(fe.conf.get('sandbox_heap_bytes') ?? usualHeapBytes),
    usedShare: fe.faults.strike('heap-crowded', '')?.share ?? null,
    collections: fe.collections,
    threads: 300 + fe.connections.list().length + (fe.faults.strike('threads-many', '')?.count ?? 0),
  });
}

function nodeInfo(fe: FrontendContext): string {
  const workers = [...fe.group.state.workers.values()];
  const frontends = [...fe.group.state.frontends.values()];
  const backends = workers.filter(({ kind }) => kind === 'BACKEND');
  const compute = workers.filter(({ kind }) => kind === 'COMPUTE NODE');
  const alive = (all: readonly { alive: boolean }[]) => all.filter((one) => one.alive).length;
  const lines = [
    `{type="fe_node_num", state="total"} ${frontends.length}`,
    ...(fe.release.atLeast(3, 3) ? [`{type="fe_node_num", state="alive"} ${alive(frontends)}`] : []),
    `{type="be_node_num", state="total"} ${backends.length}`,
    `{type="be_node_num", state="alive"} ${alive(backends)}`,
    `{type="be_node_num", state="decommissioned"} ${backends.filter(({ decommissioned }) => decommissioned).length}`,
    `{type="broker_node_num", state="dead"} ${fe.group.state.brokers.size}`,
    `{type="cn_node_num", state="total"} ${compute.length}`,
    `{type="cn_node_num", state="alive"} ${alive(compute)}`,
    ...(fe.group.isLeader ? ['{type="is_master"} 1'] : []),
  ];
  return `# TYPE  node_info gauge\n${lines.map((line) => `node_info${line}\n`).join('')}`;
}
