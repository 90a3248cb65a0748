import { mostSubjects } from '../cut.ts';
import { subjectKey } from '../measurement.ts';
import type { Metric, PageSource } from '../metric.ts';
import type { Series, SeriesPoint } from '../points.ts';
import type { MetricRange } from '../range.ts';
import { pagesOf } from './promql.ts';
import { planeLabel, planes } from './question.ts';
import type { Place } from './site.ts';

/** A series as Prometheus answers it; `values` are milliseconds since 1970 and numbers, which may be NaN or infinite. */
export type AnsweredSeries = {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [atMs: number, value: number])[];
};

export type Reading = {
  /** In the order of their keys; one that never had a value is not among them. */
  readonly series: readonly Series[];
  /** What is to be said of them, in sentences without a full stop. */
  readonly notes: readonly string[];
};

type Plane = (typeof planes)[number];
type Column = { readonly subject: string; readonly plane: Plane | null; readonly values: AnsweredSeries['values'] };

export type Answered = {
  readonly range: MetricRange;
  readonly place: Pick<Place, 'nodeOf'>;
  readonly instanceLabel: string;
  /** The steps that are over, and the one that is not. */
  readonly over: readonly AnsweredSeries[];
  readonly last: readonly AnsweredSeries[];
};

/** What Prometheus answered, as series of our subjects with one point for each step. */
export function seriesOf({ range, place, instanceLabel, over, last }: Answered): Reading {
  const { metric, isOverall, stepMs, from, to } = range;
  const source = pagesOf(metric);
  if (source === null) return { series: [], notes: [] };
  const naming = { source, isOverall: isOverall || metric.scope === 'CLUSTER', place, instanceLabel, metric };
  const columns = [...over, ...last.map((each) => ({ ...each, values: ofLastStep(each, range) }))].flatMap((each) => {
    const subject = subjectOf(each.labels, naming);
    return typeof subject !== 'string' ? [] : [{ subject, plane: planeOf(each.labels), values: each.values }];
  });
  const strange = over.filter(({ labels }) => subjectOf(labels, naming) === undefined);
  const strangers = new Set(strange.map(({ labels }) => labels[instanceLabel]));
  const steps = Math.round((+to - +from) / stepMs);
  const series = [...Map.groupBy(columns, ({ subject }) => subject)].flatMap(([subject, own]): Series[] => {
    const points = pointsOf(own, { fromMs: +from, stepMs, steps });
    return points.every((point) => point === null) ? [] : [{ subject, points }];
  });
  const { kept, cut } = cutToHighest(series, metric);
  return {
    series: kept.toSorted((a, b) => (a.subject < b.subject ? -1 : 1)),
    notes: [
      ...(strangers.size === 0 ? [] : [strangersInWords([...strangers], instanceLabel)]),
      ...(cut === 0 ? [] : [`the ${kept.length} with the highest values are shown, of ${kept.length + cut}`]),
    ],
  };
}

function planeOf(labels: AnsweredSeries['labels']): Plane | null {
  return planes.find((plane) => plane === labels[planeLabel]) ?? null;
}

/** The value of now stands for the whole step, which ends later. */
function ofLastStep({ values }: AnsweredSeries, { from, stepMs }: MetricRange): AnsweredSeries['values'] {
  return values.map(([at, value]) => [+from + Math.ceil((at - +from) / stepMs) * stepMs, value]);
}

type Naming = {
  readonly source: PageSource;
  readonly metric: Metric;
  readonly isOverall: boolean;
  readonly place: Pick<Place, 'nodeOf'>;
  readonly instanceLabel: string;
};

/** Null and undefined as `nodeOf` says them. */
function subjectOf(labels: AnsweredSeries['labels'], naming: Naming): string | null | undefined {
  const { source, metric, isOverall, place, instanceLabel } = naming;
  if (isOverall) return '';
  const value = source.by === undefined ? undefined : labels[source.by.label];
  const named = source.by === undefined || value === undefined ? {} : { [source.by.subject]: value };
  if (metric.scope !== 'NODE' && metric.scope !== 'DISK') return subjectKey(named);
  const nodeId = place.nodeOf(labels[instanceLabel] ?? '');
  return typeof nodeId === 'string' ? subjectKey({ nodeId, ...named }) : nodeId;
}

type Steps = { readonly fromMs: number; readonly stepMs: number; readonly steps: number };

/** A node under two names says everything twice: where both do not say the same, what holds is not known. */
function pointsOf(columns: readonly Column[], { fromMs, stepMs, steps }: Steps): readonly SeriesPoint[] {
  const values = { mean: column(steps), min: column(steps), max: column(steps) };
  for (const { plane, values: given } of columns) {
    for (const [at, value] of given) {
      const index = Math.round((at - fromMs) / stepMs) - 1;
      if (index < 0 || index >= steps) continue;
      for (const each of plane === null ? planes : [plane]) {
        const known = values[each][index];
        values[each][index] = known === undefined || known === null || known === value ? value : Number.NaN;
      }
    }
  }
  return Array.from({ length: steps }, (_, index): SeriesPoint => {
    const [mean, min, max] = [values.mean[index], values.min[index], values.max[index]];
    if (!isNumber(mean) || !isNumber(min) || !isNumber(max)) return null;
    return { at: new Date(fromMs + index * stepMs), mean, min, max };
  });
}

function column(steps: number): (number | null)[] {
  return Array.from({ length: steps }, () => null);
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function strangersInWords(instances: readonly (string | undefined)[], label: string): string {
  const named = instances.slice(0, 3).map((instance) => JSON.stringify((instance ?? '').slice(0, 80)));
  const more = instances.length > named.length ? ` and ${instances.length - named.length} more` : '';
  return `not shown are values of nodes that are none of the cluster's now: ${label} ${named.join(', ')}${more}`;
}

/** Anybody can make up user names by failed logins. */
function cutToHighest(series: readonly Series[], { scope }: Metric): { kept: readonly Series[]; cut: number } {
  const limit = mostSubjects[scope] ?? series.length;
  if (series.length <= limit) return { kept: series, cut: 0 };
  const highest = ({ points }: Series) =>
    points.reduce((most, point) => (point === null ? most : Math.max(most, point.max)), Number.NEGATIVE_INFINITY);
  const kept = series.toSorted((a, b) => highest(b) - highest(a)).slice(0, limit);
  return { kept, cut: series.length - kept.length };
}
