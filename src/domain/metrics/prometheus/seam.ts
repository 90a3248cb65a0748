import type { Series } from '../points.ts';

/** Where the values of a history are from. */
export const historySources = ['STARWARDEN', 'PROMETHEUS'] as const;
export type HistorySource = (typeof historySources)[number];

/** From `at` on the values are from `source`, until the next seam. */
export type Seam = { readonly at: Date; readonly source: HistorySource };

export type Joined = { readonly series: readonly Series[]; readonly seams: readonly Seam[] };

/** Steps at the beginning and at the end of which Prometheus has nothing, of no subject. */
export type Ends = { readonly before: number; readonly after: number };

/** What Prometheus lacks at both ends of the steps that are over by `overSteps`; null = it has nothing at all. */
export function endsOf(theirs: readonly Series[], overSteps: number): Ends | null {
  const isKnown = Array.from({ length: overSteps }, (_, index) =>
    theirs.some(({ points }) => points[index] !== null && points[index] !== undefined),
  );
  const first = isKnown.indexOf(true);
  return first < 0 ? null : { before: first, after: overSteps - 1 - isKnown.lastIndexOf(true) };
}

/**
 * Theirs, and ours at the ends at which theirs has nothing and ours has something. In the middle nothing is filled in: where
 * they change places there would be no end of seams.
 */
export function joinAtSeams(
  { ours, theirs }: { readonly ours: readonly Series[]; readonly theirs: readonly Series[] },
  { ends, steps, atOf }: { readonly ends: Ends; readonly steps: number; readonly atOf: (step: number) => Date },
): Joined {
  const last = steps - ends.after;
  const isMissing = (index: number) => index < ends.before || index >= last;
  const has = (from: number, to: number) =>
    ours.some(({ points }) => points.slice(from, to).some((point) => point !== null));
  const [before, after] = [has(0, ends.before), has(last, steps)];
  if (!before && !after) return { series: theirs, seams: [] };
  const own = new Map(ours.map(({ subject, points }) => [subject, points]));
  const their = new Map(theirs.map(({ subject, points }) => [subject, points]));
  const subjects = [...new Set([...own.keys(), ...their.keys()])].toSorted();
  const series = subjects.map((subject) => ({
    subject,
    points: Array.from({ length: steps }, (_, index) => (isMissing(index) ? own : their).get(subject)?.[index] ?? null),
  }));
  return {
    series: series.filter(({ points }) => points.some((point) => point !== null)),
    seams: [
      ...(before ? [{ at: atOf(ends.before), source: 'PROMETHEUS' as const }] : []),
      ...(after ? [{ at: atOf(last), source: 'STARWARDEN' as const }] : []),
    ],
  };
}
