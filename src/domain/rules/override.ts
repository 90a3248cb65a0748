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

/** Why an override does not count in a place. */
export type NotCounting = 'OVER' | 'ELSEWHERE' | 'MOVED';

/**
 * Pure. Why an override does not count in a place; null = it counts. What takes a CRITICAL alert away was allowed for the environment that its cluster had
 * then: with another label, as when a cluster goes into production, it counts no more.
 */
export function whyNotAt(rule: AlertRule, override: RuleOverride, place: RulePlace): NotCounting | null {
  const { madeIn, changes, scope } = override;
  if (!holdsAt(override, place.at)) return 'OVER';
  if (!coversPlace(scope, place)) return 'ELSEWHERE';
  return madeIn === null || madeIn === place.environment || !isWeighed(rule, changes) ? null : 'MOVED';
}

/** Whether it counts there, by the same. */
export function countsAt(rule: AlertRule, override: RuleOverride, place: RulePlace): boolean {
  return whyNotAt(rule, override, place) === null;
}

/** What an override is about, as it is now. */
export type OverrideSubject = {
  /** The environment that it is for, or that its cluster has now; null = it is for everything, or there is no such cluster. */
  readonly environment: string | null;
  /** There is such a node or cluster, or a cluster with the label. */
  readonly isThere: boolean;
};

/**
 * Pure. Why an override counts nowhere now, in words; null = it counts, by the very rule by which looks judge. `rule` null =
 * there is no such rule any more.
 */
export function whyNotInForce(
  rule: AlertRule | null,
  override: RuleOverride,
  { at, subject: { environment, isThere } }: { readonly at: Date; readonly subject: OverrideSubject },
): string | null {
  const { scope, madeIn } = override;
  if (rule === null) return 'there is no such rule any more';
  if (!holdsAt(override, at)) return 'its time is over';
  if (!isThere) return goneInWords(scope);
  const place = {
    clusterId: 'clusterId' in scope ? scope.clusterId : '',
    environment: scope.kind === 'environment' ? scope.environment : (environment ?? ''),
    nodeId: scope.kind === 'node' ? scope.nodeId : null,
    at,
  };
  if (whyNotAt(rule, override, place) !== 'MOVED') return null;
  return `it was allowed while the cluster was labelled ${madeIn}; it is labelled ${environment ?? 'otherwise'} now`;
}

function goneInWords(scope: RuleScope): string {
  switch (scope.kind) {
    case 'all':
      return 'there is no cluster';
    case 'environment':
      return `no cluster is labelled ${scope.environment}`;
    case 'cluster':
      return 'its cluster is not registered any more';
    case 'node':
      return 'its node has left the cluster';
    default:
      return scope satisfies never;
  }
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
