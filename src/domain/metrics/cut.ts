import { type Measurement, subjectKey } from './measurement.ts';
import type { Metric, MetricScope } from './metric.ts';

/** So many subjects of a cluster are kept; anybody can make up user names by failed logins. */
export const mostSubjects: Readonly<Partial<Record<MetricScope, number>>> = {
  USER: 50,
  DATABASE: 200,
  ROUTINE_LOAD: 200,
};

export type Cut = {
  readonly kept: readonly Measurement[];
  readonly cut: readonly { readonly metric: string; readonly kept: number; readonly of: number }[];
};

/** Keeps the highest values of each metric that has too many subjects; those of nodes and of the cluster are always kept. */
export function cutToLimit(measurements: readonly Measurement[], metrics: readonly Metric[]): Cut {
  const limits = new Map(metrics.map(({ name, scope }) => [name, mostSubjects[scope]]));
  const groups = [...Map.groupBy(measurements, ({ metric }) => metric)].map(([metric, group]) => {
    const limit = limits.get(metric);
    const isCluster = ({ subject }: Measurement) => Object.keys(subject).length === 0;
    const subjects = group.filter((each) => !isCluster(each));
    if (limit === undefined || subjects.length <= limit) return { metric, kept: group, of: null };
    const highest = subjects.toSorted((a, b) => b.value - a.value || compare(a, b)).slice(0, limit);
    return { metric, kept: [...highest, ...group.filter(isCluster)], of: subjects.length };
  });
  return {
    kept: groups.flatMap(({ kept }) => kept),
    cut: groups.flatMap(({ metric, of }) => (of === null ? [] : [{ metric, kept: limits.get(metric) ?? 0, of }])),
  };
}

function compare(a: Measurement, b: Measurement): number {
  const [left, right] = [subjectKey(a.subject), subjectKey(b.subject)];
  return left < right ? -1 : left > right ? 1 : 0;
}
