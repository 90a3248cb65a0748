import type { Chart, ChartMark, Threshold } from '../../domain/charts/chart.ts';
import { chartEnd } from '../../domain/charts/chart-end.ts';
import { looksApart } from '../../domain/charts/looks-apart.ts';
import { makeChart } from '../../domain/charts/make-chart.ts';
import { subjectLabel } from '../../domain/charts/subject-label.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { type MetricSubject, parseSubject } from '../../domain/metrics/measurement.ts';
import type { Series } from '../../domain/metrics/points.ts';
import { type AskedRange, type MetricRange, rangeOf } from '../../domain/metrics/range.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import type { Reader } from '../database.ts';
import { nodesOfClusters } from './clusters.ts';
import { historiesOfClusters } from './metric-history.ts';

/** How often clusters are looked at, unless the values themselves show that it is less often. */
const lookEveryMs = 15_000;

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
  /** When what the chart is about ended, as in `ChartOrder`. */
  readonly endedAt?: Date;
  /** Values of the range that `rangeOf` makes of the question; left out = what Starwarden measured, at the pace of its looks. */
  readonly series?: readonly Series[];
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
    endedAt,
    series: given,
  }: ChartQuestion,
): Promise<Chart> {
  const asked = { name, from, to, scope: wantsOverall ? ('CLUSTER' as const) : null };
  const finest = rangeOf(asked, now);
  const range = given === undefined ? await paced(db, cluster.id, { asked, finest, now }) : finest;
  const { metric, stepMs, isOverall } = range;
  const found = given ?? (await ownSeries(db, cluster.id, { range, now }));
  const nodes = new Map((await nodesOfClusters(db, [cluster.id])).map((node) => [node.id, nodeLabel(node)]));
  const series = found.flatMap(({ subject: key, points }) => {
    const subject = parseSubject(key);
    if (subject === null || (key === '') !== isOverall || !isWanted(subject)) return [];
    if (points.every((point) => point === null)) return [];
    return [{ label: subjectLabel(subject, { nodes, clusterName: cluster.name }), points }];
  });
  const unheardMs = range.stepMs > finest.stepMs ? stepMs + lookEveryMs : 2 * lookEveryMs;
  const { steps, end } = chartEnd(range, { now, series: series.map(({ points }) => points), unheardMs });
  return makeChart({
    title: metric.title,
    place: cluster.name,
    unit: metric.unit,
    from: range.from,
    to: end,
    stepMs,
    series: series.map((each) => ({ ...each, points: each.points.slice(0, steps) })),
    threshold,
    marks,
    ...(endedAt === undefined ? {} : { endedAt }),
  });
}

/** What Starwarden measured of a cluster that the caller has read with their rights. */
export async function ownSeries(
  db: Reader,
  clusterId: string,
  { range, now }: { readonly range: MetricRange; readonly now: Date },
): Promise<readonly Series[]> {
  const asked = { clusterIds: [clusterId], ...range, metric: range.metric.name, now };
  return (await historiesOfClusters(db, asked))[0]?.series ?? [];
}

type Pacing = { readonly asked: AskedRange; readonly finest: MetricRange; readonly now: Date };

/** The range with steps in each of which there was a look, so that a step between two looks is not taken for a gap. */
async function paced(db: Reader, clusterId: string, { asked, finest, now }: Pacing): Promise<MetricRange> {
  const { stepMs } = finest;
  const found = await ownSeries(db, clusterId, { range: finest, now });
  const steps = looksApart(found.map(({ points }) => points));
  return steps === 1 ? finest : rangeOf({ ...asked, step: (stepMs * steps) / 1_000 }, now);
}
