import type { SeriesPoint } from '../metrics/points.ts';

export type ChartSpan = { readonly from: Date; readonly to: Date; readonly stepMs: number };
type Seen = {
  readonly now: Date;
  readonly series: readonly (readonly SeriesPoint[])[];
  /** So long nobody has to have looked: the look after the last one may be under way. */
  readonly unheardMs: number;
};

/**
 * How many steps of a chart there are, and where it ends: what is later than now cannot have been measured, and a last step that has only
 * begun, and has no value of anything shown yet, is no gap. Words and picture end there, and not where a long step will end some time.
 */
export function chartEnd(
  { from, to, stepMs }: ChartSpan,
  { now, series, unheardMs }: Seen,
): { steps: number; end: Date } {
  const latest = Math.min(+to, Math.max(+now, +from + stepMs));
  let steps = Math.max(1, Math.ceil((latest - +from) / stepMs));
  const startOfLast = () => +from + (steps - 1) * stepMs;
  while (
    steps > 1 &&
    startOfLast() > +now - unheardMs &&
    series.every((points) => (points[steps - 1] ?? null) === null)
  )
    steps -= 1;
  return { steps, end: new Date(Math.min(latest, +from + steps * stepMs)) };
}
