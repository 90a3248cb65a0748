import { type Measurement, subjectKey } from './measurement.ts';
import type { Metric, MetricScope } from './metric.ts';

/** The history of a metric keeps so many subjects of each look; anybody can make up user names by failed logins. */
export const mostSubjects: Readonly<Partial<Record<MetricScope, number>>> = {
  USER: 50,
  DATABASE: 200,
  ROUTINE_LOAD: 200,
  ENDPOINT: 200,
};

/**
 * What the history keeps of a look: of each metric that has too many subjects the worst values, and always those of nodes and
 * of the cluster. Rules judge all there is, never this.
 */
export function cutToLimit(measurements: readonly Measurement[], metrics: readonly Metric[]): readonly Measurement[] {
  const known = new Map(metrics.map((metric) => [metric.name, metric]));
  return [...Map.groupBy(measurements, ({ metric }) => metric)].flatMap(([name, group]) => {
    const metric = known.get(name);
    const limit = metric && mostSubjects[metric.scope];
    if (metric === undefined || limit === undefined || group.length <= limit) return group;
    const isCluster = ({ subject }: Measurement) => Object.keys(subject).length === 0;
    const sign = metric.isWorseLow ? -1 : 1;
    const worst = group
      .filter((each) => !isCluster(each))
      .toSorted((a, b) => sign * (b.value - a.value) || compare(a, b))
      .slice(0, limit);
    return [...worst, ...group.filter(isCluster)];
  });
}

function compare(a: Measurement, b: Measurement): number {
  const [left, right] = [subjectKey(a.subject), subjectKey(b.subject)];
  return left < right ? -1 : left > right ? 1 : 0;
}
