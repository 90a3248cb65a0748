import type { ChartLine } from './chart.ts';

type Known = { readonly at: Date; readonly value: number };

/** The figures of a line that people ask for. */
export type LineFigures = {
  readonly first: Known;
  readonly last: Known;
  readonly highest: Known;
  readonly lowest: Known;
};

/** Null = nothing was measured. Of equal values the first counts. */
export function figuresOf({ points }: Pick<ChartLine, 'points'>): LineFigures | null {
  const known = points.flatMap(({ at, value }) => (value === null ? [] : [{ at, value }]));
  const [first] = known;
  const last = known.at(-1);
  if (first === undefined || last === undefined) return null;
  const highest = known.reduce((most, each) => (each.value > most.value ? each : most));
  const lowest = known.reduce((least, each) => (each.value < least.value ? each : least));
  return { first, last, highest, lowest };
}
