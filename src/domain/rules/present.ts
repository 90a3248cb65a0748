import { findMetric } from '../metrics/catalogue/index.ts';
import type { MetricSubject } from '../metrics/measurement.ts';
import type { Metric } from '../metrics/metric.ts';
import { isJudgedElsewhere, type MetricLook, ofRule } from './judge-metric.ts';
import type { RuleLimits } from './override.ts';
import { type Comparison, isBeyond, isClear, type MetricRule } from './rule.ts';
import { labelsOf, placeInWords } from './subject-words.ts';
import { sideInWords, valueBeside, valueInWords } from './value-words.ts';

/** How near a value that a rule judges is to an alert. */
export type Present = {
  /** Null = the whole cluster. */
  readonly subject: MetricSubject | null;
  /** What would make its alert that one; null = its node has left, and no alert is begun for it. */
  readonly labels: Readonly<Record<string, string>> | null;
  readonly value: number;
  readonly threshold: number;
  readonly clear: number;
  /** In the unit of the metric; below 0 = so far beyond the threshold. */
  readonly distance: number;
  /** 0 = as well as can be, 1 = at the threshold, above 1 = beyond it: comparable between rules about different things. */
  readonly nearness: number;
  /** `GOOD` ends an alert, `BETWEEN` begins none and ends none, `BAD` begins one. */
  readonly side: 'GOOD' | 'BETWEEN' | 'BAD';
  /** `71 % of /data1 on be 10.0.0.11:9050, 14 % below 85 %`. */
  readonly words: string;
};

/** Pure. The subject that is nearest to its threshold, or furthest beyond it; null = no value is known, or it is off everywhere. */
export function presentOf(rule: MetricRule, look: MetricLook): Present | null {
  return presentsOf(rule, look)[0] ?? null;
}

/** Pure. Every value that the rule judges, the nearest to its threshold first; where it is off, nothing is judged. */
export function presentsOf(rule: MetricRule, look: MetricLook): readonly Present[] {
  const metric = findMetric(rule.on.metric);
  if (metric === undefined) return [];
  const near = ofRule(rule, metric, look).measurements.flatMap(({ subject, value }) => {
    const effective = look.effective(rule.name, subject.nodeId ?? null);
    if (effective?.limits == null || effective.off !== null) return [];
    const { threshold } = effective.limits;
    const distance = rule.on.compare === 'ABOVE' ? threshold - value : value - threshold;
    return [{ subject, value, distance, limits: effective.limits }];
  });
  return near
    .toSorted((a, b) => a.distance - b.distance)
    .map((each) => presentIn(rule.on.compare, metric, { ...each, look }));
}

/** Pure. The stricter rule that has the alert about a value, since it is beyond the threshold of that one too; null = none has. */
export function leftTo(
  rule: MetricRule,
  { subject, value }: Present,
  look: Pick<MetricLook, 'effective'>,
): string | null {
  const { upTo, compare } = rule.on;
  const stricter = upTo === undefined ? undefined : look.effective(upTo, subject?.nodeId ?? null);
  if (upTo === undefined || stricter?.limits == null || stricter.off !== null) return null;
  return isBeyond(compare, value, stricter.limits.threshold) ? upTo : null;
}

/** Pure. The metric that is judged in place of a value for as long as it is known itself; null = nothing holds the rule back. */
export function heldBackBy(
  { on }: MetricRule,
  { subject }: Present,
  { seen }: Pick<MetricLook, 'seen'>,
): string | null {
  return on.unless !== undefined && isJudgedElsewhere(on, subject ?? {}, seen) ? on.unless : null;
}

type Near = {
  readonly subject: MetricSubject;
  readonly value: number;
  readonly distance: number;
  readonly limits: RuleLimits;
  readonly look: MetricLook;
};

function presentIn(compare: Comparison, metric: Metric, near: Near): Present {
  const { subject, value, distance, limits, look } = near;
  const { threshold, clear } = limits;
  const isBad = isBeyond(compare, value, threshold);
  const place = placeInWords(subject, look.nodes);
  const limit = valueInWords(threshold, metric.unit);
  const apart =
    distance === 0
      ? `which is not ${sideInWords(compare)} ${limit}`
      : `${valueInWords(Math.abs(distance), metric.unit)} ${sideInWords(isBad === (compare === 'ABOVE') ? 'ABOVE' : 'BELOW')} ${limit}`;
  return {
    ...{ value, threshold, clear, distance },
    subject: Object.keys(subject).length === 0 ? null : subject,
    labels: labelsOf(subject, look.nodes),
    nearness: nearnessOf(compare, value, limits),
    side: isBad ? 'BAD' : isClear(compare, value, clear) ? 'GOOD' : 'BETWEEN',
    words: `${valueBeside(value, threshold, metric.unit)}${place}, ${apart}`,
  };
}

/**
 * A number that may not be above 0 is as well as can be at 0, and one that is 1 when all is well is so at 1: neither is
 * near its threshold. Others are compared by how much of the way from 0 to it they have gone.
 */
function nearnessOf(compare: Comparison, value: number, { threshold, clear }: RuleLimits): number {
  const isBad = isBeyond(compare, value, threshold);
  const part = compare === 'ABOVE' ? ratio(value, threshold) : ratio(threshold, value);
  const isYesOrNo = compare === 'BELOW' && threshold === 1 && clear === 1;
  if (isBad) return Math.max(part, 1 + Number.EPSILON);
  return isYesOrNo ? 0 : Math.min(part, 1);
}

function ratio(part: number, whole: number): number {
  if (part <= 0) return 0;
  return whole <= 0 ? 1 : part / whole;
}
