/** What is known of the free space of one disk: milliseconds since 1970 and bytes, in any order. */
export type FreeSpace = { readonly atMs: number; readonly freeBytes: number };

const dayMs = 86_400_000;
/** From fewer hours nobody can tell a trend from a load that runs once. */
const leastMs = 6 * 3_600_000;
const leastPoints = 4;
/** A disk that would take longer is not filling in any sense that matters. */
const mostDays = 3_650;

/**
 * In how many days a disk is full if it goes on filling as lately; `because` says why that is not known. The slope is the
 * median of the slopes between all pairs of points, so that one clean-up, or one disk that was made bigger, does not decide.
 */
export function daysUntilFull(
  past: readonly FreeSpace[],
  freeNowBytes: number,
): { readonly days: number } | { readonly because: string; readonly isNone?: true } {
  const times = past.map(({ atMs }) => atMs);
  const spanMs = past.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
  if (past.length < leastPoints || spanMs < leastMs)
    return { because: 'fewer than six hours of its free space are known' };
  const perDay = medianSlope(past) * dayMs;
  if (!(perDay < 0)) return { because: 'it does not fill', isNone: true };
  const days = freeNowBytes / -perDay;
  return days <= mostDays ? { days } : { because: 'it would not be full within ten years', isNone: true };
}

/** Bytes for each millisecond. */
function medianSlope(points: readonly FreeSpace[]): number {
  const slopes = points.flatMap((a, index) =>
    points
      .slice(index + 1)
      .flatMap((b) => (a.atMs === b.atMs ? [] : [(b.freeBytes - a.freeBytes) / (b.atMs - a.atMs)])),
  );
  const sorted = slopes.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
