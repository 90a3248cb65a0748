/** What frontends counted between two moments. */
export type QueryWindow = {
  readonly queries: number;
  readonly errors: number;
  /** Of the slowest frontend; null = none has answered a query. */
  readonly p95Ms: number | null;
};

/** With fewer queries a rate means nothing. */
const enoughQueries = 20;
/** A share of errors below this counts as healthy, whatever it was before. */
const errorFloor = 0.01;
/** A latency below this counts as fast, whatever it was before. */
const latencyFloorMs = 500;

/**
 * What got worse: queries that fail or wait more than before by more than the factor. Null = nothing, or there are too
 * few queries to say so.
 */
export function whatGotWorse(baseline: QueryWindow, now: QueryWindow, factor: number): string | null {
  if (now.queries < enoughQueries) return null;
  const share = now.errors / now.queries;
  const shareBefore = baseline.queries === 0 ? 0 : baseline.errors / baseline.queries;
  const shareAllowed = Math.max(shareBefore * factor, errorFloor);
  if (share > shareAllowed) {
    return `${percent(share)} of ${now.queries} queries failed; before it were ${percent(shareBefore)}, at most ${percent(shareAllowed)} are accepted`;
  }
  if (now.p95Ms === null || baseline.p95Ms === null) return null;
  const latencyAllowed = Math.max(baseline.p95Ms * factor, latencyFloorMs);
  if (now.p95Ms > latencyAllowed) {
    return `the 95th percentile of query latency is ${Math.round(now.p95Ms)} ms; before it was ${Math.round(baseline.p95Ms)} ms, at most ${Math.round(latencyAllowed)} ms are accepted`;
  }
  return null;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}
