import { findMetric } from '../metrics/catalogue/index.ts';
import type { MetricSubject } from '../metrics/measurement.ts';
import { type MetricLook, ofRule } from './judge-metric.ts';
import { isBeyond, type MetricRule } from './rule.ts';
import { placeInWords } from './subject-words.ts';
import { sideInWords, valueBeside, valueInWords } from './value-words.ts';

/** How near a rule is to an alert. */
export type Present = {
  /** The subject that is nearest to its threshold, or furthest beyond it; null = the whole cluster. */
  readonly subject: MetricSubject | null;
  readonly value: number;
  readonly threshold: number;
  /** In the unit of the metric; below 0 = so far beyond the threshold. */
  readonly distance: number;
  /** `71 % of /data1 on be 10.0.0.11:9050, 14 % below 85 %`. */
  readonly words: string;
};

/** Pure. Null = no value is known that the rule is about, or it is off everywhere. */
export function presentOf(rule: MetricRule, look: MetricLook): Present | null {
  const metric = findMetric(rule.on.metric);
  if (metric === undefined) return null;
  const { compare } = rule.on;
  const near = ofRule(rule, metric, look).measurements.flatMap(({ subject, value }) => {
    const effective = look.effective(rule.name, subject.nodeId ?? null);
    if (effective?.limits == null || effective.off !== null) return [];
    const { threshold } = effective.limits;
    const distance = compare === 'ABOVE' ? threshold - value : value - threshold;
    return [{ subject, value, threshold, distance }];
  });
  const [first] = near.toSorted((a, b) => a.distance - b.distance);
  if (first === undefined) return null;
  const { subject, value, threshold, distance } = first;
  const isBad = isBeyond(compare, value, threshold);
  const side = sideInWords(isBad === (compare === 'ABOVE') ? 'ABOVE' : 'BELOW');
  const far = valueInWords(Math.abs(distance), metric.unit);
  const limit = valueInWords(threshold, metric.unit);
  const shown = valueBeside(value, threshold, metric.unit);
  const apart = distance === 0 ? `at ${limit}` : `${far} ${side} ${limit}`;
  return {
    ...{ value, threshold, distance },
    subject: Object.keys(subject).length === 0 ? null : subject,
    words: `${shown}${placeInWords(subject, look.nodes)}, ${apart}`,
  };
}
