import type { Chart } from '../domain/charts/chart.ts';
import { type Scale, scaleFor } from '../domain/charts/quantity.ts';

/** The value axis: everything on it is divided by the factor of its scale before it is drawn. */
export type ValueAxis = {
  readonly scale: Scale;
  readonly min: number;
  readonly max: number;
  readonly interval: number;
};

const intervals = 5;

/** An axis that holds all values and the threshold, begins at 0 unless something is below it, and has round steps. */
export function valueAxisOf(chart: Chart): ValueAxis {
  const lines = [...chart.lines, ...(chart.rest === null ? [] : [chart.rest.low, chart.rest.high])];
  const values = [
    ...lines.flatMap(({ points }) => points.flatMap(({ value }) => value ?? [])),
    ...(chart.threshold === null ? [] : [chart.threshold.value]),
  ];
  const high = values.reduce((most, value) => Math.max(most, value), 0);
  const low = values.reduce((least, value) => Math.min(least, value), 0);
  const scale = scaleFor(Math.max(high, -low), chart.unit);
  const span = (high - low) / scale.factor;
  const interval = roundStep(span === 0 ? 1 : (span * 1.08) / intervals);
  // A share is of a whole: an axis up to 120 % would show what there is not.
  const most = chart.unit === 'SHARE' && high <= 1 ? Math.min(high * 1.08, 1) : high * 1.08;
  return {
    scale,
    min: Math.floor(low / scale.factor / interval) * interval,
    max: Math.max(1, Math.ceil(most / scale.factor / interval - 1e-9)) * interval,
    interval,
  };
}

/** The next of 1, 2, 2.5, 5, 10, 20 … */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 2.5, 5].find((step) => step * power >= least * 0.999) ?? 10) * power;
}
