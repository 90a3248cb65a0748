import type { Chart } from '../../../src/domain/charts/chart.ts';
import { type ChartOrder, makeChart } from '../../../src/domain/charts/make-chart.ts';

export const noon = new Date('2026-11-28T12:00:00Z');

/** One value for each step, as the history gives them; null = nothing was measured. */
export const points = (values: readonly (number | null)[], stepMs = 60_000, from = noon) =>
  values.map((value, index) =>
    value === null ? null : { at: new Date(from.getTime() + index * stepMs), mean: value, min: value, max: value },
  );

export const line = (label: string, values: readonly (number | null)[]) => ({ label, points: points(values) });

/** A chart of minutes from noon on: as many as the longest line has values. */
export function chart(order: Partial<ChartOrder> & Pick<ChartOrder, 'series'>): Chart {
  const minutes = Math.max(1, ...order.series.map((each) => each.points.length));
  return makeChart({
    title: 'P95 latency',
    place: 'prod-eu',
    unit: 'SECONDS',
    from: noon,
    to: new Date(noon.getTime() + minutes * 60_000),
    stepMs: 60_000,
    threshold: null,
    ...order,
  });
}
