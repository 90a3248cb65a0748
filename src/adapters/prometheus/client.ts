import { Agent } from 'undici';
import type { InstantQuery, RangeQuery } from '../../domain/metrics/prometheus/question.ts';
import { AppError, messageOf } from '../../errors.ts';
import { startDeadline } from '../deadline.ts';
import { readLimited } from '../read-limited.ts';
import { createSlots } from '../slots.ts';
import { parseAnswer, parseFailure, parseVersion } from './answer.ts';
import type { Prometheus, PrometheusAnswer, PrometheusCall } from './port.ts';

export type PrometheusSettings = {
  /** Without `/api/v1`; what stands in its path comes before that. */
  readonly url: string;
  /** Of one call, with its wait for a place. */
  readonly timeoutMs: number;
  /** The value of the header `Authorization`, asked for with each call; null = none. */
  readonly authorization: () => Promise<string | null>;
  /** What an answer may have at most. Default 32 MiB. */
  readonly mostBytes?: number;
  /** How many calls go on at the same time. Default 8. */
  readonly atOnce?: number;
  /** For how long what was not there is not asked again. Default 15 s. */
  readonly restMs?: number;
};

/** Prometheus refuses a query with more points for each series. */
export const mostPointsOfSeries = 11_000;
const mostWords = 300;

type Request = { readonly path: string; readonly form: Readonly<Record<string, string>> | null };
type Answer = { readonly status: number; readonly location: string | null; readonly body: string };

/** Asks one Prometheus; `close` ends its connections, and what is under way. */
export function createPrometheus(settings: PrometheusSettings): Prometheus & { close(): Promise<void> } {
  const { url, timeoutMs, authorization, mostBytes = 32 * 1_048_576, atOnce = 8, restMs = 15_000 } = settings;
  const base = new URL(url);
  const agent = new Agent({ connections: atOnce, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const places = createSlots(atOnce);
  const where = `Prometheus at ${base.host}`;
  let resting: { readonly untilMs: number; readonly error: AppError } | null = null;

  const send = async ({ path, form }: Request, signal: AbortSignal): Promise<Answer> => {
    const allowed = await authorization();
    const { statusCode, headers, body } = await agent.request({
      origin: base.origin,
      path: `${base.pathname.replace(/\/+$/, '')}/api/v1/${path}`,
      method: form === null ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        ...(form === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(allowed === null ? {} : { authorization: allowed }),
      },
      ...(form === null ? {} : { body: new URLSearchParams(form).toString() }),
      signal,
    });
    const text = (await readLimited(body, mostBytes)).toString();
    const { location } = headers;
    return { status: statusCode, location: typeof location === 'string' ? location : null, body: text };
  };

  const ask = async <T>(request: Request, { signal }: PrometheusCall, read: (answer: Answer) => T): Promise<T> => {
    if (resting !== null && performance.now() < resting.untilMs) throw resting.error;
    const deadline = startDeadline({ what: `${request.path} of ${where}`, timeoutMs, signal });
    try {
      const release = await places.take(deadline.signal);
      try {
        const answer = await deadline.race(send(request, deadline.signal));
        resting = null;
        return read(answer);
      } finally {
        release();
      }
    } catch (error) {
      const known = explain(error, { where, reason: deadline.signal.aborted ? deadline.signal.reason : null });
      if (isAway(known)) resting = { untilMs: performance.now() + restMs, error: known };
      throw known;
    } finally {
      deadline.end();
    }
  };

  const queried = (answer: Answer): PrometheusAnswer => {
    const found = answer.status === 200 ? parseAnswer(answer.body) : null;
    if (found !== null) return found;
    throw refusal(answer, where);
  };
  return {
    version: (call = {}) =>
      ask({ path: 'status/buildinfo', form: null }, call, (answer) => {
        const version = answer.status === 200 ? parseVersion(answer.body) : undefined;
        if (version !== undefined) return version;
        throw refusal(answer, where);
      }),
    queryRange: async (query, call = {}) => ask({ path: 'query_range', form: rangeForm(query) }, call, queried),
    query: ({ query, atMs }: InstantQuery, call = {}) =>
      ask({ path: 'query', form: { query, time: String(atMs / 1_000), ...whole } }, call, queried),
    close: () => agent.destroy(),
  };
}

/** Thanos leaves out stores that are away unless it is told not to; Prometheus does not know the word. */
const whole = { partial_response: 'false' } as const;

function rangeForm({ query, startS, endS, stepS }: RangeQuery): Readonly<Record<string, string>> {
  if ((endS - startS) / stepS >= mostPointsOfSeries)
    throw new AppError('INVALID_INPUT', `Prometheus answers at most ${mostPointsOfSeries} points of a series`, {
      hint: 'Ask with a longer step.',
    });
  return { query, start: String(startS), end: String(endS), step: String(stepS), ...whole };
}

function explain(error: unknown, { where, reason }: { where: string; reason: unknown }): AppError {
  if (reason instanceof AppError) return reason;
  if (error instanceof AppError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return failed(`${where} cannot be read: ${messageOf(cause)}`, { retryable: true, cause: error });
}

/** It was not there, or too slow; what it refused tells nothing of other questions. */
function isAway({ code, retryable }: AppError): boolean {
  return code === 'TIMEOUT' || (code === 'HTTP_FAILED' && retryable);
}

function refusal({ status, location, body }: Answer, where: string): AppError {
  if (status >= 300 && status < 400) {
    const to = location === null ? '' : ` to ${JSON.stringify(location.slice(0, 200))}`;
    return failed(`${where} redirects${to}, which is not followed`, {
      hint: 'Set PROMETHEUS_URL to the address that answers itself.',
    });
  }
  if (status === 401 || status === 403)
    return failed(`${where} does not let Starwarden in (HTTP ${status})`, {
      hint: 'Set PROMETHEUS_BEARER_TOKEN, or PROMETHEUS_USER and PROMETHEUS_PASSWORD.',
    });
  const said = parseFailure(body);
  if (said !== null) {
    const words = said.message.replace(/\s+/g, ' ').slice(0, mostWords);
    // 503 = the query took too long there, or was cancelled; other queries may well be answered.
    return failed(`${where} refuses the query (HTTP ${status}, ${said.type}): ${words}`);
  }
  if (status === 404)
    return failed(`${where} does not know its API there (HTTP 404)`, {
      hint: 'PROMETHEUS_URL is the address without /api/v1; a path before that belongs to it.',
    });
  return failed(`${where} answers HTTP ${status} and not what Prometheus answers`, {
    retryable: status >= 500 || status === 429,
  });
}

function failed(
  message: string,
  {
    hint = 'Look at Prometheus and the network between it and Starwarden.',
    retryable = false,
    cause,
  }: {
    readonly hint?: string;
    readonly retryable?: boolean;
    readonly cause?: unknown;
  } = {},
): AppError {
  return new AppError('HTTP_FAILED', message, { hint, retryable, cause });
}
