import type { CalendarScope } from '../../domain/calendar.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import type { RuleOverride } from '../../domain/rules/override.ts';
import type { AlertRule } from '../../domain/rules/rule.ts';
import { takesCritical } from '../../domain/rules/rule-changes.ts';
import { shippedRules } from '../../domain/rules/shipped/index.ts';
import type { SilenceMatchers } from '../../domain/silence.ts';
import { hidesMostNodes, type OnePersonSilence, type ReachedNode } from '../../domain/silence-reach.ts';
import { coversCluster } from '../../domain/why-not-now.ts';
import type { Reader } from '../database.ts';
import { readable } from '../readable.ts';
import { toSilence } from '../silences/silence-rows.ts';
import { listClusters, nodesOfClusters } from './clusters.ts';
import { readRuleEdits } from './rules.ts';
import { wholeList } from './visibility.ts';

/** The clusters where one person alone hides no CRITICAL alerts, and what single persons hide of their nodes now. */
export type HiddenByOne = {
  /** In the order of their ids, as they are locked. */
  readonly clusterIds: readonly string[];
  readonly nodes: readonly (ReachedNode & { readonly nodeId: string })[];
  readonly others: readonly OnePersonSilence[];
  readonly coveredBy: (scope: CalendarScope) => OnePersonSilence['covers'];
};

type Asked = { readonly at: Date; readonly approvalEnvironments: readonly string[] };

/** Silences of single persons, and rules that somebody changed for single nodes: either makes a node silent. */
export async function readHiddenByOne(db: Reader, { at, approvalEnvironments }: Asked): Promise<HiddenByOne> {
  const clusters = await listClusters(db, { visibility: 'everywhere', filter: {}, page: wholeList });
  const production = clusters.filter(({ environment }) => approvalEnvironments.includes(environment));
  const environments = new Map(production.map(({ id, environment }) => [id, environment]));
  const coveredBy = (own: CalendarScope) => (clusterId: string) =>
    coversCluster(own, { clusterId, environment: environments.get(clusterId) ?? '' });
  const clusterIds = [...environments.keys()].toSorted();
  if (clusterIds.length === 0) return { clusterIds, nodes: [], others: [], coveredBy };
  const nodes = (await nodesOfClusters(db, clusterIds)).map((node) => ({
    ...{ nodeId: node.id, clusterId: node.clusterId, kind: node.kind, label: nodeLabel(node) },
  }));
  const silences = await db
    .selectFrom('silence')
    .selectAll()
    .where('until_at', '>', at)
    .where('ended_at', 'is', null)
    .where('needs_second', '=', 0)
    .execute();
  const others = readable(silences, toSilence, () => undefined).map(({ matchers, scope }) => ({
    ...{ matchers, covers: coveredBy(scope) },
  }));
  return { clusterIds, nodes, others: [...others, ...(await hiddenByOverrides(db, { nodes, at }))], coveredBy };
}

/** Whether a change of a rule for one node would make most nodes of its kind silent, with what single persons hide already. */
export function overrideHidesMost(
  { scope, rule }: Pick<RuleOverride, 'scope' | 'rule'>,
  { nodes, others }: HiddenByOne,
): boolean {
  const wanted = asSilence({ scope, rule }, nodes);
  return wanted !== null && hidesMostNodes(wanted, others, nodes);
}

/** The same of a silence. */
export function silenceHidesMost(
  { scope, matchers }: { readonly scope: CalendarScope; readonly matchers: SilenceMatchers },
  { nodes, others, coveredBy }: HiddenByOne,
): boolean {
  return hidesMostNodes({ matchers, covers: coveredBy(scope) }, others, nodes);
}

async function hiddenByOverrides(
  db: Reader,
  { nodes, at }: { readonly nodes: HiddenByOne['nodes']; readonly at: Date },
): Promise<readonly OnePersonSilence[]> {
  const { own, overrides } = await readRuleEdits(db);
  const rules = new Map<string, AlertRule>(
    [...shippedRules, ...own.map((each) => each.rule)].map((rule) => [rule.name, rule]),
  );
  return overrides.flatMap((override) => {
    const rule = rules.get(override.rule);
    const isOver = override.until !== null && override.until <= at;
    if (rule === undefined || isOver || !takesCritical(rule, override.changes)) return [];
    return asSilence(override, nodes) ?? [];
  });
}

function asSilence(
  { scope, rule }: Pick<RuleOverride, 'scope' | 'rule'>,
  nodes: HiddenByOne['nodes'],
): OnePersonSilence | null {
  if (scope.kind !== 'node') return null;
  const label = nodes.find(({ nodeId }) => nodeId === scope.nodeId)?.label;
  if (label === undefined) return null;
  const matchers = { rule, severities: null, labels: { node: label } };
  return { matchers, covers: (clusterId) => clusterId === scope.clusterId };
}
