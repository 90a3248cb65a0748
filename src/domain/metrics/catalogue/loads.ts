import { latelyMs } from '../lately.ts';
import {
  frontends,
  gauge,
  lately,
  leader,
  type Metric,
  rate,
  share,
  shareOfLimit,
  source,
  sum,
  workers,
} from './build.ts';

const running = gauge('starrocks_fe_txn_running');
const byDatabase = { label: 'db', subject: 'database' } as const;
const succeeded = rate('starrocks_fe_txn_success');
const failed = rate('starrocks_fe_txn_failed');

const succeededLately = lately('starrocks_fe_txn_success');
const failedLately = lately('starrocks_fe_txn_failed');
const endedLately = sum(failedLately, succeededLately);
const hours = `${latelyMs / 3_600_000} hours`;
/** One that failed may be a slip of somebody. */
const leastLately = 2;

const leads = (metric: Omit<Metric, 'scope' | 'overall' | 'documented'> & { documented?: string }): Metric => ({
  documented: source.transactions,
  ...metric,
  scope: 'CLUSTER',
  overall: null,
});

export const loadMetrics: readonly Metric[] = [
  {
    name: 'loads_per_second',
    title: 'Loads',
    meaning: 'Loads that ended well each second, of any kind.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...frontends, derivation: rate('starrocks_fe_load_finished') },
    overall: 'SUM',
    documented: source.frontendPage,
  },
  leads({
    name: 'transactions_per_second',
    title: 'Load transactions',
    meaning: 'Transactions that became visible each second. Every load is one or more of them.',
    unit: 'PER_SECOND',
    source: { ...leader, derivation: succeeded },
  }),
  leads({
    name: 'transactions_failed_per_second',
    title: 'Failed load transactions',
    meaning: 'Transactions that were aborted each second, by whatever cause; a load without any row is aborted too.',
    unit: 'PER_SECOND',
    source: { ...leader, derivation: failed },
  }),
  leads({
    name: 'transactions_failed_share',
    title: 'Failed load transactions',
    meaning: 'The part of the transactions that ended which was aborted. Unknown while none ends.',
    unit: 'SHARE',
    source: { ...leader, derivation: share(failed, sum(failed, succeeded)) },
  }),
  leads({
    name: 'transactions_failed_lately',
    title: `Failed load transactions of ${hours}`,
    meaning: `Transactions that were aborted in the last ${hours}, as far as looks saw it: none from before Starwarden first looked.`,
    unit: 'COUNT',
    source: { ...leader, derivation: failedLately },
  }),
  leads({
    name: 'transactions_ended_lately',
    title: `Load transactions of ${hours}`,
    meaning: `Transactions that ended in the last ${hours}, well or not, as far as looks saw it.`,
    unit: 'COUNT',
    source: { ...leader, derivation: endedLately },
  }),
  leads({
    name: 'transactions_failed_share_lately',
    title: `Failed load transactions of ${hours}, share`,
    meaning: `The part of the transactions that ended in the last ${hours} which was aborted, for loads that come every hour. Unknown unless ${leastLately} ended.`,
    unit: 'SHARE',
    source: { ...leader, derivation: share(failedLately, endedLately, { least: leastLately }) },
  }),
  leads({
    name: 'transactions_rejected_per_second',
    title: 'Rejected load transactions',
    meaning:
      'Transactions that could not begin each second: too many run in their database, or their label was used before. What a quota of data refuses is not counted.',
    unit: 'PER_SECOND',
    source: { ...leader, derivation: rate('starrocks_fe_txn_reject') },
  }),
  {
    name: 'transactions_running',
    title: 'Running load transactions',
    meaning: 'Transactions of a database that have begun and not ended.',
    unit: 'COUNT',
    scope: 'DATABASE',
    source: { ...leader, derivation: running, by: byDatabase },
    overall: 'SUM',
    documented: source.transactions,
  },
  {
    name: 'transactions_of_limit',
    title: 'Running load transactions, of the limit',
    meaning:
      'Transactions that run in a database for each that max_running_txn_num_per_db allows; at 100 % loads are refused.',
    unit: 'SHARE',
    scope: 'DATABASE',
    source: { ...leader, derivation: shareOfLimit(running, 'transaction_limit'), by: byDatabase },
    overall: 'MAX',
    documented: source.transactions,
  },
  leads({
    name: 'loads_waiting',
    title: 'Waiting loads',
    meaning: 'Broker, Spark and INSERT loads that were asked for and have not begun.',
    unit: 'COUNT',
    source: { ...leader, derivation: gauge('starrocks_fe_job', { job: 'load', state: ['PENDING', 'QUEUEING'] }) },
    documented: source.frontendPage,
  }),
  leads({
    name: 'schema_changes_running',
    title: 'Running changes of tables',
    meaning: 'Changes of schemas and rollups that are under way.',
    unit: 'COUNT',
    source: { ...leader, derivation: gauge('starrocks_fe_job', { job: 'alter' }) },
    documented: source.frontendPage,
  }),
  {
    name: 'load_rows_per_second',
    title: 'Loaded rows',
    meaning:
      'Rows of loads that a node passed on to their tablets each second; however many replicas they have, they count once.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...workers, derivation: rate('starrocks_be_load_rows') },
    overall: 'SUM',
    documented: 'be/src/exec/tablet_sink.cpp',
  },
  {
    name: 'load_bytes_per_second',
    title: 'Loaded data',
    meaning:
      'Data of loads, uncompressed, that a node passed on to their tablets each second; however many replicas it has, it counts once.',
    unit: 'BYTES_PER_SECOND',
    scope: 'NODE',
    source: { ...workers, derivation: rate('starrocks_be_load_bytes') },
    overall: 'SUM',
    documented: 'be/src/exec/tablet_sink.cpp',
  },
  leads({
    name: 'safe_mode',
    title: 'Safe mode',
    meaning:
      '1 while the cluster refuses all loads because a disk of a backend has less than 50 GiB or a tenth of its space left, whichever is less. Always 0 unless enable_safe_mode is on, which it is not by default.',
    unit: 'COUNT',
    source: { ...leader, derivation: gauge('starrocks_fe_safe_mode') },
    documented: 'fe/…/healthchecker/SafeModeChecker.java',
  }),
];
