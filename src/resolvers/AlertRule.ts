import type { Cluster } from '../domain/cluster.ts';
import { findMetric } from '../domain/metrics/catalogue/index.ts';
import { bookFor } from '../domain/rules/book.ts';
import type { RuleOverride } from '../domain/rules/override.ts';
import { presentOf } from '../domain/rules/present.ts';
import { isMetricRule, type AlertRule as Rule } from '../domain/rules/rule.ts';
import { shippedRules } from '../domain/rules/shipped/index.ts';
import { type listOverrides, listOwnRules } from '../store/reads/rules.ts';
import { type RequestContext, readableBy } from './request-context.ts';

/** The query `alertRules`. */
export async function alertRules(_: unknown, __: unknown, { deps, actor }: RequestContext) {
  const own = await listOwnRules(deps.db, { visibility: readableBy(actor), removed: false });
  return [...shippedRules, ...own.map(({ rule }) => rule)];
}

const secondsOf = (ms: number | null) => (ms === null ? null : ms / 1_000);
const onMetric = ({ on }: Rule) => (on.kind === 'METRIC' ? on : null);

export const AlertRule = {
  metric: (rule: Rule) => findMetric(onMetric(rule)?.metric ?? '') ?? null,
  compare: (rule: Rule) => onMetric(rule)?.compare ?? null,
  threshold: (rule: Rule) => onMetric(rule)?.threshold ?? null,
  clear: (rule: Rule) => onMetric(rule)?.clear ?? null,
  forSeconds: ({ forMs }: Rule) => secondsOf(forMs),
  operation: ({ action }: Rule) => action,
  isGuarded: ({ isGuarded }: Rule) => isGuarded === true,
  overrides: ({ name }: Rule, { past }: { past?: boolean | null }, { loaders }: RequestContext) =>
    loaders.overridesOfRule({ past: past ?? false }).load(name),
};

type Kept = Awaited<ReturnType<typeof listOverrides>>[number];

export const AlertRuleOverride = {
  scope: ({ scope }: RuleOverride) => scope.kind.toUpperCase(),
  environment: ({ scope }: RuleOverride) => (scope.kind === 'environment' ? scope.environment : null),
  clusterId: ({ scope }: RuleOverride) => ('clusterId' in scope ? scope.clusterId : null),
  nodeId: ({ scope }: RuleOverride) => (scope.kind === 'node' ? scope.nodeId : null),
  isOff: ({ changes }: RuleOverride) => changes.isOff,
  threshold: ({ changes }: RuleOverride) => changes.limits?.threshold ?? null,
  clear: ({ changes }: RuleOverride) => changes.limits?.clear ?? null,
  forSeconds: ({ changes }: RuleOverride) => secondsOf(changes.forMs),
  severity: ({ changes }: RuleOverride) => changes.severity,
  endedAt: ({ ended }: Kept) => ended?.at ?? null,
  endedByName: ({ ended }: Kept) => ended?.byName ?? null,
  endedReason: ({ ended }: Kept) => ended?.reason ?? null,
};

/** The field `Cluster.alertRules`. */
export async function alertRulesOf(
  { id, environment }: Pick<Cluster, 'id' | 'environment'>,
  { name }: { name?: string | null },
  { loaders }: RequestContext,
) {
  const edits = await loaders.ruleEdits.load('whole');
  const notJudged = (await loaders.notJudgedOfCluster.load(id))?.notJudged ?? [];
  const book = bookFor(edits, { clusterId: id, environment, at: new Date() });
  const nodes = await loaders.nodesOfCluster.load(id);
  const measured = await loaders.latestMetricsOfCluster.load(id);
  const seen = { measurements: measured?.measurements ?? [], unknown: [] };
  return book.rules
    .filter((rule) => name == null || rule.name === name)
    .flatMap((rule) => {
      const effective = book.effective(rule.name, null);
      if (effective === undefined) return [];
      const { off, limits, forMs, severity, changedBy } = effective;
      const present = isMetricRule(rule)
        ? presentOf(rule, { clusterId: id, seen, nodes, effective: book.effective })
        : null;
      const unjudged = notJudged
        .filter((each) => each.rule === rule.name)
        .map(({ labels, because }) => [...Object.values(labels ?? {}), because].join(': '));
      const nothing = isMetricRule(rule)
        ? (unjudged[0] ?? 'the last look measured nothing of it')
        : 'judged by each look';
      return [
        {
          ...{ rule, isOff: off !== null, forSeconds: secondsOf(forMs), severity: severity ?? rule.severity },
          ...{ threshold: limits?.threshold ?? null, clear: limits?.clear ?? null, changedBy, unjudged },
          ...{ value: present?.value ?? null, subject: present?.subject ?? null, distance: present?.distance ?? null },
          present: off !== null ? `off by ${off.byName}: ${off.reason}` : (present?.words ?? nothing),
        },
      ];
    });
}
