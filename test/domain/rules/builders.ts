import type { Measurement, MetricSubject } from '../../../src/domain/metrics/measurement.ts';
import type { Unknown, UnknownReason } from '../../../src/domain/metrics/unknown.ts';
import type { MetricLook, RuledNode } from '../../../src/domain/rules/judge-metric.ts';
import { effectiveRule, type RuleChanges, type RuleOverride } from '../../../src/domain/rules/override.ts';
import { type AlertRule, isMetricRule, type MetricRule } from '../../../src/domain/rules/rule.ts';
import { findShippedRule, shippedRules } from '../../../src/domain/rules/shipped/index.ts';

export const at = new Date('2026-11-27T10:00:00Z');

export const nodes: readonly RuledNode[] = [
  { id: 'nod_1', kind: 'BACKEND', host: '10.0.0.11', port: 9050 },
  { id: 'nod_2', kind: 'BACKEND', host: '10.0.0.12', port: 9050 },
  { id: 'nod_fe', kind: 'FRONTEND', host: '10.0.0.1', port: 9010 },
];

export const disk = (nodeId: string, path = '/data1'): MetricSubject => ({ nodeId, path });

export const measured = (metric: string, subject: MetricSubject, value: number): Measurement => ({
  ...{ metric, subject, value },
});

export const gap = (metric: string, subject: MetricSubject, reason: UnknownReason): Unknown => ({
  ...{ metric, subject, reason, because: 'it did not answer' },
});

export function metricRule(name: string): MetricRule {
  const rule = findShippedRule(name);
  if (rule === undefined || !isMetricRule(rule)) throw new Error(`${name} is no metric rule`);
  return rule;
}

const nothing: RuleChanges = { isOff: null, limits: null, forMs: null, severity: null };

export function override(rule: string, changes: Partial<RuleChanges>, rest: Partial<RuleOverride> = {}): RuleOverride {
  return {
    ...{ id: 'rov_1', rule, scope: { kind: 'all' }, reason: 'a test', until: null },
    ...{ byId: 'per_1', byName: 'kim', at, madeIn: null, changes: { ...nothing, ...changes }, ...rest },
  };
}

/** A look at a cluster of production with these rules, overrides and values. */
export function look(
  seen: Partial<MetricLook['seen']>,
  { overrides = [], rules = shippedRules }: { overrides?: readonly RuleOverride[]; rules?: readonly AlertRule[] } = {},
): MetricLook {
  const place = { clusterId: 'clu_1', environment: 'prod', at };
  return {
    clusterId: 'clu_1',
    nodes,
    seen: { at, measurements: [], unknown: [], ...seen },
    effective: (name, nodeId) => {
      const rule = rules.find((each) => each.name === name);
      return rule === undefined ? undefined : effectiveRule(rule, overrides, { ...place, nodeId });
    },
  };
}
