import type { Metric } from '../metric.ts';
import { certificateMetrics } from './certificates.ts';
import { connectionMetrics } from './connections.ts';
import { diskMetrics } from './disks.ts';
import { loadMetrics } from './loads.ts';
import { memoryMetrics } from './memory.ts';
import { metadataMetrics } from './metadata.ts';
import { processMetrics } from './processes.ts';
import { queryMetrics } from './queries.ts';
import { queueMetrics } from './queues.ts';
import { routineLoadMetrics } from './routine-loads.ts';
import { storageMetrics } from './storage.ts';

/** The metrics in groups, as people read them. */
export const metricGroups: readonly { readonly title: string; readonly metrics: readonly Metric[] }[] = [
  { title: 'Queries', metrics: queryMetrics },
  { title: 'Connections', metrics: connectionMetrics },
  { title: 'Loads', metrics: loadMetrics },
  { title: 'Routine loads', metrics: routineLoadMetrics },
  { title: 'Disks', metrics: diskMetrics },
  { title: 'Memory of backends', metrics: memoryMetrics },
  { title: 'Processes and hosts', metrics: processMetrics },
  { title: 'Tablets and compaction', metrics: storageMetrics },
  { title: 'Metadata', metrics: metadataMetrics },
  { title: 'Certificates', metrics: certificateMetrics },
  { title: 'Queues inside nodes', metrics: queueMetrics },
];

/** Every metric there is, in the order of the groups. */
export const catalogue: readonly Metric[] = metricGroups.flatMap(({ metrics }) => metrics);

const byName = new Map(catalogue.map((metric) => [metric.name, metric]));

/** Undefined = there is no metric of this name. */
export function findMetric(name: string): Metric | undefined {
  return byName.get(name);
}
