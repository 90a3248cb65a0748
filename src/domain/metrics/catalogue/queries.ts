import { count } from '../../words.ts';
import { summaryWindowMs } from '../counters.ts';
import { frontends, gauge, type Metric, minus, quantile, rate, share, source, sum } from './build.ts';

const total = rate('starrocks_fe_query_total');
const failed = rate('starrocks_fe_query_err');
const ownMistakes = rate('starrocks_fe_query_analysis_err');

/**
 * Of so many queries a percentile says something. Fewer are no load under which people could wait, and one slow query among
 * them would hold the highest percentiles for minutes.
 */
const leastQueries = 20;

const latency = (name: string, title: string, which: string, { note = '' } = {}): Metric => ({
  name,
  title,
  meaning: `${Number(which) * 100} % of the queries that succeeded lately took at most so long on this frontend. StarRocks forgets over some 5 minutes, so a jump fades slowly; unknown unless ${count(leastQueries, 'query')} succeeded in the last ${count(summaryWindowMs / 60_000, 'minute')}.${note}`,
  unit: 'MILLISECONDS',
  scope: 'NODE',
  source: { ...frontends, derivation: quantile('starrocks_fe_query_latency_ms', which, { least: leastQueries }) },
  overall: 'MAX',
  documented: source.queries,
});

/** Queries are counted by the frontend that a client is connected to. */
export const queryMetrics: readonly Metric[] = [
  {
    name: 'queries_per_second',
    title: 'Queries',
    meaning: 'SELECT statements that ended, well or not, each second. Loads and changes are not counted.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...frontends, derivation: total },
    overall: 'SUM',
    documented: source.queries,
  },
  // The lowest that the summaries of StarRocks have. Its gauge of the median is 0 unless enable_collect_query_detail_info is on.
  latency('query_p75_ms', 'Query latency, 75 %', '0.75', {
    note: ' There is no lower one: StarRocks tells no median (P50) by default.',
  }),
  latency('query_p95_ms', 'Query latency, 95 %', '0.95'),
  latency('query_p98_ms', 'Query latency, 98 %', '0.98'),
  latency('query_p99_ms', 'Query latency, 99 %', '0.99'),
  latency('query_p999_ms', 'Query latency, 99.9 %', '0.999'),
  {
    name: 'query_error_share',
    title: 'Failed queries',
    meaning:
      'The part of the queries that failed through no mistake of their users: timeouts and internal errors, without errors of analysis such as a table that does not exist. Unknown while nobody asks anything.',
    unit: 'SHARE',
    scope: 'NODE',
    source: { ...frontends, derivation: share(minus(failed, ownMistakes), total) },
    overall: 'POOLED',
    documented: source.queries,
  },
  {
    name: 'query_errors_per_second',
    title: 'Query errors',
    meaning: 'Queries that failed each second through no mistake of their users: timeouts and internal errors.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...frontends, derivation: minus(failed, ownMistakes) },
    overall: 'SUM',
    documented: source.queries,
  },
  {
    name: 'query_timeouts_per_second',
    title: 'Query timeouts',
    meaning: 'Queries that were ended by their time limit each second.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...frontends, derivation: rate('starrocks_fe_query_timeout') },
    overall: 'SUM',
    documented: source.queries,
  },
  {
    name: 'slow_queries_per_second',
    title: 'Slow queries',
    meaning: 'Queries that succeeded and took longer than qe_slow_log_ms (5 s by default), each second.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...frontends, derivation: rate('starrocks_fe_slow_query') },
    overall: 'SUM',
    documented: source.queries,
  },
  {
    name: 'queries_queued',
    title: 'Queries in the queue',
    meaning: 'Queries that wait for their turn because query queues are on and the cluster is busy.',
    unit: 'COUNT',
    scope: 'NODE',
    source: { ...frontends, derivation: gauge('starrocks_fe_query_queue_pending') },
    overall: 'SUM',
    documented: source.frontendPage,
  },
  {
    name: 'requests_per_second',
    title: 'Statements',
    meaning: 'Everything that clients send each second: queries, loads, changes and SHOW.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...frontends, derivation: sum(rate('starrocks_fe_request_total')) },
    overall: 'SUM',
    documented: source.frontendPage,
  },
];
