import type { FrontendContext } from '../context.ts';
import { replicaCounts } from '../data/placement.ts';
import { tablesOf } from '../data/tables.ts';
import type { Database, Worker } from '../meta/state.ts';
import { routineLoadStates, stateShown } from '../routine-load/states.ts';
import { runningTransactions } from '../transactions.ts';
import type { Series } from './families.ts';
import { javaDouble } from './java-number.ts';
import type { Shown } from './page.ts';
import { createReservoir, emptySummary, summaryOf } from './reservoir.ts';

/** The families whose numbers follow from what this frontend does, by name; those that it does not show now are empty. */
export function liveFamilies(fe: FrontendContext): Map<string, Shown> {
  return new Map([...leaderFamilies(fe), ...queryFamilies(fe), ...workFamilies(fe), ...databaseFamilies(fe)]);
}

/** Facts of the leader: on the others they are there and 0. From 4.0 on they say whose they are. */
function leaderFamilies(fe: FrontendContext): [string, Shown][] {
  const { group, metrics } = fe;
  const leads = group.isLeader;
  const label = fe.release.atLeast(4, 0) ? `is_leader="${leads}", ` : '';
  const alone = fe.release.atLeast(4, 0) ? `{is_leader="${leads}"}` : '';
  const counts = leads ? replicaCounts(group.state) : new Map<number, number>();
  const backends = [...group.state.workers.values()].filter(({ kind }) => kind === 'BACKEND');
  const scoreOf = (one: Worker) => (leads ? (one.maxCompactionScore ?? 0) : 0);
  const perBackend = (value: (one: Worker) => number) =>
    series(backends.map((one) => [`{${label}backend="${one.host}:${one.heartbeatPort}"}`, value(one)]));
  const loads = leads
    ? { FINISHED: metrics.loadsFinished, CANCELLED: metrics.loadsCancelled }
    : { FINISHED: 0, CANCELLED: 0 };
  const routine = [...group.state.routineLoads.values()].map((job) => stateShown(fe, job));
  return [
    ['job', series(jobSeries(label, loads))],
    ['scheduled_tablet_num', series([[alone, leads ? fe.schedule.running.size : 0]])],
    [
      'routine_load_jobs',
      series(
        routineLoadStates.map((state) => [
          `{${label}state="${state}"}`,
          leads ? routine.filter((one) => one === state).length : 0,
        ]),
      ),
    ],
    ['tablet_num', perBackend((one) => counts.get(one.id) ?? 0)],
    ['tablet_max_compaction_score', perBackend(scoreOf)],
    ['max_tablet_compaction_score', number(Math.max(0, ...backends.map(scoreOf)))],
    ['tablet_count', number([...group.state.partitions.values()].reduce((sum, one) => sum + one.tablets.length, 0))],
    ['running_stats_collect_job', series(leads ? statistics(0) : [])],
    ['total_stats_collect_job', series(leads ? statistics(1) : [])],
  ];
}

function jobSeries(label: string, inserts: Record<string, number>): Series[] {
  const states = ['UNKNOWN', 'PENDING', 'ETL', 'LOADING', 'COMMITTED', 'FINISHED', 'CANCELLED', 'QUEUEING'];
  return [
    ...['INSERT', 'BROKER', 'SPARK'].flatMap((type) =>
      states.map((state): Series => {
        const value = type === 'INSERT' ? (inserts[state] ?? 0) : 0;
        return [`{${label}job="load", type="${type}", state="${state}"}`, value];
      }),
    ),
    ...['ROLLUP', 'SCHEMA_CHANGE'].map((type): Series => [`{${label}job="alter", type="${type}", state="running"}`, 0]),
  ];
}

function statistics(value: number): Series[] {
  return ['HyperFull', 'HyperSample'].map((type) => [`{type="${type}"}`, value]);
}

const latencyTypes = [
  'mean',
  '50_quantile',
  '75_quantile',
  '90_quantile',
  '95_quantile',
  '99_quantile',
  '999_quantile',
];
const groupLatencyTypes = ['mean', '75_quantile', '95_quantile', '98_quantile', '99_quantile', '999_quantile'];

function queryFamilies({ metrics }: FrontendContext): [string, Shown][] {
  const { rates } = metrics;
  const ofGroup = (value: number) => series(metrics.queryTotal === 0 ? [] : [['{name="default_wg"}', value]]);
  return [
    ['request_total', number(metrics.requestTotal)],
    ['query_total', number(metrics.queryTotal)],
    ['query_success', number(metrics.querySuccess)],
    ['query_err', number(metrics.queryError)],
    ['query_internal_err', number(metrics.queryInternalError)],
    ['query_analysis_err', number(metrics.queryAnalysisError)],
    ['query_timeout', number(metrics.queryTimeout)],
    ['slow_query', number(metrics.slowQuery)],
    ['qps', number(javaDouble(rates.queries))],
    ['rps', number(javaDouble(rates.requests))],
    ['query_err_rate', number(javaDouble(rates.errors))],
    ['query_internal_err_rate', number(javaDouble(rates.internalErrors))],
    ['query_analysis_err_rate', number(javaDouble(rates.analysisErrors))],
    ['query_timeout_rate', number(javaDouble(rates.timeouts))],
    // It reads the query details, which nobody collects unless enable_collect_query_detail_info is on.
    ['query_latency', series(latencyTypes.map((type) => [`{type="${type}"}`, '0.0']))],
    ['query_latency_ms', { summary: summaryOf(metrics.latency) }],
    ['query_resource_group', ofGroup(metrics.queryTotal)],
    ['query_resource_group_err', ofGroup(metrics.queryError)],
    [
      'query_resource_group_latency',
      series(
        metrics.querySuccess === 0
          ? []
          : groupLatencyTypes.map((type) => [`{type="${type}", name="default_wg"}`, '0.0']),
      ),
    ],
  ];
}

