import { z } from 'zod';
import type { ClusterNode } from '../../domain/cluster.ts';
import { findSameNode, nodeLabel } from '../../domain/node-identity.ts';
import type { NodeProbe } from '../../domain/probe.ts';
import { quorumOf } from '../../domain/quorum.ts';
import { inhibitions } from '../../domain/rules/inhibitions.ts';
import { settleAfterRunMs } from '../../domain/settling.ts';
import { count } from '../../domain/words.ts';
import { defineRule } from '../define-rule.ts';

/** A node that was just added is not alive for a while: it gets this time to appear. */
const firstStartMs = 120_000;

/**
 * A node that the cluster's own rows show as not alive. The rows decide, since a node whose heartbeats are lost gets no
 * work, whatever its HTTP port says. But they come 15 to 20 s late: so when HTTP was already silent before, the time that
 * the node must be away counts from then. A silent HTTP port alone is no alert, only a problem in words (see
 * `problemsOf`): a busy node may be slow to answer.
 */
export const nodeDown = defineRule({
  name: 'node_down',
  reads: ['topology', 'health'],
  settings: z.object({
    /** How long a node must be away before there is an alert. */
    forMs: z.number().int().min(0).default(0),
  }),
  judge: ({ topology, health }) => {
    if (!topology.isSeen) return { unjudged: 'the cluster did not tell its nodes' };
    const { nodes } = topology;
    return nodes
      .filter((node) => !node.alive)
      .map((node) => ({
        node,
        nodes,
        probe: findSameNode(health.probes, node),
      }));
  },
  identity: ({ node }) => ({ node: nodeLabel(node) }),
  nodeId: ({ node }) => node.id,
  severity: () => 'CRITICAL',
  words: ({ node, nodes, probe }: Away) => ({
    title: wasNeverUp(node)
      ? { now: `${nodeLabel(node)} has never come up`, past: `${nodeLabel(node)} had never come up` }
      : { now: `${nodeLabel(node)} is down`, past: `${nodeLabel(node)} was down` },
    what: 'The cluster reports it as not alive',
    why: node.errorMessage,
    more: httpRemark(node, probe),
    effect: effectOf(node, nodes),
  }),
  ripens: ({ node, probe }, { forMs }) => ({
    forMs: wasNeverUp(node) ? Math.max(forMs, firstStartMs) : forMs,
    minSamples: 1,
    startedAt: probe?.silentSince ?? null,
  }),
  over: 'the cluster does not show {node} as down any more',
  inhibits: inhibitions.node_down,
  isInhibitedByRuns: true,
  settlesMs: settleAfterRunMs,
});

type Away = {
  readonly node: ClusterNode;
  readonly nodes: readonly ClusterNode[];
  readonly probe: NodeProbe | undefined;
};

/** Dead nodes of every kind keep their version; only a node that never came up has none. */
function wasNeverUp(node: ClusterNode): boolean {
  return node.version === null;
}

function httpRemark(node: ClusterNode, probe: NodeProbe | undefined): string {
  if (node.httpPort === null || probe === undefined) return '';
  return probe.httpProblem === null
    ? 'Its HTTP port answers, so the process runs and its heartbeats are lost.'
    : 'Its HTTP port does not answer either.';
}

function effectOf(node: ClusterNode, nodes: readonly ClusterNode[]): string {
  const peers = nodes.filter((peer) => peer.kind === node.kind);
  const alive = peers.filter((peer) => peer.alive).length;
  switch (node.kind) {
    case 'FRONTEND':
      return frontendEffect(node, peers);
    case 'BACKEND': {
      const tablets =
        node.tabletCount === null
          ? 'Its tablets are'
          : `${count(node.tabletCount, 'tablet there is', 'tablets there are')}`;
      return `${tablets} short of a replica, and those with a single one cannot be read; ${alive} of ${peers.length} backends are alive.`;
    }
    case 'COMPUTE_NODE':
      return `Queries run on the others: ${alive} of ${peers.length} compute nodes are alive.`;
    default:
      return node.kind satisfies never;
  }
}

function frontendEffect(node: ClusterNode, frontends: readonly ClusterNode[]): string {
  if (node.role === 'OBSERVER') return 'It is an observer: no vote is lost, only its connections.';
  const { electable, alive, majority, spare } = quorumOf(frontends);
  const count = `${alive} of ${electable} electable frontends are alive`;
  if (spare < 0) return `${count}, fewer than the ${majority} that a leader needs: nothing can be changed or loaded.`;
  return spare === 0
    ? `${count}: if one more fails, the cluster has no leader.`
    : `${count}; its connections go to the others.`;
}
