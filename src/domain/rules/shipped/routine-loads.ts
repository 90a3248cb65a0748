import { familyOf, minute } from './build.ts';

export const routineLoadRules = familyOf('routine-loads', [
  {
    name: 'routine_load_not_running',
    title: 'The routine load {job} does not run',
    pastTitle: 'The routine load {job} did not run',
    on: {
      ...{ kind: 'METRIC', metric: 'routine_load_is_running', of: 'EACH' },
      ...{ compare: 'BELOW', threshold: 1, clear: 1, tells: ['routine_load_lag'] },
    },
    forMs: 2 * minute,
    severity: 'HIGH',
    means: 'It is paused, by a person or because of too many errors: its tables get no new rows.',
    todo: 'SHOW ROUTINE LOAD says why (ReasonOfStateChanged); mend that, then RESUME ROUTINE LOAD. One that is not wanted any more: STOP ROUTINE LOAD.',
  },
  {
    name: 'routine_load_errors',
    title: 'The routine load {job} drops rows',
    pastTitle: 'The routine load {job} dropped rows',
    on: {
      ...{ kind: 'METRIC', metric: 'routine_load_error_share', of: 'EACH' },
      ...{ compare: 'ABOVE', threshold: 0.01, clear: 0.005, nothingMeans: 'FINE' },
    },
    forMs: 2 * minute,
    severity: 'MEDIUM',
    means: 'Rows that came could not be used and are not in the table; with more of them it pauses itself.',
    todo: 'ErrorLogUrls of SHOW ROUTINE LOAD names the rows; mend the producer or the columns.',
  },
  {
    name: 'routine_load_lagging',
    title: 'The routine load {job} is behind',
    pastTitle: 'The routine load {job} was behind',
    on: {
      ...{ kind: 'METRIC', metric: 'routine_load_lag', of: 'EACH' },
      ...{ compare: 'ABOVE', threshold: 1_000_000, clear: 500_000 },
    },
    forMs: 10 * minute,
    severity: 'MEDIUM',
    means:
      'So many messages of its partition that is furthest behind are not in the table yet; reports are older than they seem.',
    todo: 'Raise desired_concurrent_number up to the number of partitions, look at compaction and CPU; lower the threshold where a topic has few messages.',
  },
  {
    name: 'routine_loads_unstable',
    title: 'Routine loads fall behind',
    pastTitle: 'Routine loads fell behind',
    on: {
      ...{ kind: 'METRIC', metric: 'routine_loads_behind', of: 'CLUSTER' },
      ...{ compare: 'ABOVE', threshold: 0, clear: 0 },
    },
    forMs: 10 * minute,
    severity: 'MEDIUM',
    means:
      'So many routine loads run, have messages to go, and have read no new row for an hour (routine_load_unstable_threshold_second).',
    todo: 'SHOW ROUTINE LOAD names them (UNSTABLE); look at their lag and at the backends.',
  },
]);
