/** The counters that a frontend shows on /metrics. */
export type FrontendMetrics = {
  requestTotal: number;
  queryTotal: number;
  querySuccess: number;
  queryError: number;
  /** Those of `queryError` that the analyzer refused; the rest failed while running. */
  queryAnalysisError: number;
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
    queryAnalysisError: 0,
    queryTimeout: 0,
    transactionsBegun: 0,
    transactionsDone: 0,
    transactionsFailed: 0,
    latenciesMs: [],
    latencySumMs: 0,
  };
}

/** How a query ended: well, refused by the analyzer, or failed while it ran. */
export type QueryEnd = 'success' | 'analysis error' | 'internal error';

export function recordQuery(metrics: FrontendMetrics, { ms, end }: { ms: number; end: QueryEnd }): void {
  metrics.queryTotal++;
  if (end !== 'success') {
    metrics.queryError++;
    if (end === 'analysis error') metrics.queryAnalysisError++;
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
