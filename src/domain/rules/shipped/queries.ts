import { familyOf, minute } from './build.ts';

export const queryRules = familyOf('queries', [
  {
    name: 'query_p95_high',
    title: 'Queries are slow',
    pastTitle: 'Queries were slow',
    on: {
      ...{ kind: 'METRIC', metric: 'query_p95_ms', of: 'CLUSTER' },
      ...{ compare: 'ABOVE', threshold: 10_000, clear: 8_000 },
      ...{ nothingMeans: 'FINE', tells: ['queries_per_second', 'slow_queries_per_second'] },
    },
    forMs: 5 * minute,
    severity: 'HIGH',
    means: 'One query in twenty takes longer than that on the slowest frontend; people wait.',
    todo: 'Look at the running queries (SHOW PROCESSLIST), at CPU and disks of the backends, and at what began when this did.',
  },
  {
    name: 'query_errors_high',
    title: 'Queries fail',
    pastTitle: 'Queries failed',
    on: {
      ...{ kind: 'METRIC', metric: 'query_error_share', of: 'CLUSTER' },
      ...{ compare: 'ABOVE', threshold: 0.05, clear: 0.03 },
      ...{ nothingMeans: 'FINE', tells: ['query_errors_per_second', 'query_timeouts_per_second'] },
    },
    forMs: 5 * minute,
    severity: 'HIGH',
    means: 'These queries failed through no mistake of their users.',
    todo: 'Look for the errors in fe.audit.log (State=ERR), and whether they name one backend or one table.',
  },
]);