function workFamilies(fe: FrontendContext): [string, Shown][] {
  const { metrics, group, faults } = fe;
  const sinceImage = group.applied - Math.max(0, fe.checkpoint.version);
  const stuck = faults.strike('checkpoint-stuck', '')?.count ?? 0;
  const batch = createReservoir({ speed: 1 });
  if (metrics.editLogWritten > 0) batch.add(1);
  const read = Math.max(0, group.applied - fe.appliedAtStart - metrics.editLogWritten);
  return [
    ['max_journal_id', number(group.applied + stuck)],
    ['meta_log_count', number(sinceImage + stuck)],
    ['edit_log_write', number(metrics.editLogWritten)],
    ['edit_log_read', number(read)],
    ['edit_log_size_bytes', number(metrics.editLogBytes)],
    ['editlog_write_latency_ms', { summary: summaryOf(metrics.writeLatency) }],
    ['journal_write_latency_ms', { summary: summaryOf(metrics.writeLatency) }],
    ['journal_write_bytes', { summary: summaryOf(metrics.writeBytes) }],
    [
      'journal_write_batch',
      { summary: metrics.editLogWritten === 0 ? emptySummary : { ...summaryOf(batch), count: metrics.editLogWritten } },
    ],
    ['image_write', number(metrics.imagesWritten)],
    ['image_push', number(metrics.imagesPushed)],
    ['load_add', number(metrics.loadsAdded)],
    ['load_finished', number(metrics.loadsFinished)],
    ['txn_begin', number(metrics.transactionsBegun)],
    ['txn_success', number(metrics.transactionsDone)],
    ['txn_failed', number(metrics.transactionsFailed)],
    ['txn_reject', number(metrics.transactionsRejected)],
    ['routine_load_paused', number(metrics.routineLoad.paused)],
    ['routine_load_rows', number(metrics.routineLoad.rows)],
    ['routine_load_receive_bytes', number(metrics.routineLoad.bytes)],
    ['routine_load_error_rows', number(metrics.routineLoad.errorRows)],
    ['unfinished_backup_job', number(unfinished(fe, 'BACKUP'))],
    ['unfinished_restore_job', number(unfinished(fe, 'RESTORE'))],
    ['sql_block_hit_count', number(0)],
    ['report_queue_size', number(0)],
    ['safe_mode', series([['{type="safe_mode"}', isInSafeMode(fe) ? 1 : 0]])],
    ['http_handling_requests_num', number(metrics.httpHandling)],
    ['http_connections_num', number(metrics.httpHandling)],
    // Everybody who ever tried to log in, by the name as it was sent and without any escaping.
    ['connection_total', series([...fe.connections.byUser()].map(([user, count]) => [`{user="${user}"}`, count]))],
  ];
}

const safeBytes = 50 * 1024 ** 3;

/** With `enable_safe_mode`, the leader is so while a disk of a living backend has less left than 50 GB and than a tenth of it. */
function isInSafeMode(fe: FrontendContext): boolean {
  if (fe.faults.strike('safe-mode', '') !== null) return true;
  if (!fe.group.isLeader || !fe.config.flag('enable_safe_mode')) return false;
  const alive = [...fe.group.state.workers.values()].filter((one) => one.alive && one.kind === 'BACKEND');
  return alive.some(({ disks }) =>
    disks.some(({ totalBytes, availableBytes }) => availableBytes < Math.min(totalBytes / 10, safeBytes)),
  );
}

function unfinished(fe: FrontendContext, kind: 'BACKUP' | 'RESTORE'): number {
  return [...fe.group.state.jobs.values()].filter((job) => job.kind === kind && job.finishedAt === null).length;
}

const withoutTransactions = ['information_schema', 'sys'];

function databaseFamilies(fe: FrontendContext): [string, Shown][] {
  const databases = [...fe.group.state.databases.values()];
  const bytesOf = (db: Database) =>
    [...fe.group.state.partitions.values()]
      .filter(({ tableId }) => fe.group.state.tables.get(String(tableId))?.dbId === db.id)
      .reduce((sum, { dataBytes }) => sum + dataBytes, 0);
  return [
    ['table_num', series(databases.map((db) => [`{db_name="${db.name}"}`, tablesOf(fe.group.state, db.id).length]))],
    ['db_size_bytes', series(databases.map((db) => [`{db_name="${db.name}"}`, bytesOf(db)]))],
    ['database_num', number(databases.length)],
    [
      'txn_running',
      series(
        databases
          .filter(({ name }) => !withoutTransactions.includes(name))
          .map((db) => [`{db="${db.name}"}`, runningTransactions(fe, db).length]),
      ),
    ],
  ];
}

function series(all: readonly Series[]): Shown {
  return { series: all };
}

function number(value: number | string): Shown {
  return series([['', value]]);
}
