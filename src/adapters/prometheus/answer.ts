import { z } from 'zod';
import type { AnsweredSeries } from '../../domain/metrics/prometheus/series.ts';
import type { PrometheusAnswer } from './port.ts';

const labels = z.record(z.string(), z.string());
/** Pairs are not looked at one by one here: there may be a million of them. */
const series = z.object({ metric: labels, value: z.unknown().optional(), values: z.array(z.unknown()).optional() });
const success = z.object({
  status: z.literal('success'),
  data: z.object({ resultType: z.enum(['matrix', 'vector']), result: z.array(series) }),
  warnings: z.array(z.string()).optional(),
});
const failure = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });
const build = z.object({ status: z.literal('success'), data: z.object({ version: z.string().optional() }) });

/** Hints about the text of a query, which newer versions send among warnings. */
const isHint = (warning: string) => warning.startsWith('PromQL info:');

/** Null = this is no answer to a query. */
export function parseAnswer(body: string): PrometheusAnswer | null {
  const parsed = success.safeParse(parseJson(body));
  if (!parsed.success) return null;
  const found: AnsweredSeries[] = [];
  for (const { metric, value, values } of parsed.data.data.result) {
    const pairs = readPairs(values ?? (value === undefined ? [] : [value]));
    if (pairs === null) return null;
    found.push({ labels: metric, values: pairs });
  }
  return { series: found, warnings: (parsed.data.warnings ?? []).filter((warning) => !isHint(warning)) };
}

/** What Prometheus says went wrong; null = it says nothing that can be read. */
export function parseFailure(body: string): { readonly type: string; readonly message: string } | null {
  const parsed = failure.safeParse(parseJson(body));
  return parsed.success ? { type: parsed.data.errorType, message: parsed.data.error } : null;
}

/** Undefined = this is no answer about a build; null = it names no version. */
export function parseVersion(body: string): string | null | undefined {
  const parsed = build.safeParse(parseJson(body));
  return parsed.success ? (parsed.data.data.version ?? null) : undefined;
}

function readPairs(pairs: readonly unknown[]): AnsweredSeries['values'] | null {
  const read: (readonly [number, number])[] = [];
  for (const pair of pairs) {
    if (!Array.isArray(pair) || typeof pair[0] !== 'number' || typeof pair[1] !== 'string') return null;
    read.push([Math.round(pair[0] * 1_000), numberOf(pair[1])]);
  }
  return read;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return text === '' ? Number.NaN : Number(text);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
