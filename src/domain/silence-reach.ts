import { findShippedRule } from './rules/shipped/index.ts';
import { fitsPattern, type SilenceMatchers } from './silence.ts';

export type ReachedNode = { readonly clusterId: string; readonly kind: string; readonly label: string };

/** A silence that one person alone may make, and whose clusters. */
export type OnePersonSilence = { readonly matchers: SilenceMatchers; readonly covers: (clusterId: string) => boolean };

/**
 * Pure. Whether a silence of single nodes, together with those that one person made before and that still hide, would hide
 * CRITICAL alerts about more than half of the nodes of a kind of one cluster: one after the other they are the whole cluster.
 * `nodes` = those of the clusters that need a second person.
 */
export function hidesMostNodes(
  wanted: OnePersonSilence,
  others: readonly OnePersonSilence[],
  nodes: readonly ReachedNode[],
): boolean {
  const reaches = (silence: OnePersonSilence) => (node: ReachedNode) =>
    mayHideCritical(silence.matchers) && silence.covers(node.clusterId) && isAbout(silence.matchers, node);
  const groups = Map.groupBy(nodes, ({ clusterId, kind }) => `${clusterId} ${kind}`);
  return [...groups.values()].some((group) => {
    if (!group.some(reaches(wanted))) return false;
    const hidden = group.filter((node) => [wanted, ...others].some((each) => reaches(each)(node)));
    return hidden.length > group.length / 2;
  });
}

function isAbout({ labels: { node } }: SilenceMatchers, { label }: ReachedNode): boolean {
  return node !== undefined && fitsPattern(node, label);
}

/** A rule that is shipped and never that bad hides nothing of the kind. */
function mayHideCritical({ rule, severities }: SilenceMatchers): boolean {
  if (severities !== null && !severities.includes('CRITICAL')) return false;
  const known = rule === null ? undefined : findShippedRule(rule);
  return known === undefined || known.severity === 'CRITICAL';
}
