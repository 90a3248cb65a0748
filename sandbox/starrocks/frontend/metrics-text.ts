import { memoryUsage } from 'node:process';
import type { FrontendContext } from './context.ts';
import { replicaCounts } from './data/placement.ts';
import { tablesOf } from './data/tables.ts';
import { latencyQuantile } from './metrics.ts';

type Series = [labels: string, value: number | string];

/** The frontend's /metrics: HELP and TYPE for each family, `, ` between labels, two blanks for jvm and node_info. */
export function metricsText(fe: FrontendContext): string {
  const { metrics, group } = fe;
  const ready = group.role !== 'INIT';
  return [
    jvm(),
    ...tabletFamilies(fe),
    counter('request_total', 'total request', metrics.requestTotal),
    counter('query_total', 'total query', metrics.queryTotal),
    counter('query_success', 'total success query', metrics.querySuccess),
    counter('query_err', 'total error query', metrics.queryError),
    counter('query_internal_err', 'total internal error query', metrics.queryError - metrics.queryAnalysisError),
    counter('query_analysis_err', 'total analysis error query', metrics.queryAnalysisError),
    counter('query_timeout', 'total timeout query', metrics.queryTimeout),
    counter('slow_query', 'total slow query', 0),
    gauge('qps', 'query per second', [['', '0.0']]),
    gauge('rps', 'request per second', [['', '0.0']]),
    gauge('query_err_rate', 'query error rate', [['', '0.0']]),
    gauge(
      'query_latency',
      'mean latency of queries',
      ['mean', '50_quantile', '75_quantile', '90_quantile', '95_quantile', '99_quantile', '999_quantile'].map(
        (type): Series => [`{type="${type}"}`, '0.0'],
      ),
    ),
    latency(fe),
    gauge('connection_total', 'total connections', connections(fe)),
    counter('txn_begin', 'counter of begining transactions', metrics.transactionsBegun),
    counter('txn_success', 'counter of success transactions', metrics.transactionsDone),
    counter('txn_failed', 'counter of failed transactions', metrics.transactionsFailed),
    counter('txn_reject', 'counter of rejected transactions', 0),
    gauge(
      'txn_running',
      'number of running transactions',
      [...group.state.databases.values()].map((db): Series => [`{db="${db.name}"}`, 0]),
    ),
    gauge('max_journal_id', 'max journal id of this frontends', [['', ready ? group.applied : 0]]),
    gauge('meta_log_count', 'number of logs since the last image', [
      ['', group.applied - Math.max(0, fe.checkpoint.version)],
    ]),
    gauge('safe_mode', 'safe mode flag', [['{type="safe_mode"}', 0]]),
    gauge(
      'routine_load_jobs',
      'routine load jobs',
      ['NEED_SCHEDULE', 'RUNNING', 'PAUSED', 'STOPPED', 'CANCELLED', 'UNSTABLE'].map(
        (state): Series => [`{${leaderLabel(fe)}state="${state}"}`, 0],
      ),
    ),
    counter('unfinished_backup_job', 'current unfinished backup job', jobs(fe, 'BACKUP')),
    counter('unfinished_restore_job', 'current unfinished restore job', jobs(fe, 'RESTORE')),
    gauge('database_num', 'count of database', [['', group.state.databases.size]]),
    gauge(
      'table_num',
      'count of table',
      [...group.state.databases.values()].map(
        (db): Series => [`{db_name="${db.name}"}`, tablesOf(group.state, db.id).length],
      ),
    ),
    nodeInfo(fe),
  ].join('');
}

function jvm(): string {
  const { heapUsed } = memoryUsage();
  return family('jvm_heap_size_bytes', {
    help: 'jvm heap stat',
    type: 'gauge',
    blank: '  ',
    series: [
      ['{type="max"}', 8_589_934_592],
      ['{type="committed"}', 8_589_934_592],
      ['{type="used"}', heapUsed],
    ],
  });
}

