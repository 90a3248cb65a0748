import type { MetricRange } from '../range.ts';
import { promqlOf } from './promql.ts';
import type { PrometheusSite } from './site.ts';
import type { Matchers } from './text.ts';

/** Values at `from + step`, `from + 2 * step`, … up to `to`, in whole seconds since 1970. */
export type RangeQuery = {
  readonly query: string;
  readonly startS: number;
  readonly endS: number;
  readonly stepS: number;
};

export type InstantQuery = { readonly query: string; readonly atMs: number };

/**
 * What Prometheus is asked for a metric over some time. A value at a moment is about the step that ends there. The step that is
 * not over yet is asked for by itself, up to now: values of the future would be made of half of it.
 */
export type Question = { readonly range: RangeQuery | null; readonly last: InstantQuery | null };

/** The label that says whether a value is the mean, the least or the greatest of its step; without it, it is all three. */
export const planeLabel = 'starwarden_value';
export const planes = ['mean', 'min', 'max'] as const;
const functions = { mean: 'avg_over_time', min: 'min_over_time', max: 'max_over_time' } as const;

/** Looks into one step, at most; each costs Prometheus as much as one more point. */
const mostLooks = 60;

export type Questioning = {
  readonly range: MetricRange;
  readonly site: Pick<PrometheusSite, 'instanceLabel' | 'scrapeMs'>;
  readonly matchers: Matchers;
  readonly now: Date;
};

/** Null = Prometheus cannot have the metric. */
export function questionFor({ range, site, matchers, now }: Questioning): Question | null {
  const { metric, isOverall, from, to, stepMs } = range;
  const textFor = (lengthMs: number): string | null => {
    const everyMs = looksEveryMs(lengthMs, site.scrapeMs);
    const asking = { matchers, instance: site.instanceLabel, scrapeMs: site.scrapeMs, everyMs };
    const each = promqlOf(metric, asking, { isOverall });
    if (each === null || everyMs >= lengthMs) return each;
    // What stands at the very beginning is the step's before.
    const looks = `(${each})[${lengthMs - 1}ms:${everyMs}ms]`;
    return planes
      .map((plane) => `label_replace(${functions[plane]}(${looks}), "${planeLabel}", "${plane}", "", "")`)
      .join(' or ');
  };
  const query = textFor(stepMs);
  if (query === null) return null;
  const pastMs = Math.max(0, Math.min(+now, +to) - +from);
  const over = Math.floor(pastMs / stepMs);
  const end = +from + over * stepMs;
  const restMs = pastMs - over * stepMs;
  const last = restMs < site.scrapeMs ? null : textFor(restMs);
  return {
    range: over < 1 ? null : { query, startS: (+from + stepMs) / 1_000, endS: end / 1_000, stepS: stepMs / 1_000 },
    last: last === null ? null : { query: last, atMs: end + restMs },
  };
}

/** How far the looks into a step are apart: whole seconds, not closer than Prometheus reads. */
function looksEveryMs(lengthMs: number, scrapeMs: number): number {
  const looks = Math.max(1, Math.min(mostLooks, Math.floor(lengthMs / scrapeMs)));
  return Math.ceil(lengthMs / looks / 1_000) * 1_000;
}
