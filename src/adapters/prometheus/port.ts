import type { InstantQuery, RangeQuery } from '../../domain/metrics/prometheus/question.ts';
import type { AnsweredSeries } from '../../domain/metrics/prometheus/series.ts';

export type PrometheusCall = { readonly signal?: AbortSignal };

export type PrometheusAnswer = {
  readonly series: readonly AnsweredSeries[];
  /** What Prometheus itself says is doubtful about the answer, such as that a part of it is missing. */
  readonly warnings: readonly string[];
};

/**
 * The HTTP API of a Prometheus, or of what answers like one. Reads only. Each call ends in time. Throws `AppError`: `HTTP_FAILED`
 * when it refuses, answers nonsense or is not there, `TIMEOUT`, `CANCELED`, `CREDENTIAL_MISSING`. What was not there, or did not
 * answer in time, is not asked again for some seconds: the same error is thrown at once.
 */
export interface Prometheus {
  /** `GET /api/v1/status/buildinfo`; null = it answers without a version. */
  version(call?: PrometheusCall): Promise<string | null>;
  /** `POST /api/v1/query_range`. */
  queryRange(query: RangeQuery, call?: PrometheusCall): Promise<PrometheusAnswer>;
  /** `POST /api/v1/query`: one value for each series. */
  query(query: InstantQuery, call?: PrometheusCall): Promise<PrometheusAnswer>;
}
