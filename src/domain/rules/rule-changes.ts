import { type Severity, severities } from '../alert.ts';
import { findMetric } from '../metrics/catalogue/index.ts';
import type { AlertRule, OnMetric } from './rule.ts';

/** What an override changes; null = it says nothing about that. */
export type RuleChanges = {
  /** True switches the rule off, false on again where a wider one has switched it off. */
  readonly isOff: boolean | null;
  /** Both or neither: one without the other might stand on the wrong side. */
  readonly limits: RuleLimits | null;
  readonly forMs: number | null;
  readonly severity: Severity | null;
};

export type RuleLimits = { readonly threshold: number; readonly clear: number };

/** True when an override lets something pass that the rule as it is shipped would tell of. */
export function isLessStrict(rule: AlertRule, { isOff, limits, forMs, severity }: RuleChanges): boolean {
  if (isOff === true) return true;
  if (severity !== null && severities.indexOf(severity) > severities.indexOf(rule.severity)) return true;
  if (forMs !== null && forMs > shippedForMs(rule)) return true;
  if (limits === null || rule.on.kind !== 'METRIC') return false;
  const { compare, threshold } = rule.on;
  return compare === 'ABOVE' ? limits.threshold > threshold : limits.threshold < threshold;
}

/** So long a CRITICAL condition may be made to hold before anybody is told, on the word of one person. */
export const longestWaitMs = 15 * 60_000;

/**
 * Whether a change takes a CRITICAL alert from people: it is off, less severe, told so late that it tells of the past, or has a
 * threshold that leaves less than half of the room that the rule leaves. A smaller change is a matter of the place.
 */
export function takesCritical(rule: AlertRule, { isOff, limits, forMs, severity }: RuleChanges): boolean {
  if (rule.severity !== 'CRITICAL') return false;
  if (isOff === true || (severity !== null && severity !== 'CRITICAL')) return true;
  if (forMs !== null && forMs > Math.max(longestWaitMs, shippedForMs(rule))) return true;
  return limits !== null && rule.on.kind === 'METRIC' && isFarBeyond(rule.on, limits);
}

/**
 * Whether a change is weighed before it holds: a rule about losing the cluster or its data that lets anything pass, or a
 * CRITICAL one that is taken from people. What was allowed of it in one environment says nothing of another.
 */
export function isWeighed(rule: AlertRule, changes: RuleChanges): boolean {
  return takesCritical(rule, changes) || (rule.isGuarded === true && isLessStrict(rule, changes));
}

function shippedForMs({ forMs, waits }: AlertRule): number {
  return forMs ?? waits?.forMs ?? 0;
}

/** Numbers such as 1 - 0.95 have no exact form. */
const rounding = 1e-9;

function isFarBeyond({ metric, compare, threshold }: OnMetric, wanted: RuleLimits): boolean {
  if (compare === 'BELOW') return wanted.threshold < threshold / 2 - rounding;
  const isPart = findMetric(metric)?.unit === 'SHARE' && threshold < 1;
  if (isPart) return 1 - wanted.threshold < (1 - threshold) / 2 - rounding;
  return wanted.threshold > threshold * 2 + rounding;
}
