import type { RuleFacts, SwitchedOff } from '../alert-facts.ts';
import { findMetric } from '../metrics/catalogue/index.ts';
import type { EffectiveRules } from './judge-metric.ts';
import {
  countsAt,
  coversPlace,
  type EffectiveRule,
  effectiveRule,
  type RuleOverride,
  type RulePlace,
  type RuleScope,
  switchedOffInWords,
} from './override.ts';
import { type AlertRule, isMetricRule, type MetricRule } from './rule.ts';
import { shippedRules } from './shipped/index.ts';

/** A rule that people made, with where it holds and how it came and went. */
export type OwnRule = {
  readonly id: string;
  readonly rule: AlertRule;
  readonly scope: RuleScope;
  readonly reason: string;
  readonly byId: string;
  readonly byName: string;
  readonly at: Date;
  /** Null = it is not removed. */
  readonly removed: { readonly byName: string; readonly reason: string; readonly at: Date } | null;
};

/** All that people have said about rules and that holds, as it is stored, and the rules that they removed. */
export type RuleEdits = {
  readonly own: readonly OwnRule[];
  readonly overrides: readonly RuleOverride[];
  /** Rules of which a change is stored that cannot be read: it might be the one by which an alert goes on. */
  readonly unread?: readonly string[];
};

export const noEdits: RuleEdits = { own: [], overrides: [] };

/** The rules of one cluster. */
export type RuleBook = {
  readonly rules: readonly AlertRule[];
  /** As it holds for the cluster (null) or one of its nodes. */
  readonly effective: EffectiveRules;
  /** What people said of a rule for single nodes of the cluster, and what holds now. */
  readonly changesOfNodes: (rule: string) => readonly RuleOverride[];
  /** What people said of a rule for the cluster or nodes of it, whether it counts now or not. */
  readonly saidHere: (rule: string) => readonly RuleOverride[];
  /** Rules of which nobody knows whether their alerts are over, since a change of them cannot be read; they begin as without it. */
  readonly unread: readonly string[];
  /** Alerts of these rules end, with these words. */
  readonly switchedOff: readonly SwitchedOff[];
};

/** Pure. The rules that hold for a cluster: the shipped ones, people's own that cover it, and what overrides make of them. */
export function bookFor(
  { own, overrides, unread = [] }: RuleEdits,
  place: Omit<RulePlace, 'nodeId'>,
  shipped: readonly AlertRule[] = shippedRules,
): RuleBook {
  const here = own.filter(({ removed, scope }) => removed === null && coversPlace(scope, { ...place, nodeId: null }));
  const rules = [...shipped, ...here.map(({ rule }) => rule)];
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const known = new Map<string, EffectiveRule>();
  const effective: EffectiveRules = (name, nodeId) => {
    const key = `${name} ${nodeId ?? ''}`;
    const before = known.get(key);
    const rule = byName.get(name);
    if (before !== undefined || rule === undefined) return before;
    const made = effectiveRule(rule, overrides, { ...place, nodeId });
    known.set(key, made);
    return made;
  };
  const gone = own.filter(({ rule }) => !byName.has(rule.name));
  const changesOfNodes = (name: string) => {
    const rule = byName.get(name);
    const isHere = (each: RuleOverride) =>
      each.rule === name &&
      each.scope.kind === 'node' &&
      rule !== undefined &&
      countsAt(rule, each, { ...place, nodeId: each.scope.nodeId });
    return overrides.filter(isHere);
  };
  const saidHere = (name: string) =>
    overrides.filter(({ rule, scope }) => rule === name && 'clusterId' in scope && scope.clusterId === place.clusterId);
  return {
    rules,
    effective,
    changesOfNodes,
    saidHere,
    unread,
    switchedOff: [...offHere(rules, { overrides, effective }), ...gone.map(goneInWords)],
  };
}

/** What the life of alerts has to know of the metric rules of a book. */
export function factsOfMetricRules({ rules }: Pick<RuleBook, 'rules'>): readonly RuleFacts[] {
  return rules.filter(isMetricRule).map(factsOf);
}

function factsOf({ name, on, isInhibitedByRuns, isNeverHidden }: MetricRule): RuleFacts {
  const metric = findMetric(on.metric)?.title ?? on.metric;
  return {
    ...{ name, isInhibitedByRuns, inhibits: null },
    over: `there is nothing any more that the rule could judge (${metric})`,
    ...(isNeverHidden === undefined ? {} : { isNeverHidden }),
  };
}

type Here = { readonly overrides: readonly RuleOverride[]; readonly effective: EffectiveRules };

function offHere(rules: readonly AlertRule[], { overrides, effective }: Here): SwitchedOff[] {
  const named = new Set(overrides.filter(({ changes }) => changes.isOff === true).map(({ rule }) => rule));
  return rules
    .filter(({ name }) => named.has(name))
    .map(({ name: rule }) => ({
      rule,
      because: (nodeId) => {
        const off = effective(rule, nodeId)?.off ?? null;
        return off === null ? null : switchedOffInWords(off);
      },
    }));
}

function goneInWords({ rule, removed }: OwnRule): SwitchedOff {
  const words =
    removed === null
      ? 'the rule does not hold for this cluster any more'
      : `the rule was removed by ${removed.byName}: ${removed.reason}`;
  return { rule: rule.name, because: () => words };
}
