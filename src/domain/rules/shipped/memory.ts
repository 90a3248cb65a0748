import { familyOf, minute } from './build.ts';

export const memoryRules = familyOf('memory', [
  {
    name: 'memory_high',
    title: '{node} is short of memory',
    pastTitle: '{node} was short of memory',
    on: {
      ...{ kind: 'METRIC', metric: 'memory_of_limit', of: 'EACH', nodes: ['BACKEND', 'COMPUTE_NODE'] },
      ...{ compare: 'ABOVE', threshold: 0.9, clear: 0.85 },
      ...{ tells: ['memory_bytes', 'memory_query_bytes', 'memory_load_bytes', 'memory_metadata_bytes'] },
    },
    forMs: 5 * minute,
    severity: 'HIGH',
    means: 'Beyond its limit queries and loads on the node are refused, and the host may end the process.',
    todo: 'Look at which part grows: queries (SHOW PROCESSLIST), loads, or metadata, which many tablets and rowsets take.',
  },
]);