/** Facts of the leader: other frontends show 0 for them. */
function tabletFamilies(fe: FrontendContext): string[] {
  const counts = fe.group.isLeader ? replicaCounts(fe.group.state) : new Map<number, number>();
  const backends = [...fe.group.state.workers.values()].filter(({ kind }) => kind === 'BACKEND');
  const labels = (host: string, port: number) => `{${leaderLabel(fe)}backend="${host}:${port}"}`;
  return [
    gauge(
      'tablet_num',
      'tablet number',
      backends.map(({ id, host, heartbeatPort }): Series => [labels(host, heartbeatPort), counts.get(id) ?? 0]),
    ),
    gauge(
      'tablet_max_compaction_score',
      'tablet max compaction score',
      backends.map(({ host, heartbeatPort }): Series => [labels(host, heartbeatPort), 0]),
    ),
    gauge('max_tablet_compaction_score', 'max tablet compaction score of all backends', [['', 0]]),
    gauge('scheduled_tablet_num', 'number of tablets being scheduled', [['', 0]]),
  ];
}

function leaderLabel(fe: FrontendContext): string {
  return fe.release.atLeast(4, 0) ? `is_leader="${fe.group.isLeader}", ` : '';
}

function latency({ metrics }: FrontendContext): string {
  const quantiles = [0.75, 0.95, 0.98, 0.99, 0.999];
  const name = 'starrocks_fe_query_latency_ms';
  const lines = quantiles.map(
    (quantile) => `${name}{quantile="${quantile}"} ${latencyQuantile(metrics, quantile).toFixed(1)}\n`,
  );
  const sums = `${name}_sum ${metrics.latencySumMs.toFixed(1)}\n${name}_count ${metrics.querySuccess}\n`;
  return `# HELP ${name} \n# TYPE ${name} summary\n${lines.join('')}${sums}`;
}

function connections(fe: FrontendContext): Series[] {
  const users = Map.groupBy(fe.connections.list(), ({ user }) => user);
  return [...users].map(([user, sessions]) => [`{user="${user}"}`, sessions.length]);
}

function jobs(fe: FrontendContext, kind: 'BACKUP' | 'RESTORE'): number {
  const running = [...fe.group.state.jobs.values()].filter((job) => job.kind === kind && job.finishedAt === null);
  return running.length;
}

function nodeInfo(fe: FrontendContext): string {
  const workers = [...fe.group.state.workers.values()];
  const frontends = [...fe.group.state.frontends.values()];
  const kind = (wanted: 'BACKEND' | 'COMPUTE NODE') => workers.filter((worker) => worker.kind === wanted);
  const series: Series[] = [
    ['{type="fe_node_num", state="total"}', frontends.length],
    ...(fe.release.atLeast(3, 3)
      ? [['{type="fe_node_num", state="alive"}', frontends.filter(({ alive }) => alive).length] satisfies Series]
      : []),
    ['{type="be_node_num", state="total"}', kind('BACKEND').length],
    ['{type="be_node_num", state="alive"}', kind('BACKEND').filter(({ alive }) => alive).length],
    [
      '{type="be_node_num", state="decommissioned"}',
      kind('BACKEND').filter(({ decommissioned }) => decommissioned).length,
    ],
    ['{type="cn_node_num", state="total"}', kind('COMPUTE NODE').length],
    ['{type="cn_node_num", state="alive"}', kind('COMPUTE NODE').filter(({ alive }) => alive).length],
    ['{type="broker_node_num", state="dead"}', fe.group.state.brokers.size],
    ...(fe.group.isLeader ? [['{type="is_master"}', 1] satisfies Series] : []),
  ];
  return family('node_info', { help: null, type: 'gauge', blank: '  ', series });
}

function counter(name: string, help: string, value: number): string {
  return family(`starrocks_fe_${name}`, { help, type: 'counter', blank: ' ', series: [['', value]] });
}

function gauge(name: string, help: string, series: Series[]): string {
  return family(`starrocks_fe_${name}`, { help, type: 'gauge', blank: ' ', series });
}

type Family = { help: string | null; type: 'gauge' | 'counter'; blank: string; series: Series[] };

function family(name: string, { help, type, blank, series }: Family): string {
  const helpLine = help === null ? '' : `# HELP${blank}${name} ${help}\n`;
  return `${helpLine}# TYPE${blank}${name} ${type}\n${series.map(([labels, value]) => `${name}${labels} ${value}\n`).join('')}`;
}
