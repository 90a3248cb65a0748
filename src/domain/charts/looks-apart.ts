/**
 * How many steps the looks are apart at most where they come one after the other: looks are not on the beat of the steps, so
 * some steps have none although no look was missed. Twice the usual distance still counts as one after the other.
 */
export function looksApart(series: readonly (readonly unknown[])[]): number {
  const known = new Set(series.flatMap((points) => points.flatMap((point, index) => (point === null ? [] : [index]))));
  const places = [...known].sort((a, b) => a - b);
  const distances = places.slice(1).map((place, at) => place - (places[at] ?? place));
  const usual = distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 1;
  return distances.reduce((most, each) => (each <= 2 * usual ? Math.max(most, each) : most), 1);
}
