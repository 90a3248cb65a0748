import { backends, gauge, highest, leader, type Metric, rate, source, sum } from './build.ts';

const counted = (name: string, title: string, { fact, meaning }: { fact: string; meaning: string }): Metric => ({
  name,
  title,
  meaning,
  unit: 'COUNT',
  scope: 'CLUSTER',
  source: { kind: 'FACT', fact },
  overall: null,
  documented: "SHOW PROC '/statistic'; fe/…/common/proc/StatisticProcDir.java",
});

const engine = (type: string | readonly string[], status: string) => ({ type, status });
const compactions = ['base_compaction', 'cumulative_compaction', 'update_compaction'] as const;

/** What compute nodes register of these stays 0: they hold no tablets. */
export const storageMetrics: readonly Metric[] = [
  {
    name: 'compaction_score',
    title: 'Compaction score',
    meaning:
      'The score of the tablet of a backend that needs compaction most, of whatever kind. It rises while loads are faster than compaction.',
    unit: 'COUNT',
    scope: 'NODE',
    source: {
      ...backends,
      derivation: highest(
        gauge('starrocks_be_tablet_cumulative_max_compaction_score'),
        gauge('starrocks_be_tablet_base_max_compaction_score'),
        gauge('starrocks_be_tablet_update_max_compaction_score'),
      ),
    },
    overall: 'MAX',
    documented: source.backendPage,
  },
  {
    name: 'compaction_score_max',
    title: 'Highest compaction score',
    meaning:
      'The highest score of all tablets as the leader knows it: reported by backends, or in a shared-data cluster of partitions by the leader itself.',
    unit: 'COUNT',
    scope: 'CLUSTER',
    source: { ...leader, derivation: gauge('starrocks_fe_max_tablet_compaction_score') },
    overall: null,
    documented: 'fe/…/metric/MetricCalculator.java',
  },
  {
    name: 'rowsets_max',
    title: 'Most rowsets of a tablet',
    meaning:
      'Rowsets of the tablet of a backend that has most; at 1000 (tablet_max_versions) loads into it are refused.',
    unit: 'COUNT',
    scope: 'NODE',
    source: { ...backends, derivation: gauge('starrocks_be_max_tablet_rowset_num') },
    overall: 'MAX',
    documented: source.backendPage,
  },
  {
    name: 'compactions_running',
    title: 'Running compactions',
    meaning: 'Compactions that a backend carries out, of whatever kind.',
    unit: 'COUNT',
    scope: 'NODE',
    source: {
      ...backends,
      derivation: sum(
        gauge('starrocks_be_running_base_compaction_task_num'),
        gauge('starrocks_be_running_cumulative_compaction_task_num'),
        gauge('starrocks_be_running_update_compaction_task_num'),
      ),
    },
    overall: 'SUM',
    documented: source.backendPage,
  },
  {
    name: 'compactions_failed_per_second',
    title: 'Failed compactions',
    meaning: 'Compactions that failed on a backend each second.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...backends, derivation: rate('starrocks_be_engine_requests_total', engine(compactions, 'failed')) },
    overall: 'SUM',
    documented: source.backendPage,
  },
  counted('tablets', 'Tablets', {
    fact: 'tablets',
    meaning: 'All tablets of the cluster, those of StarRocks itself too.',
  }),
  counted('tablets_unhealthy', 'Unhealthy tablets', {
    fact: 'tablets_unhealthy',
    meaning:
      'Tablets of users that miss a replica or have one too far behind, as the leader counts. It leaves out replicas on backends that died less than 900 s ago: see replicas_on_dead_backends.',
  }),
  counted('tablets_inconsistent', 'Inconsistent tablets', {
    fact: 'tablets_inconsistent',
    meaning: 'Tablets whose replicas were found to differ by a check of consistency.',
  }),
  counted('tablets_cloning', 'Tablets being copied', {
    fact: 'tablets_cloning',
    meaning: 'Tablets of which a replica is being copied to another backend.',
  }),
  counted('tablets_in_error', 'Tablets in error state', {
    fact: 'tablets_in_error',
    meaning: 'Tablets with a replica that could not apply what was loaded; such a replica has to be made anew.',
  }),
  {
    ...counted('tablets_without_replica', 'Tablets without a replica', {
      fact: 'tablets_without_replica',
      meaning:
        'Tablets of users that no living backend can answer for: queries on them fail, and if their backends do not come back their data is lost. Unknown when more tables are in doubt than can be asked.',
    }),
    documented: 'ADMIN SHOW REPLICA STATUS of the tables in doubt',
  },
  {
    ...counted('replicas_on_dead_backends', 'Replicas on dead backends', {
      fact: 'replicas_on_dead_backends',
      meaning: 'Replicas that the leader knows on backends that are not alive, from the first moment on.',
    }),
    documented: 'TabletNum of SHOW BACKENDS',
  },
  {
    name: 'tablets_on_node',
    title: 'Tablets of a backend',
    meaning: 'Replicas that the leader knows on a backend.',
    unit: 'COUNT',
    scope: 'NODE',
    source: { kind: 'FACT', fact: 'tablets_on_node' },
    overall: 'SUM',
    documented: 'TabletNum of SHOW BACKENDS',
  },
  {
    name: 'tablets_scheduled',
    title: 'Tablets waiting for repair',
    meaning: 'Tablets that the leader has in work or in its queue to repair or to balance.',
    unit: 'COUNT',
    scope: 'CLUSTER',
    source: { ...leader, derivation: gauge('starrocks_fe_scheduled_tablet_num') },
    overall: null,
    documented: source.frontendPage,
  },
  {
    name: 'clones_per_second',
    title: 'Copies of tablets',
    meaning: 'Tablets that a backend was told to copy to itself each second, to repair or to balance.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...backends, derivation: rate('starrocks_be_engine_requests_total', engine('clone', 'total')) },
    overall: 'SUM',
    documented: source.backendPage,
  },
  {
    name: 'clones_failed_per_second',
    title: 'Failed copies of tablets',
    meaning: 'Copies of tablets that failed on a backend each second.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...backends, derivation: rate('starrocks_be_engine_requests_total', engine('clone', 'failed')) },
    overall: 'SUM',
    documented: source.backendPage,
  },
  {
    ...counted('backups_running', 'Running backups and restores', {
      fact: 'backups_running',
      meaning: 'Backups and restores that have not ended, of all databases.',
    }),
    documented: 'SHOW BACKUP and SHOW RESTORE of every database',
  },
];
