import { AppError } from '../../errors.ts';
import type { MetricSample } from './metrics-page.ts';
import type { HttpCall, NodeAddress, NodeHttp } from './port.ts';

/** The counters of one frontend since its process started. */
export type FrontendQueryStats = {
  readonly host: string;
  readonly httpPort: number;
  readonly queries: number;
  /** Failed queries of every kind, time-outs included. */
  readonly errors: number;
  /**
   * Those of them that were caused by a mistake in the query, for which no upgrade is to blame; 0 where the frontend does
   * not count them.
   */
  readonly analysisErrors: number;
  /** Over the queries that the frontend remembers; null = it has answered none. */
  readonly p95Ms: number | null;
};

const countNames = ['queries', 'errors', 'analysisErrors'] as const;

export type QueryCounts = Pick<FrontendQueryStats, (typeof countNames)[number]>;

/** What frontends have counted. `queriesBetween` makes a rate of two of these. */
export type QueryStats = QueryCounts & {
  readonly frontends: readonly FrontendQueryStats[];
  /** `host:port: why`, for frontends that did not answer: their queries are missing in the sums. */
  readonly silent: readonly string[];
  /** The highest of all frontends; null = none has answered a query. */
  readonly p95Ms: number | null;
};

/**
 * Reads the query counters of the frontends' /metrics, all at the same time. A frontend that does not answer is named in
 * the result; nothing is thrown.
 */
export async function readQueryStats(
  http: NodeHttp,
  frontends: readonly NodeAddress[],
  call: HttpCall = {},
): Promise<QueryStats> {
  const answers = await Promise.all(frontends.map((frontend) => readOne(http, frontend, call)));
  const read = answers.filter((answer) => typeof answer !== 'string');
  const latencies = read.flatMap(({ p95Ms }) => p95Ms ?? []);
  return {
    frontends: read,
    silent: answers.filter((answer) => typeof answer === 'string'),
    ...totalOf(read),
    p95Ms: latencies.length === 0 ? null : Math.max(...latencies),
  };
}

/**
 * What happened between two readings. A frontend that restarted meanwhile counts from zero again, so everything it shows
 * was counted since. A frontend that only the second reading has is left out, because nobody knows since when it counts.
 */
export function queriesBetween(before: QueryStats, after: QueryStats): QueryCounts {
  return totalOf(
    after.frontends.flatMap((now) => {
      const then = before.frontends.find(({ host, httpPort }) => host === now.host && httpPort === now.httpPort);
      if (then === undefined) return [];
      const isRestarted = countNames.some((name) => now[name] < then[name]);
      if (isRestarted) return [now];
      return [
        {
          queries: now.queries - then.queries,
          errors: now.errors - then.errors,
          analysisErrors: now.analysisErrors - then.analysisErrors,
        },
      ];
    }),
  );
}

/** Routine load jobs that run, as the leader counts them; other frontends show no such count. */
export async function readRoutineLoads(http: NodeHttp, leader: NodeAddress, call: HttpCall = {}): Promise<number> {
  const samples = await http.metrics(leader, call);
  return sum(samples, 'starrocks_fe_routine_load_jobs', ({ state }) => state === 'RUNNING' || state === 'UNSTABLE');
}

async function readOne(http: NodeHttp, frontend: NodeAddress, call: HttpCall): Promise<FrontendQueryStats | string> {
  const { host, httpPort } = frontend;
  try {
    const samples = await http.metrics(frontend, call);
    const answered = sum(samples, 'starrocks_fe_query_latency_ms_count');
    const p95 = samples.find(
      ({ name, labels }) => name === 'starrocks_fe_query_latency_ms' && labels.quantile === '0.95',
    );
    return {
      host,
      httpPort,
      queries: sum(samples, 'starrocks_fe_query_total'),
      errors: sum(samples, 'starrocks_fe_query_err'),
      analysisErrors: sum(samples, 'starrocks_fe_query_analysis_err'),
      p95Ms: p95 === undefined || answered === 0 || !Number.isFinite(p95.value) ? null : p95.value,
    };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'CANCELED') throw error;
    return `${host}:${httpPort}: ${error.message}`;
  }
}

function totalOf(counts: readonly QueryCounts[]): QueryCounts {
  return {
    queries: counts.reduce((total, { queries }) => total + queries, 0),
    errors: counts.reduce((total, { errors }) => total + errors, 0),
    analysisErrors: counts.reduce((total, { analysisErrors }) => total + analysisErrors, 0),
  };
}

function sum(
  samples: readonly MetricSample[],
  name: string,
  wanted: (labels: MetricSample['labels']) => boolean = () => true,
): number {
  return samples
    .filter((sample) => sample.name === name && wanted(sample.labels) && Number.isFinite(sample.value))
    .reduce((total, { value }) => total + value, 0);
}
