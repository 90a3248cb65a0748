import { familyOf, minute } from './build.ts';

export const processRules = familyOf('processes', [
  {
    name: 'heap_high',
    title: '{node} is short of heap',
    pastTitle: '{node} was short of heap',
    on: {
      ...{ kind: 'METRIC', metric: 'jvm_heap_used_share', of: 'EACH', nodes: ['FRONTEND'] },
      ...{ compare: 'ABOVE', threshold: 0.9, clear: 0.8, tells: ['jvm_heap_bytes', 'jvm_gc_ms_per_second'] },
    },
    forMs: 5 * minute,
    severity: 'HIGH',
    means: 'A frontend that collects garbage all the time misses its heartbeats; a leader then loses its place.',
    todo: 'Raise -Xmx in JAVA_OPTS of fe.conf, then restart the frontends, the leader last.',
    action: 'rollingRestart',
  },
  {
    name: 'gc_heavy',
    title: '{node} collects garbage for long',
    pastTitle: '{node} collected garbage for long',
    on: {
      ...{ kind: 'METRIC', metric: 'jvm_gc_ms_per_second', of: 'EACH', nodes: ['FRONTEND'] },
      ...{ compare: 'ABOVE', threshold: 300, clear: 150, tells: ['jvm_heap_used_share'] },
    },
    forMs: 5 * minute,
    severity: 'MEDIUM',
    means: 'Milliseconds of each second in which the frontend does little else; statements become slow.',
    todo: 'Look at its heap use and at fe.gc.log; raise -Xmx if little is freed.',
  },
  {
    name: 'file_descriptors_near_limit',
    title: '{node} has few files left to open',
    pastTitle: '{node} had few files left to open',
    on: {
      ...{ kind: 'METRIC', metric: 'file_descriptors_of_limit', of: 'EACH' },
      ...{ compare: 'ABOVE', threshold: 0.85, clear: 0.75, tells: ['file_descriptors'] },
    },
    forMs: 5 * minute,
    severity: 'HIGH',
    means: 'At 100 % the node can open no segment and take no connection: queries and loads on it fail.',
    todo: 'Raise LimitNOFILE of its unit (or ulimit -n) and restart it; many small rowsets are a cause, see compaction.',
    action: 'restartNode',
  },
  {
    name: 'clock_difference',
    title: 'The clock of {node} is wrong',
    pastTitle: 'The clock of {node} was wrong',
    on: {
      ...{ kind: 'METRIC', metric: 'clock_difference_seconds', of: 'EACH' },
      ...{ compare: 'ABOVE', threshold: 2, clear: 1 },
    },
    forMs: 0,
    severity: 'HIGH',
    means: 'A frontend whose clock differs from that of the leader by 5 s cannot take part in the metadata any more.',
    todo: 'Look at chronyc tracking or timedatectl on the host, and at the clock of the host that Starwarden runs on.',
  },
]);
