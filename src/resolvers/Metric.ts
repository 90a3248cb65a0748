import type { Cluster, ClusterNode } from '../domain/cluster.ts';
import { catalogue, findMetric } from '../domain/metrics/catalogue/index.ts';
import { type Measurement, parseSubject, type MetricSubject as Subject } from '../domain/metrics/measurement.ts';
import type { Metric as MetricOfCatalogue } from '../domain/metrics/metric.ts';
import { promqlInWords } from '../domain/metrics/prometheus/promql.ts';
import { type AskedRange, metricNamed, rangeOf } from '../domain/metrics/range.ts';
import { lookAtHistory } from '../runs/look-at-history.ts';
import type { RequestContext } from './request-context.ts';

/** The query `metrics`. */
export function metrics() {
  return catalogue;
}

/** The field `Cluster.metric`. */
export async function metricOf(cluster: Pick<Cluster, 'id' | 'name'>, asked: AskedRange, context: RequestContext) {
  const { loaders, deps } = context;
  // To the minute, so that clusters of one request are read together.
  const now = new Date(Date.now() - (Date.now() % 60_000));
  const range = rangeOf({ ...asked, to: asked.to ?? new Date() }, now);
  const { metric, from, to, stepMs } = range;
  const told = await lookAtHistory(deps.engine, {
    cluster,
    range,
    now: new Date(),
    nodes: () => loaders.nodesOfCluster.load(cluster.id),
    ours: async () => {
      const history = await loaders.historyOfCluster({ metric: metric.name, from, to, stepMs, now }).load(cluster.id);
      return history?.series ?? [];
    },
  });
  const series = told.series.flatMap(({ subject: key, points }) => {
    const subject = parseSubject(key);
    return subject === null ? [] : [{ subject: key === '' ? null : subject, points }];
  });
  const { source, seams, note: sourceNote } = told;
  return { metric, from, to, stepSeconds: stepMs / 1_000, source, sourceNote, seams, series };
}

/** The field `Metric.promql`. */
export const Metric = {
  promql: (metric: MetricOfCatalogue) => promqlInWords(metric),
};

type Names = { readonly names?: readonly string[] | null };

/** The field `Cluster.latestMetrics`: everything that is about no node. */
export function latestMetricsOf({ id }: Pick<Cluster, 'id'>, { names }: Names, context: RequestContext) {
  return latest(id, { names: names ?? null, isWanted: ({ nodeId }) => nodeId === undefined }, context);
}

/** The field `StarRocksNode.metrics`. */
export function metricsOfNode(node: Pick<ClusterNode, 'id' | 'clusterId'>, { names }: Names, context: RequestContext) {
  return latest(node.clusterId, { names: names ?? null, isWanted: ({ nodeId }) => nodeId === node.id }, context);
}

type Wanted = { readonly names: readonly string[] | null; readonly isWanted: (subject: Subject) => boolean };

async function latest(clusterId: string, { names, isWanted }: Wanted, { loaders }: RequestContext) {
  const wanted = names === null ? null : new Set(names.map((name) => metricNamed(name, 'names').name));
  const measured = await loaders.latestMetricsOfCluster.load(clusterId);
  if (measured === null) return null;
  const values = measured.measurements
    .filter(({ metric, subject }) => isWanted(subject) && (wanted === null || wanted.has(metric)))
    .flatMap(({ metric: name, subject, value }: Measurement) => {
      const metric = findMetric(name);
      // A metric that an earlier version measured and this one does not have.
      if (metric === undefined) return [];
      return [{ metric, subject: Object.keys(subject).length === 0 ? null : subject, value }];
    });
  const ageSeconds = Math.max(0, Math.round((Date.now() - measured.at.getTime()) / 1_000));
  return { at: measured.at, ageSeconds, values };
}

export const MetricSubject = {
  node: ({ nodeId }: Subject, _: unknown, { loaders }: RequestContext) =>
    nodeId === undefined ? null : loaders.node.load(nodeId),
};
