import type { Chart, ChartMark, Threshold } from '../../domain/charts/chart.ts';
import { looksApart } from '../../domain/charts/looks-apart.ts';
import { makeChart } from '../../domain/charts/make-chart.ts';
import { subjectLabel } from '../../domain/charts/subject-label.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { type MetricSubject, parseSubject } from '../../domain/metrics/measurement.ts';
import { type AskedRange, type MetricRange, rangeOf } from '../../domain/metrics/range.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import type { Reader } from '../database.ts';
import { nodesOfClusters } from './clusters.ts';
import { historiesOfClusters } from './metric-history.ts';

export type ChartQuestion = {
  readonly metric: string;
  readonly from: Date;
  readonly to: Date;
  readonly now: Date;
  /** Which of the subjects are shown; what belongs to the whole cluster has an empty one. */
  readonly isWanted?: (subject: MetricSubject) => boolean;
  /** Only the value of the whole cluster, of a metric that has others too. */
  readonly isOverall?: boolean;
  readonly threshold?: Threshold | null;
  readonly marks?: readonly ChartMark[];
};

/**
 * A metric of a cluster that the caller has read with their rights, as a chart. Subjects that were not measured in that time
 * are not in it. Throws `BAD_USER_INPUT` for a metric or a time that there is none of.
 */
export async function readChart(
  db: Reader,
  cluster: Pick<Cluster, 'id' | 'name'>,
  {
    metric: name,
    from,
    to,
    now,
    isWanted = () => true,
    isOverall: wantsOverall = false,
    threshold = null,
    marks = [],
  }: ChartQuestion,
): Promise<Chart> {
  const asked = { name, from, to, scope: wantsOverall ? ('CLUSTER' as const) : null };
  const finest = rangeOf(asked, now);
  const range = await paced(db, cluster.id, { asked, finest, now });
  const { metric, stepMs, isOverall } = range;
  const [history] = await historiesOfClusters(db, { clusterIds: [cluster.id], ...range, metric: metric.name, now });
  const nodes = new Map((await nodesOfClusters(db, [cluster.id])).map((node) => [node.id, nodeLabel(node)]));
  const series = (history?.series ?? []).flatMap(({ subject: key, points }) => {
    const subject = parseSubject(key);
    if (subject === null || (key === '') !== isOverall || !isWanted(subject)) return [];
    if (points.every((point) => point === null)) return [];
    return [{ label: subjectLabel(subject, { nodes, clusterName: cluster.name }), points }];
  });
  // What is later than now cannot have been measured: a last step that is not over yet is no gap.
  const end = new Date(Math.min(+range.to, Math.max(+now, +range.from + stepMs)));
  const steps = Math.max(1, Math.ceil((+end - +range.from) / stepMs));
  return makeChart({
    title: metric.title,
    place: cluster.name,
    unit: metric.unit,
    from: range.from,
    to: new Date(+range.from + steps * stepMs),
    stepMs,
    series: series.map((each) => ({ ...each, points: each.points.slice(0, steps) })),
    threshold,
    marks,
  });
}

type Pacing = { readonly asked: AskedRange; readonly finest: MetricRange; readonly now: Date };

/** The range with steps in each of which there was a look, so that a step between two looks is not taken for a gap. */
async function paced(db: Reader, clusterId: string, { asked, finest, now }: Pacing): Promise<MetricRange> {
  const { metric, stepMs } = finest;
  const [history] = await historiesOfClusters(db, { clusterIds: [clusterId], ...finest, metric: metric.name, now });
  const steps = looksApart((history?.series ?? []).map(({ points }) => points));
  return steps === 1 ? finest : rangeOf({ ...asked, step: (stepMs * steps) / 1_000 }, now);
}
