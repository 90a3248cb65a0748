import { gauge, leader, type Metric, rate, source } from './build.ts';

const inState = (name: string, title: string, { state, meaning }: { state: string; meaning: string }): Metric => ({
  name,
  title,
  meaning,
  unit: 'COUNT',
  scope: 'CLUSTER',
  source: { ...leader, derivation: gauge('starrocks_fe_routine_load_jobs', { state }) },
  overall: null,
  documented: source.frontendPage,
});

const documented = 'fe/…/load/routineload/KafkaRoutineLoadJob.java (getStatistic, getSourceLagString)';

export const routineLoadMetrics: readonly Metric[] = [
  inState('routine_loads_running', 'Running routine loads', {
    state: 'RUNNING',
    meaning: 'Routine loads that are in work, unstable ones too.',
  }),
  inState('routine_loads_waiting', 'Waiting routine loads', {
    state: 'NEED_SCHEDULE',
    meaning: 'Routine loads that wait for a place on a backend, or for their partitions to be read.',
  }),
  inState('routine_loads_paused', 'Paused routine loads', {
    state: 'PAUSED',
    meaning: 'Routine loads that were paused, by a person or because of too many errors.',
  }),
  inState('routine_loads_unstable', 'Unstable routine loads', {
    state: 'UNSTABLE',
    meaning:
      'Routine loads whose newest row of a partition is older than routine_load_unstable_threshold_second: they fall behind, or nothing comes.',
  }),
  {
    name: 'routine_loads_behind',
    title: 'Routine loads that fall behind',
    meaning:
      'Routine loads that StarRocks calls unstable and that have messages to go; up to 3.2, which tells no lag, all unstable ones.',
    unit: 'COUNT',
    scope: 'CLUSTER',
    source: { kind: 'FACT', fact: 'routine_loads_behind' },
    overall: null,
    documented: 'fe/…/load/routineload/KafkaRoutineLoadJob.java (updateSubstate, getSourceLagString)',
  },
  {
    name: 'routine_load_error_rows_per_second',
    title: 'Bad rows of routine loads',
    meaning: 'Rows that routine loads could not use, each second.',
    unit: 'PER_SECOND',
    scope: 'CLUSTER',
    source: { ...leader, derivation: rate('starrocks_fe_routine_load_error_rows') },
    overall: null,
    documented: source.frontendPage,
  },
  {
    name: 'routine_load_is_running',
    title: 'Routine load runs',
    meaning: '1 while the routine load runs or waits for its turn; 0 while it is paused. Stopped ones are not listed.',
    unit: 'COUNT',
    scope: 'ROUTINE_LOAD',
    source: { kind: 'FACT', fact: 'routine_load_running' },
    overall: null,
    isWorseLow: true,
    documented,
  },
  {
    name: 'routine_load_lag',
    title: 'Routine load, messages behind',
    meaning: 'Messages that the partition that is furthest behind has to go. Unknown before the first task was done.',
    unit: 'COUNT',
    scope: 'ROUTINE_LOAD',
    source: { kind: 'FACT', fact: 'routine_load_lag' },
    overall: 'MAX',
    since: '3.3',
    documented,
  },
  {
    name: 'routine_load_error_share',
    title: 'Routine load, bad rows',
    meaning:
      'The part of the rows that came since it was last asked, about a minute ago, which the routine load could not use. Unknown while no rows come.',
    unit: 'SHARE',
    scope: 'ROUTINE_LOAD',
    source: { kind: 'FACT', fact: 'routine_load_error_share' },
    overall: 'MAX',
    documented,
  },
];
