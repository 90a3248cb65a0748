import type { Severity } from '../alert.ts';
import { inUtc } from '../utc.ts';
import type { AlertRule } from './rule.ts';
import { isWeighed, type RuleChanges, type RuleLimits } from './rule-changes.ts';

export type { RuleChanges, RuleLimits } from './rule-changes.ts';

/** Where an override holds. The narrowest that says something counts: node, cluster, environment, everything. */
export type RuleScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'environment'; readonly environment: string }
  | { readonly kind: 'cluster'; readonly clusterId: string }
  | { readonly kind: 'node'; readonly clusterId: string; readonly nodeId: string };

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
  /** The environment of the cluster that it is about when it was made; null = it is about no cluster. */
  readonly madeIn: string | null;
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
    .filter((each) => each.rule === rule.name && countsAt(rule, each, place))
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

/**
 * Whether an override holds in a place. What takes a CRITICAL alert away was allowed for the environment that its cluster had
 * then: with another label, as when a cluster goes into production, it counts no more.
 */
export function countsAt(rule: AlertRule, override: RuleOverride, place: RulePlace): boolean {
  const { madeIn, changes, scope } = override;
  if (!holdsAt(override, place.at) || !coversPlace(scope, place)) return false;
  return madeIn === null || madeIn === place.environment || !isWeighed(rule, changes);
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

/** What an alert says that ended because its rule was switched off. */
export function switchedOffInWords({ byName, reason, until }: RuleOverride): string {
  const end = until === null ? '' : ` until ${inUtc(until)}`;
  return `the rule was switched off by ${byName}${end}: ${reason}`;
}
