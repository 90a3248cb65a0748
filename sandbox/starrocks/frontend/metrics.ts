import { createReservoir, type Reservoir } from './metrics-page/reservoir.ts';

/** The numbers that a frontend keeps for /metrics. Counters begin at 0 with the process. */
export type FrontendMetrics = {
  requestTotal: number;
  queryTotal: number;
  querySuccess: number;
  queryError: number;
  /** Those of `queryError` that the analyzer refused. */
  queryAnalysisError: number;
  /** Those of `queryError` that failed while they ran. */
  queryInternalError: number;
  /** Those of `queryError` that ran out of time: neither of the two above. */
  queryTimeout: number;
  slowQuery: number;
  latency: Reservoir;
  transactionsBegun: number;
  transactionsDone: number;
  transactionsFailed: number;
  transactionsRejected: number;
  loadsAdded: number;
  loadsFinished: number;
  loadsCancelled: number;
  editLogWritten: number;
  editLogBytes: number;
  writeLatency: Reservoir;
  writeBytes: Reservoir;
  imagesWritten: number;
  imagesPushed: number;
  routineLoad: { paused: number; rows: number; bytes: number; errorRows: number };
  httpRequests: number;
  httpHandling: number;
  rates: Rates;
};

/** What is computed every 15 s; the three error rates are wrong as the real ones are, and may be below 0. */
export type Rates = {
  queries: number;
  requests: number;
  errors: number;
  internalErrors: number;
  analysisErrors: number;
  timeouts: number;
};

const noRates: Rates = { queries: 0, requests: 0, errors: 0, internalErrors: 0, analysisErrors: 0, timeouts: 0 };

export function createFrontendMetrics({ speed }: { speed: number }): FrontendMetrics {
  const reservoir = () => createReservoir({ speed });
  return {
    requestTotal: 0,
    queryTotal: 0,
    querySuccess: 0,
    queryError: 0,
    queryAnalysisError: 0,
    queryInternalError: 0,
    queryTimeout: 0,
    slowQuery: 0,
    latency: reservoir(),
    transactionsBegun: 0,
    transactionsDone: 0,
    transactionsFailed: 0,
    transactionsRejected: 0,
    loadsAdded: 0,
    loadsFinished: 0,
    loadsCancelled: 0,
    editLogWritten: 0,
    editLogBytes: 0,
    writeLatency: reservoir(),
    writeBytes: reservoir(),
    imagesWritten: 0,
    imagesPushed: 0,
    routineLoad: { paused: 0, rows: 0, bytes: 0, errorRows: 0 },
    httpRequests: 0,
    httpHandling: 0,
    rates: noRates,
  };
}

/** How a query ended: well, refused by the analyzer, failed while it ran, or out of time. */
export type QueryEnd = 'success' | 'analysis error' | 'internal error' | 'timeout';

type Query = { ms: number; end: QueryEnd; slowMs: number };

/** Only queries that ended well have a latency, and only they are slow ones. */
export function recordQuery(metrics: FrontendMetrics, { ms, end, slowMs }: Query): void {
  metrics.queryTotal++;
  if (end === 'success') {
    metrics.querySuccess++;
    if (ms > slowMs) metrics.slowQuery++;
    metrics.latency.add(Math.round(ms));
    return;
  }
  metrics.queryError++;
  if (end === 'analysis error') metrics.queryAnalysisError++;
  else if (end === 'timeout') metrics.queryTimeout++;
  else metrics.queryInternalError++;
}

/** To be called every 15 s of StarRocks time: `seconds` is that period, of which the real one counts one second more. */
export function createRateMeter(metrics: FrontendMetrics): (seconds: number) => void {
  let last: { queries: number; requests: number; errors: number } | null = null;
  return (seconds) => {
    const now = { queries: metrics.queryTotal, requests: metrics.requestTotal, errors: metrics.queryError };
    const before = last;
    last = now;
    if (before === null) return;
    const rate = (value: number, since: number) => (value - since) / (Math.floor(seconds) + 1);
    metrics.rates = {
      queries: rate(now.queries, before.queries),
      requests: rate(now.requests, before.requests),
      errors: rate(now.errors, before.errors),
      // Each is compared with the count of all errors of the time before: a mistake of the real one.
      internalErrors: rate(metrics.queryInternalError, before.errors),
      analysisErrors: rate(metrics.queryAnalysisError, before.errors),
      timeouts: rate(metrics.queryTimeout, before.errors),
    };
  };
}
