import { AppError } from '../../errors.ts';
import { findMetric } from './catalogue/index.ts';
import type { Metric, MetricScope } from './metric.ts';
import { keepFullMs, rolledUpS } from './spans.ts';

/** What somebody asks of the past of a metric. */
export type AskedRange = {
  readonly name: string;
  readonly scope?: MetricScope | null;
  readonly from?: Date | null;
  readonly to?: Date | null;
  /** Seconds. */
  readonly step?: number | null;
};

/** The same, complete. `from` and `to` are at multiples of the step. */
export type MetricRange = {
  readonly metric: Metric;
  /** Only the value of the whole cluster. */
  readonly isOverall: boolean;
  readonly from: Date;
  readonly to: Date;
  readonly stepMs: number;
};

const usualPoints = 240;
export const mostPoints = 2_000;
const finestS = 15;

/**
 * Completes a question about the past of a metric. Throws `BAD_USER_INPUT` for a metric, a scope or a time that there is
 * none of, and for more than 2,000 points.
 */
export function rangeOf(asked: AskedRange, now: Date): MetricRange {
  const metric = metricNamed(asked.name);
  const isOverall = asked.scope === 'CLUSTER' || metric.scope === 'CLUSTER';
  refuseScope(metric, asked.scope ?? null);
  const to = asked.to ?? now;
  const from = asked.from ?? new Date(to.getTime() - 3_600_000);
  if (from >= to) throw invalid('from', 'from has to be before to', 'Give an earlier from, or a later to.');
  const stepMs = stepFor({ from, to, now, asked: asked.step ?? null }) * 1_000;
  const first = Math.floor(from.getTime() / stepMs) * stepMs;
  const last = Math.ceil(to.getTime() / stepMs) * stepMs;
  return { metric, isOverall, from: new Date(first), to: new Date(last), stepMs };
}

/** Throws `BAD_USER_INPUT` when there is no metric of this name; `argument` is where the name was given. */
export function metricNamed(name: string, argument = 'name'): Metric {
  const metric = findMetric(name);
  if (metric !== undefined) return metric;
  throw invalid(argument, `There is no metric ${name}`, 'The query metrics lists their names.');
}

function refuseScope(metric: Metric, scope: MetricScope | null): void {
  if (scope === null || scope === metric.scope) return;
  const isAlone = metric.scope === 'CLUSTER' || metric.overall === null;
  if (scope !== 'CLUSTER')
    throw invalid(
      'scope',
      `${metric.name} has no values of this scope`,
      `It has ${metric.scope}${isAlone ? ' only' : ' and CLUSTER'}.`,
    );
  if (isAlone) throw invalid('scope', `The values of ${metric.name} have none in common`, `Ask for ${metric.scope}.`);
}

type Steps = { readonly from: Date; readonly to: Date; readonly now: Date; readonly asked: number | null };

/** Seconds. What is kept of the time before a day ago is points of five minutes. */
function stepFor({ from, to, now, asked }: Steps): number {
  const lengthS = (to.getTime() - from.getTime()) / 1_000;
  const finest = from.getTime() < now.getTime() - keepFullMs ? rolledUpS : finestS;
  if (asked === null) return Math.ceil(Math.max(finest, lengthS / usualPoints) / finest) * finest;
  if (!(Number.isInteger(asked) && asked >= 1))
    throw invalid('step', 'step is a whole number of seconds', 'Such as 60.');
  if (lengthS / asked <= mostPoints) return asked;
  const least = Math.ceil(lengthS / mostPoints);
  throw invalid('step', `That would be more than ${mostPoints} points`, `Take a step of at least ${least} s.`);
}

function invalid(field: string, message: string, hint: string): AppError {
  return new AppError('BAD_USER_INPUT', message, { hint, path: [field] });
}
