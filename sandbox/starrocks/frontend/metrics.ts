/** The counters that a frontend shows on /metrics. */
export type FrontendMetrics = {
  requestTotal: number;
  queryTotal: number;
  querySuccess: number;
  queryError: number;
  queryTimeout: number;
  transactionsBegun: number;
  transactionsDone: number;
  transactionsFailed: number;
  latenciesMs: number[];
  latencySumMs: number;
};

const keptLatencies = 1000;

export function createFrontendMetrics(): FrontendMetrics {
  return {
    requestTotal: 0,
    queryTotal: 0,
    querySuccess: 0,
    queryError: 0,
    queryTimeout: 0,
    transactionsBegun: 0,
    transactionsDone: 0,
    transactionsFailed: 0,
    latenciesMs: [],
    latencySumMs: 0,
  };
}

export function recordQuery(metrics: FrontendMetrics, { ms, failed }: { ms: number; failed: boolean }): void {
  metrics.queryTotal++;
  if (failed) {
    metrics.queryError++;
    return;
  }
  metrics.querySuccess++;
  metrics.latencySumMs += ms;
  metrics.latenciesMs.push(ms);
  if (metrics.latenciesMs.length > keptLatencies) metrics.latenciesMs.shift();
}

export function latencyQuantile(metrics: FrontendMetrics, quantile: number): number {
  const sorted = [...metrics.latenciesMs].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;
}
