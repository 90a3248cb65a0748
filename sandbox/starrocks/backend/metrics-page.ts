import { readdirSync, readFileSync } from 'node:fs';
import type { Faults } from '../faults.ts';
import { rewritten } from '../metric-faults.ts';
import type { Pace } from '../pace.ts';
import type { Counters } from './counters.ts';
import { cpuTicks, type Pressure } from './pressure.ts';
import type { Storage } from './storage.ts';

type Family = { name: string; type: 'gauge' | 'counter' | 'double'; labels: readonly string[] };

/** Every family that the registry of a backend of June 2025 holds, by name as its map has them, from the source. */
const families: readonly Family[] = readFileSync(new URL('./metric-families.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [name = '', type = '', labels = '-'] = line.split('\t');
    return { name, type: typeOf(type), labels: labels.split(' ').map((one) => (one === '-' ? '' : one)) };
  });

function typeOf(text: string): Family['type'] {
  return text === 'counter' || text === 'double' ? text : 'gauge';
}

type Options = {
  storage: Storage;
  faults: Faults;
  pace: Pace;
  counters: Counters;
  pressure: () => Pressure;
  cores: number;
  memLimitBytes: number;
  brpcPort: number;
  /** The page is made at least that long, with the numbers of tables that are not there; 0 adds none. */
  leastBytes: number;
};

/** Gauges are set by a daemon each 15 s, not by whoever reads the page. */
const refreshMs = 15_000;

/** Series (name and labels) to number. */
type Values = Map<string, number>;

/** The /metrics of a backend: TYPE and no HELP, names and labels in alphabetical order, `,` between labels. Made anew by each call. */
export function createBackendPage(options: Options): () => string {
  const ticks = createBusyTicks(options);
  let gauges: { values: Values; at: number } | null = null;
  return () => {
    const stale = gauges === null || performance.now() - gauges.at >= options.pace.ms(refreshMs);
    const current =
      stale || gauges === null ? { values: gaugeValues(options, ticks()), at: performance.now() } : gauges;
    gauges = current;
    const value = (series: string) => current.values.get(series) ?? options.counters.get(series);
    const text = familyLines(options, value);
    return rewritten(options.faults, `${text}${bvars(options)}`);
  };
}

