import { familyOf, minute } from './build.ts';

export const loadRules = familyOf('loads', [
  {
    name: 'load_failures',
    title: 'Loads fail',
    pastTitle: 'Loads failed',
    on: {
      ...{ kind: 'METRIC', metric: 'transactions_failed_share', of: 'CLUSTER' },
      ...{ compare: 'ABOVE', threshold: 0.1, clear: 0.05 },
      ...{ nothingMeans: 'FINE', tells: ['transactions_failed_per_second', 'transactions_per_second'] },
    },
    forMs: 5 * minute,
    severity: 'HIGH',
    means:
      'Transactions of loads are aborted. Whoever loads has to load again, unless there was no row to load: that is aborted too.',
    todo: "Look at the reasons: information_schema.loads, and SHOW PROC '/transactions/<database id>/finished'.",
  },
  {
    name: 'rare_load_failures',
    title: 'Most of the few loads fail',
    pastTitle: 'Most of the few loads failed',
    on: {
      ...{ kind: 'METRIC', metric: 'transactions_failed_share_lately', of: 'CLUSTER' },
      // Of loads that come every hour two of three have to fail, and one of three still may when it is over.
      ...{ compare: 'ABOVE', threshold: 0.5, clear: 0.35, nothingMeans: 'FINE', unless: 'transactions_failed_share' },
      tells: ['transactions_failed_lately', 'transactions_ended_lately'],
    },
    // As long as load_failures goes on over looks in which no load ended.
    forMs: 5 * minute,
    severity: 'MEDIUM',
    means:
      'Loads that come every hour or so are aborted, too seldom for load_failures to see it. Whoever loads has to load again, unless there was no row to load: that is aborted too.',
    todo: "Look at the reasons: information_schema.loads, and SHOW PROC '/transactions/<database id>/finished'.",
  },
  {
    name: 'loads_rejected',
    title: 'Loads are refused',
    pastTitle: 'Loads were refused',
    on: {
      ...{ kind: 'METRIC', metric: 'transactions_rejected_per_second', of: 'CLUSTER' },
      ...{ compare: 'ABOVE', threshold: 0, clear: 0 },
    },
    forMs: 2 * minute,
    severity: 'HIGH',
    means:
      'They cannot begin: too many run in their database already, or somebody sends what was loaded before, under the same label.',
    todo: 'Look whether transactions_near_limit fires: then load less often with more rows. Otherwise look in fe.log of the leader for a label that begins again and again, and at the client that sends it.',
  },
  {
    name: 'transactions_near_limit',
    title: 'The database {database} is near its limit of loads',
    pastTitle: 'The database {database} was near its limit of loads',
    on: {
      ...{ kind: 'METRIC', metric: 'transactions_of_limit', of: 'EACH' },
      ...{ compare: 'ABOVE', threshold: 0.8, clear: 0.7, tells: ['transactions_running'] },
    },
    forMs: minute,
    severity: 'HIGH',
    means: 'At 100 % further loads into the database are refused.',
    todo: 'Load less often with more rows, end transactions that hang, or raise max_running_txn_num_per_db.',
  },
  {
    name: 'safe_mode',
    title: 'The cluster refuses all loads',
    pastTitle: 'The cluster refused all loads',
    on: {
      ...{ kind: 'METRIC', metric: 'safe_mode', of: 'CLUSTER' },
      ...{ compare: 'ABOVE', threshold: 0, clear: 0 },
    },
    forMs: 0,
    severity: 'CRITICAL',
    means: 'It is in safe mode because a disk of a backend is nearly full: nothing can be loaded anywhere.',
    todo: 'Make room on the fullest disk (/sr disks), or add a disk or a backend.',
    action: 'addBackends',
  },
]);
