import type { MetricUnit } from '../metrics/metric.ts';
import type { SeriesPoint } from '../metrics/points.ts';
import type { Chart, ChartLine, ChartMark, Threshold } from './chart.ts';
import { mostLines, mostMarks } from './chart.ts';
import { pictureText } from './picture-text.ts';

/** The values of one subject by name; all series of a chart have one entry for each step, in order. */
export type NamedSeries = { readonly label: string; readonly points: readonly SeriesPoint[] };

export type ChartOrder = {
  readonly title: string;
  readonly place: string;
  readonly unit: MetricUnit;
  readonly from: Date;
  readonly to: Date;
  readonly stepMs: number;
  readonly series: readonly NamedSeries[];
  readonly threshold: Threshold | null;
  readonly marks?: readonly ChartMark[];
  /** When what the chart is about ended: the last step up to then shows the value that ended it, and not the worst before. */
  readonly endedAt?: Date;
};

/**
 * Makes a chart of series: the worst eight as lines, all others as a band. With a threshold each point is the worst value
 * of its step, since a peak that crossed the limit must not vanish in a mean; without one it is the mean.
 */
export function makeChart(order: ChartOrder): Chart {
  const { from, stepMs, threshold, series } = order;
  const shows = threshold === null ? 'MEAN' : threshold.bad === 'OVER' ? 'HIGHEST' : 'LOWEST';
  const pick = { MEAN: 'mean', HIGHEST: 'max', LOWEST: 'min' } as const;
  const best = { MEAN: 'mean', HIGHEST: 'min', LOWEST: 'max' } as const;
  const startOf = (index: number) => new Date(from.getTime() + index * stepMs);
  const lines = series.map(({ label, points }): ChartLine => {
    const last = points.findLastIndex(
      (point, index) => point !== null && order.endedAt !== undefined && startOf(index) <= order.endedAt,
    );
    return {
      label: pictureText(label, 60),
      points: points.map((point, index) => ({
        at: startOf(index),
        value: point === null ? null : point[index === last ? best[shows] : pick[shows]],
      })),
    };
  });
  const worstFirst = lines
    .map((line) => ({ line, badness: badnessOf(line, threshold) }))
    .toSorted((a, b) => b.badness - a.badness)
    .map(({ line }) => line);
  return {
    title: pictureText(order.title, 80),
    place: pictureText(order.place, 60),
    unit: order.unit,
    from,
    to: order.to,
    stepMs,
    shows,
    lines: worstFirst.slice(0, mostLines),
    rest: bandOf(worstFirst.slice(mostLines)),
    threshold,
    marks: (order.marks ?? []).slice(0, mostMarks).map(({ at, label }) => ({ at, label: pictureText(label, 40) })),
  };
}

/** The highest value counts, or the lowest where low is bad; a line without any value is the least bad. */
function badnessOf({ points }: ChartLine, threshold: Threshold | null): number {
  const sign = threshold?.bad === 'UNDER' ? -1 : 1;
  return points.reduce(
    (worst, { value }) => (value === null ? worst : Math.max(worst, sign * value)),
    Number.NEGATIVE_INFINITY,
  );
}

function bandOf(others: readonly ChartLine[]): Chart['rest'] {
  const [first] = others;
  if (first === undefined) return null;
  const edge = (label: string, choose: (...values: number[]) => number): ChartLine => ({
    label,
    points: first.points.map(({ at }, index) => {
      const values = others.flatMap(({ points }) => points[index]?.value ?? []);
      return { at, value: values.length === 0 ? null : values.reduce((a, b) => choose(a, b)) };
    }),
  });
  return {
    count: others.length,
    low: edge('lowest of the others', Math.min),
    high: edge('highest of the others', Math.max),
  };
}
