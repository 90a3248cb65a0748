import { type Severity, severities } from '../alert.ts';
import { inUtc } from '../utc.ts';
import type { AlertRule } from './rule.ts';

/** Where an override holds. The narrowest that says something counts: node, cluster, environment, everything. */
export type RuleScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'environment'; readonly environment: string }
  | { readonly kind: 'cluster'; readonly clusterId: string }
  | { readonly kind: 'node'; readonly clusterId: string; readonly nodeId: string };

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

export type RuleOverride = {
  readonly id: string;
  readonly rule: string;
  readonly scope: RuleScope;
  readonly changes: RuleChanges;
  readonly reason: string;
  /** Null = until somebody ends it. */
  readonly until: Date | null;
  readonly byId: string;
  readonly byName: string;
  readonly at: Date;
};

/** A rule as it holds for one cluster, or for one of its nodes. */
export type EffectiveRule = {
  readonly rule: AlertRule;
  /** Who switched it off; null = it is on. */
  readonly off: RuleOverride | null;
  /** Null for a check. */
  readonly limits: RuleLimits | null;
  /** Null = the check decides. */
  readonly forMs: number | null;
  /** Null = as the rule finds it: of a metric rule always `rule.severity`. */
  readonly severity: Severity | null;
  /** What of it somebody changed, by what. */
  readonly changedBy: readonly RuleOverride[];
};

export type RulePlace = {
  readonly clusterId: string;
  readonly environment: string;
  /** Null = the cluster itself. */
  readonly nodeId: string | null;
  readonly at: Date;
};

const widths = { node: 0, cluster: 1, environment: 2, all: 3 } as const satisfies Record<RuleScope['kind'], number>;

/** Pure. What holds for a rule in a place, by all overrides that are known. */
export function effectiveRule(rule: AlertRule, overrides: readonly RuleOverride[], place: RulePlace): EffectiveRule {
  const own = overrides
    .filter((each) => each.rule === rule.name && holdsAt(each, place.at) && coversPlace(each.scope, place))
    .toSorted((a, b) => widths[a.scope.kind] - widths[b.scope.kind]);
  const by = (says: (changes: RuleChanges) => boolean) => own.find(({ changes }) => says(changes));
  const off = by(({ isOff }) => isOff !== null);
  const limits = rule.on.kind === 'METRIC' ? by((changes) => changes.limits !== null) : undefined;
  const forMs = by((changes) => changes.forMs !== null);
  const severity = by((changes) => changes.severity !== null);
  const said = [off, limits, forMs, severity];
  return {
    rule,
    off: off?.changes.isOff === true ? off : null,
    limits: limits?.changes.limits ?? (rule.on.kind === 'METRIC' ? limitsOf(rule.on) : null),
    forMs: forMs?.changes.forMs ?? rule.forMs,
    severity: severity?.changes.severity ?? null,
    changedBy: own.filter((each) => said.includes(each)),
  };
}

export function holdsAt({ until }: Pick<RuleOverride, 'until'>, at: Date): boolean {
  return until === null || until > at;
}

function limitsOf({ threshold, clear }: RuleLimits): RuleLimits {
  return { threshold, clear };
}

/** A rule of a scope covers every place in it; a cluster itself is in no node. */
export function coversPlace(scope: RuleScope, { clusterId, environment, nodeId }: Omit<RulePlace, 'at'>): boolean {
  switch (scope.kind) {
    case 'all':
      return true;
    case 'environment':
      return scope.environment === environment;
    case 'cluster':
      return scope.clusterId === clusterId;
    case 'node':
      return scope.clusterId === clusterId && scope.nodeId === nodeId;
    default:
      return scope satisfies never;
  }
}

/** True when an override lets something pass that the rule as it is shipped would tell of. */
export function isLessStrict(rule: AlertRule, { isOff, limits, forMs, severity }: RuleChanges): boolean {
  if (isOff === true) return true;
  if (severity !== null && severities.indexOf(severity) > severities.indexOf(rule.severity)) return true;
  if (forMs !== null && forMs > (rule.forMs ?? 0)) return true;
  if (limits === null || rule.on.kind !== 'METRIC') return false;
  const { compare, threshold } = rule.on;
  return compare === 'ABOVE' ? limits.threshold > threshold : limits.threshold < threshold;
}

/** What an alert says that ended because its rule was switched off. */
export function switchedOffInWords({ byName, reason, until }: RuleOverride): string {
  const end = until === null ? '' : ` until ${inUtc(until)}`;
  return `the rule was switched off by ${byName}${end}: ${reason}`;
}
