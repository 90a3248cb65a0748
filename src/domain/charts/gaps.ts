import type { ChartPoint } from './chart.ts';

/** A time in which nothing was measured; `to` is when the next value was there, or the end of the chart. */
export type Gap = { readonly from: Date; readonly to: Date };

/** Where all of these lines, which share their times, have no value. */
export function commonGaps(lines: readonly (readonly ChartPoint[])[], stepMs: number): readonly Gap[] {
  const [first] = lines;
  if (first === undefined) return [];
  const gaps: { from: Date; to: Date }[] = [];
  for (const [index, { at }] of first.entries()) {
    if (lines.some((points) => (points[index]?.value ?? null) !== null)) continue;
    const end = new Date(at.getTime() + stepMs);
    const last = gaps.at(-1);
    if (last?.to.getTime() === at.getTime()) last.to = end;
    else gaps.push({ from: at, to: end });
  }
  return gaps;
}