function familyLines(options: Options, value: (series: string) => number): string {
  const lines: string[] = [];
  const tables = tableIds(options.leastBytes);
  for (const { name, type, labels } of families) {
    const all = labels.flatMap((label) => labelsOf(label, { options, tables }));
    if (all.length === 0) continue;
    lines.push(`# TYPE starrocks_be_${name} ${type === 'double' ? 'gauge' : type}`);
    for (const label of all) {
      const number = value(`${name}${label}`);
      lines.push(`starrocks_be_${name}${label} ${type === 'double' ? number.toFixed(6) : Math.round(number)}`);
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

const lineBytes = 60;
const usualBytes = 45_000;

function tableIds(leastBytes: number): number[] {
  const missing = Math.max(0, leastBytes - usualBytes);
  return Array.from({ length: Math.ceil(missing / (lineBytes * 4)) }, (_, at) => 100_001 + at);
}

type Things = { options: Options; tables: readonly number[] };

/** What `@` in the file stands for; all other labels are as they are. */
function labelsOf(label: string, { options, tables }: Things): string[] {
  switch (label) {
    case '@path':
      return options.storage.usage().map(({ path }) => `{path="${path}"}`);
    case '@device':
      return options.storage.usage().map((_, at) => `{device="${deviceOf(at)}"}`);
    case '@net':
      return ['{device="eth0"}'];
    case '@table':
      return tables.map((id) => `{table_id="${id}"}`);
    default:
      return [label];
  }
}

function deviceOf(at: number): string {
  return `sd${String.fromCharCode(98 + at)}`;
}

type Busy = { cpuTicks: number; diskMs: number };

function gaugeValues(options: Options, busy: Busy): Values {
  const { storage, faults, pressure, cores } = options;
  const now = pressure();
  const ticks = cpuTicks({ cores, busyShare: now.cpuUsedShare, busyTicks: busy.cpuTicks });
  const descriptors = readDescriptors(faults);
  const values: Values = new Map(Object.entries(ticks).map(([mode, count]) => [`cpu{mode="${mode}"}`, count]));
  const set = (series: string, number: number) => values.set(series, number);
  set('process_mem_bytes', now.memUsedBytes);
  set('query_mem_bytes', now.queryMemBytes);
  set('load_mem_bytes', now.loadMemBytes);
  set('metadata_mem_bytes', now.metadataMemBytes);
  set('tablet_metadata_mem_bytes', now.metadataMemBytes);
  set('jemalloc_resident_bytes', now.memUsedBytes);
  set('jemalloc_allocated_bytes', Math.round(now.memUsedBytes * 0.9));
  set('resource_group_mem_limit_bytes{name="default_wg"}', Math.round(options.memLimitBytes * 0.9));
  set('resource_group_mem_inuse_bytes{name="default_wg"}', now.queryMemBytes);
  set('process_fd_num_used', descriptors.used);
  set('process_fd_num_limit_soft', descriptors.soft);
  set('process_fd_num_limit_hard', descriptors.hard);
  set('process_thread_num', 300 + (faults.strike('threads-many', '')?.count ?? 0));
  set('tablet_cumulative_max_compaction_score', now.compactionScore);
  set('tablet_base_max_compaction_score', Math.floor(now.compactionScore / 10));
  set('max_tablet_rowset_num', now.rowsets);
  set(
    'rowset_count_generated_and_in_use',
    storage.tablets().reduce((sum, { version }) => sum + version, 0),
  );
  set('network_send_bytes{device="eth0"}', options.counters.get('http_request_send_bytes'));
  set('network_receive_bytes{device="eth0"}', options.counters.get('load_bytes'));
  const percent = faults.strike('disk-busy', '')?.share ?? 0;
  set('max_disk_io_util_percent', Math.round(percent * 100));
  const broken = storage.checkRoots();
  for (const [at, disk] of storage.usage().entries()) {
    set(`disks_total_capacity{path="${disk.path}"}`, disk.totalBytes);
    set(`disks_avail_capacity{path="${disk.path}"}`, disk.availableBytes);
    set(`disks_data_used_capacity{path="${disk.path}"}`, disk.usedBytes);
    set(`disks_state{path="${disk.path}"}`, broken.includes(disk.path) ? 0 : 1);
    set(`disk_io_time_ms{device="${deviceOf(at)}"}`, Math.round(busy.diskMs));
  }
  for (const { name, type } of families) {
    const [, pool] = /^(\w+)_(?:threadpool_size|queue_count|active_threads|running_threads)$/.exec(name) ?? [];
    if (pool === undefined || type !== 'gauge') continue;
    const full = faults.strike('queue-full', pool);
    const queued = name.endsWith('_queue_count');
    if (name.endsWith('_threadpool_size')) set(name, 8);
    else if (full !== null) set(name, queued ? (full.count ?? 1000) : 8);
  }
  return values;
}

/** Adds up what the rules say is spent, as long as they are there: counters must grow with time and never jump. */
function createBusyTicks({ faults, cores }: Options): () => Busy {
  const spent: Busy = { cpuTicks: 0, diskMs: 0 };
  let last = performance.now();
  return () => {
    const ms = performance.now() - last;
    last += ms;
    spent.cpuTicks += (ms / 10) * cores * (faults.strike('cpu-busy', '')?.share ?? 0);
    spent.diskMs += ms * (faults.strike('disk-busy', '')?.share ?? 0);
    return spent;
  };
}

function readDescriptors(faults: Faults) {
  const text = readFileSync('/proc/self/limits', 'utf8');
  const [, soft = '0', hard = '0'] = /Max open files\s+(\d+)\s+(\d+)/.exec(text) ?? [];
  const share = faults.strike('descriptors-used', '')?.share;
  const used = share === undefined ? readdirSync('/proc/self/fd').length : Math.round(Number(soft) * share);
  return { used, soft: Number(soft), hard: Number(hard) };
}

/** What the RPC library shows of itself behind the registry: no prefix, an empty HELP, and summaries of its services. */
function bvars({ brpcPort, counters }: Options): string {
  const gauge = (name: string, value: string | number) => `# HELP ${name}\n# TYPE ${name} gauge\n${name} ${value}\n`;
  const service = `rpc_server_${brpcPort}_starrocks_pinternal_service_exec_plan_fragment`;
  const quantiles = ['0.8', '0.9', '0.99', '0.999', '0.9999', '1'].map((at) => `${service}{quantile="${at}"} 0\n`);
  const count = counters.get('fragment_requests_total');
  return [
    gauge('bthread_count', 24),
    gauge('bthread_worker_usage', '0.0125'),
    gauge('process_cpu_usage', '0.021'),
    gauge('process_uptime', Math.round(performance.now() / 1000)),
    `# HELP ${service}\n# TYPE ${service} summary\n${quantiles.join('')}${service}_sum 0\n${service}_count ${count}\n`,
  ].join('');
}
