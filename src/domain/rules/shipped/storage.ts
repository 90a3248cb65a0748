import { familyOf, minute } from './build.ts';

export const storageRules = familyOf('storage', [
  {
    name: 'compaction_behind',
    title: 'Compaction on {node} is behind',
    pastTitle: 'Compaction on {node} was behind',
    on: {
      ...{ kind: 'METRIC', metric: 'compaction_score', of: 'EACH', nodes: ['BACKEND'] },
      ...{ compare: 'ABOVE', threshold: 500, clear: 300, tells: ['rowsets_max', 'compactions_running'] },
    },
    forMs: 10 * minute,
    severity: 'MEDIUM',
    means:
      'Loads are faster than what they load is put together: queries become slower, and loads are refused in the end.',
    todo: 'Load less often with more rows; look at the disks of the backend and at its compaction threads.',
  },
  {
    name: 'rowsets_many',
    title: 'A tablet on {node} has nearly too many rowsets',
    pastTitle: 'A tablet on {node} had nearly too many rowsets',
    on: {
      ...{ kind: 'METRIC', metric: 'rowsets_max', of: 'EACH', nodes: ['BACKEND'] },
      ...{ compare: 'ABOVE', threshold: 800, clear: 600, tells: ['compaction_score'] },
    },
    forMs: 2 * minute,
    severity: 'HIGH',
    means: 'At 1000 (tablet_max_versions) loads into that tablet are refused.',
    todo: 'Stop the loads that come most often until compaction has caught up; load more rows at once afterwards.',
  },
  {
    name: 'tablets_without_replica',
    title: 'Tablets have no replica left',
    pastTitle: 'Tablets had no replica left',
    on: {
      ...{ kind: 'METRIC', metric: 'tablets_without_replica', of: 'CLUSTER' },
      ...{ compare: 'ABOVE', threshold: 0, clear: 0, tells: ['replicas_on_dead_backends', 'tablets_unhealthy'] },
    },
    forMs: 0,
    severity: 'CRITICAL',
    means: 'Queries on these tablets fail, and if no backend that has them comes back, their data is lost.',
    todo: 'Bring the dead backends back with their disks; do not drop them. If a disk is lost, restore from a backup.',
    action: 'startNodes',
    isNeverHidden: true,
    isGuarded: true,
  },
  {
    name: 'tablets_unhealthy',
    title: 'Tablets stay unhealthy',
    pastTitle: 'Tablets were unhealthy',
    on: {
      ...{ kind: 'METRIC', metric: 'tablets_unhealthy', of: 'CLUSTER' },
      ...{ compare: 'ABOVE', threshold: 0, clear: 0, tells: ['tablets_cloning', 'tablets_scheduled'] },
    },
    forMs: 30 * minute,
    severity: 'MEDIUM',
    means:
      'They miss a replica, or have one that is behind or on a backend that leaves, for longer than a repair takes: one more failure costs more of them.',
    todo: 'While a backend is drained, wait for that. Otherwise look at /sr tablets, and whether balancing is off or space is missing; /sr repair-table has one table repaired first.',
    action: 'repairTable',
  },
  {
    name: 'tablets_in_error',
    title: 'Tablets are in error state',
    pastTitle: 'Tablets were in error state',
    on: {
      ...{ kind: 'METRIC', metric: 'tablets_in_error', of: 'CLUSTER' },
      ...{ compare: 'ABOVE', threshold: 0, clear: 0 },
    },
    forMs: 5 * minute,
    severity: 'HIGH',
    means: 'A replica of each could not apply what was loaded and stays behind for good.',
    todo: 'Have the replica made anew while the others are well (/sr replica-bad).',
    action: 'setReplicaBad',
  },
  {
    name: 'tablets_inconsistent',
    title: 'Tablets are inconsistent',
    pastTitle: 'Tablets were inconsistent',
    on: {
      ...{ kind: 'METRIC', metric: 'tablets_inconsistent', of: 'CLUSTER' },
      ...{ compare: 'ABOVE', threshold: 0, clear: 0 },
    },
    forMs: 5 * minute,
    severity: 'HIGH',
    means: 'Replicas of a tablet differ: the same query can have different answers.',
    todo: "SHOW PROC '/statistic/<database id>' names the tablets; find out which replica is right before one is set bad.",
    action: 'setReplicaBad',
  },
]);
