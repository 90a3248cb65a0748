import type { ClusterNode } from '../cluster.ts';
import type { Metric } from '../metrics/metric.ts';
import { isInVersion } from '../metrics/versions.ts';
import { nodeLabel } from '../node-identity.ts';
import { inUtc } from '../utc.ts';

export type NothingSeen = {
  readonly metric: Metric;
  readonly clusterName: string;
  /** The one that was asked about, or all of the cluster. */
  readonly nodes: readonly ClusterNode[];
  /** When the cluster was last looked at; null = never. */
  readonly lookedAt: Date | null;
  /** Whether that look measured the metric of anything that was asked about. */
  readonly isMeasuredNow: boolean;
};

/** Why there is nothing to draw, in whole sentences, as far as it is known. */
export function whyNothing({ metric, clusterName, nodes, lookedAt, isMeasuredNow }: NothingSeen): string {
  if (lookedAt === null) return `No probe has measured anything of ${clusterName} yet.`;
  const look = `the last look, at ${inUtc(lookedAt)},`;
  if (isMeasuredNow) return `It was not measured in that time; ${look} measured it.`;
  const { source } = metric;
  const having = source.kind === 'FACT' ? nodes : nodes.filter(({ kind }) => source.nodes.includes(kind));
  if (having.length === 0 && nodes.length > 0 && source.kind !== 'FACT') {
    const kinds = source.nodes.map(
      (kind) => ({ FRONTEND: 'frontends', BACKEND: 'backends', COMPUTE_NODE: 'compute nodes' })[kind],
    );
    const [only, second] = nodes;
    return `Only ${kinds.join(' and ')} have it, and ${only !== undefined && second === undefined ? `${nodeLabel(only)} is none` : `${clusterName} has none`}.`;
  }
  const able = having.filter(({ version }) => isInVersion(metric, version));
  if (having.length > 0 && able.length === 0) {
    const versions = [...new Set(having.map(({ version }) => version ?? 'unknown'))].join(', ');
    return `StarRocks has it ${metric.since === undefined ? 'up to' : 'since'} ${metric.since ?? metric.until}; here is ${versions}.`;
  }
  const dead = able.filter(({ alive }) => !alive);
  const silent = dead.length === 0 ? '' : ` Not alive: ${dead.slice(0, 10).map(nodeLabel).join(', ')}.`;
  return `${look.slice(0, 1).toUpperCase()}${look.slice(1)} did not measure it.${silent} ${metric.meaning}`;
}
