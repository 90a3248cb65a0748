import type { Chart } from '../domain/charts/chart.ts';
import type { Cluster } from '../domain/cluster.ts';
import { rangeOf } from '../domain/metrics/range.ts';
import { type ChartQuestion, ownSeries, readChart } from '../store/reads/chart-data.ts';
import { nodesOfClusters } from '../store/reads/clusters.ts';
import type { Engine } from './engine.ts';
import { lookAtHistory, type ToldHistory } from './look-at-history.ts';

/**
 * A metric of a cluster that the caller has read with their rights as a chart, from Prometheus where that has it. Throws as
 * `readChart` does.
 */
export async function lookAtChart(
  engine: Pick<Engine, 'db' | 'prometheus' | 'log'>,
  cluster: Pick<Cluster, 'id' | 'name'>,
  question: Omit<ChartQuestion, 'series'>,
): Promise<{ readonly chart: Chart; readonly told: ToldHistory }> {
  const { db } = engine;
  const { metric: name, from, to, now, isOverall = false } = question;
  const range = rangeOf({ name, from, to, scope: isOverall ? 'CLUSTER' : null }, now);
  const told = await lookAtHistory(engine, {
    cluster,
    range,
    now,
    nodes: () => nodesOfClusters(db, [cluster.id]),
    ours: () => ownSeries(db, cluster.id, { range, now }),
  });
  if (told.source === 'STARWARDEN') return { chart: await readChart(db, cluster, question), told };
  const seams = told.seams.map(({ at, source }) => ({
    at,
    label: source === 'PROMETHEUS' ? 'from Prometheus on' : 'own values again',
  }));
  const marks = [...seams, ...(question.marks ?? [])];
  return { chart: await readChart(db, cluster, { ...question, series: told.series, marks }), told };
}
