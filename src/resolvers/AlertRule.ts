import type { Cluster } from '../domain/cluster.ts';
import { findMetric } from '../domain/metrics/catalogue/index.ts';
import { bookFor } from '../domain/rules/book.ts';
import { type RuleOverride, whyNotInForce } from '../domain/rules/override.ts';
import type { AlertRule as Rule } from '../domain/rules/rule.ts';
import { findShippedRule, shippedRules } from '../domain/rules/shipped/index.ts';
import { pendingInWords, standingsOf, unknownInWords } from '../domain/rules/standing.ts';
import type { WatchedCluster } from '../domain/rules/watched.ts';
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

/** Why an override counts nowhere now; null = it counts. */
async function notInForceBecause(
  override: RuleOverride & { readonly ended?: Kept['ended'] },
  { loaders, deps }: RequestContext,
): Promise<string | null> {
  if (override.ended != null) return `it was ended by ${override.ended.byName}`;
  const own = findShippedRule(override.rule) === undefined ? await loaders.ownRulesCalled.load(override.rule) : [];
  const rule = findShippedRule(override.rule) ?? own.find(({ removed }) => removed === null)?.rule ?? null;
  const subject = (await loaders.subjectOfOverride.load(override.id)) ?? { environment: null, isThere: false };
  return whyNotInForce(rule, override, { at: deps.engine.now(), subject });
}

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
  isInForce: async (override: Kept, _: unknown, context: RequestContext) =>
    (await notInForceBecause(override, context)) === null,
  notInForceBecause: (override: Kept, _: unknown, context: RequestContext) => notInForceBecause(override, context),
  endedAt: ({ ended }: Kept) => ended?.at ?? null,
  endedByName: ({ ended }: Kept) => ended?.byName ?? null,
  endedReason: ({ ended }: Kept) => ended?.reason ?? null,
};

/** What is known of the rules of a cluster, by loaders: a list of clusters costs as many statements as one. */
export async function watchedOf(
  { id, name, environment }: Pick<Cluster, 'id' | 'name' | 'environment'>,
  { loaders, deps }: RequestContext,
): Promise<WatchedCluster> {
  const now = deps.engine.now();
  const [edits, look, measured, nodes, alerts] = await Promise.all([
    loaders.ruleEdits.load('whole'),
    loaders.lastLookOfCluster.load(id),
    loaders.latestMetricsOfCluster.load(id),
    loaders.nodesOfCluster.load(id),
    loaders.openAlertsOfCluster.load(id),
  ]);
  const book = bookFor(edits, { clusterId: id, environment, at: now });
  return { cluster: { id, name, environment }, now, book, nodes, look, measured, alerts };
}

/** The field `Cluster.alertRules`. */
export async function alertRulesOf(
  cluster: Pick<Cluster, 'id' | 'name' | 'environment'>,
  { name }: { name?: string | null },
  context: RequestContext,
) {
  const watched = await watchedOf(cluster, context);
  return standingsOf(watched)
    .filter(({ rule }) => name == null || rule.name === name)
    .map((each) => ({ ...each, watched }));
}

type Standing = Awaited<ReturnType<typeof alertRulesOf>>[number];

export const ClusterAlertRule = {
  isOff: ({ effective }: Standing) => effective.off !== null,
  threshold: ({ effective }: Standing) => effective.limits?.threshold ?? null,
  clear: ({ effective }: Standing) => effective.limits?.clear ?? null,
  forSeconds: ({ effective }: Standing) => secondsOf(effective.forMs),
  severity: ({ effective, rule }: Standing) => effective.severity ?? rule.severity,
  changedBy: ({ changedBy }: Standing) => changedBy,
  notInForce: ({ notInForce }: Standing) => notInForce.map(({ override }) => override),
  value: ({ values }: Standing) => values[0]?.value ?? null,
  subject: ({ values }: Standing) => values[0]?.subject ?? null,
  distance: ({ values }: Standing) => values[0]?.distance ?? null,
  present: ({ words }: Standing) => words,
  pending: ({ pending, watched }: Standing) => pending.map((each) => pendingInWords(each, watched)),
  unjudged: ({ unknown }: Standing) => unknownInWords(unknown),
};
