/** What frontends counted between two moments. */
export type QueryWindow = {
  readonly queries: number;
  readonly errors: number;
  /** Of the slowest frontend; null = none has answered a query. */
  readonly p95Ms: number | null;
};

/** With fewer queries a rate says nothing. */
const enoughQueries = 20;
/** Below this share nobody calls the cluster ill, whatever it was before. */
const errorFloor = 0.01;
/** Below this latency nobody calls the cluster slow, whatever it was before. */
const latencyFloorMs = 500;

/**
 * Whether queries fail or wait more than they did before, by more than the factor. Null = they do not, or there are too
 * few to say so.
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
