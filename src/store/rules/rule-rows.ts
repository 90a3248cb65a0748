import type { Selectable } from 'kysely';
import { z } from 'zod';
import { severities } from '../../domain/alert.ts';
import { nodeKinds } from '../../domain/cluster.ts';
import { findMetric } from '../../domain/metrics/catalogue/index.ts';
import type { OwnRule } from '../../domain/rules/book.ts';
import { isNothingFine } from '../../domain/rules/nothing.ts';
import type { RuleChanges, RuleOverride, RuleScope } from '../../domain/rules/override.ts';
import { type AlertRule, comparisons, judgedOf } from '../../domain/rules/rule.ts';
import { AppError } from '../../errors.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

/** How an override ended before its time; null = it holds, or its time is over. */
export type EndedOverride = { readonly at: Date; readonly byName: string; readonly reason: string };

export type KeptOverride = RuleOverride & { readonly ended: EndedOverride | null };

const severity = z.enum(severities);

/** What is kept of a rule that people made; the rest follows from its being theirs. */
export type OwnDefinition = Pick<AlertRule, 'title' | 'pastTitle' | 'on' | 'severity' | 'means' | 'todo'> & {
  readonly forMs: number;
};

const definitionShape: z.ZodType<OwnDefinition> = z.object({
  ...{ title: z.string(), pastTitle: z.string(), severity, means: z.string(), todo: z.string(), forMs: z.number() },
  on: z.object({
    kind: z.literal('METRIC'),
    metric: z.string(),
    of: z.enum(judgedOf),
    nodes: z.array(z.enum(nodeKinds)).exactOptional(),
    compare: z.enum(comparisons),
    threshold: z.number(),
    clear: z.number(),
    nothingMeans: z.literal('FINE').exactOptional(),
  }),
});

const changesShape: z.ZodType<RuleChanges> = z.object({
  isOff: z.boolean().nullable(),
  limits: z.object({ threshold: z.number(), clear: z.number() }).nullable(),
  forMs: z.number().nullable(),
  severity: severity.nullable(),
});

/** A rule of somebody's own, as it is judged. */
export function ruleOf(name: string, definition: OwnDefinition): AlertRule {
  const metric = findMetric(definition.on.kind === 'METRIC' ? definition.on.metric : '');
  const on =
    definition.on.kind === 'METRIC' && metric !== undefined && isNothingFine(metric)
      ? ({ ...definition.on, nothingMeans: 'FINE' } as const)
      : definition.on;
  return { ...definition, on, name, family: 'own', runbook: null, action: null, isInhibitedByRuns: false };
}

export function toOwnRule(row: Selectable<Tables['alert_rule']>): OwnRule {
  const { removed_at: at, removed_by_name: byName, removed_reason: reason } = row;
  return {
    id: row.id,
    rule: ruleOf(row.name, fromJson(definitionShape, row.definition)),
    scope: toScope(row, null),
    reason: row.reason,
    byId: row.by_id,
    byName: row.by_name,
    at: row.created_at,
    removed: at === null ? null : { at, byName: byName ?? 'somebody', reason: reason ?? '' },
  };
}

export function toOverride(row: Selectable<Tables['alert_rule_override']>): KeptOverride {
  const { ended_at: at, ended_by_name: byName, ended_reason: reason } = row;
  return {
    id: row.id,
    rule: row.rule,
    scope: toScope(row, row.cluster_id),
    changes: fromJson(changesShape, row.changes),
    reason: row.reason,
    until: row.until_at,
    byId: row.by_id,
    byName: row.by_name,
    at: row.created_at,
    madeIn: row.made_in,
    ended: at === null ? null : { at, byName: byName ?? 'somebody', reason: reason ?? '' },
  };
}

/** A scope as the columns that hold it. */
export function scopeColumns(scope: RuleScope): { scope_kind: string; scope_value: string } {
  switch (scope.kind) {
    case 'all':
      return { scope_kind: 'all', scope_value: '' };
    case 'environment':
      return { scope_kind: 'environment', scope_value: scope.environment };
    case 'cluster':
      return { scope_kind: 'cluster', scope_value: scope.clusterId };
    case 'node':
      return { scope_kind: 'node', scope_value: scope.nodeId };
    default:
      return scope satisfies never;
  }
}

function toScope(
  { scope_kind: kind, scope_value: value }: { scope_kind: string; scope_value: string },
  clusterId: string | null,
): RuleScope {
  if (kind === 'all') return { kind };
  if (kind === 'environment') return { kind, environment: value };
  if (kind === 'cluster') return { kind, clusterId: value };
  if (kind === 'node' && clusterId !== null) return { kind, clusterId, nodeId: value };
  throw new AppError('STORE_UNAVAILABLE', `An alert rule holds for a ${kind}, which this version cannot read`, {
    hint: 'A newer version of Starwarden wrote it; run that one.',
  });
}
