import type { ObservedNode } from '../cluster.ts';
import { isSameNode, nodeLabel } from '../node-identity.ts';
import { isElectable, quorumOf } from '../quorum.ts';
import { count } from '../words.ts';

type WhyNot = {
  readonly code: 'QUORUM_AT_RISK' | 'REPLICATION_AT_RISK' | 'PRECONDITION_FAILED';
  readonly message: string;
  readonly hint: string;
};

/** Why a node that was added may not be dropped now, given the whole cluster; null = it may. */
export function whyNotDrop(node: ObservedNode, nodes: readonly ObservedNode[]): WhyNot | null {
  const label = nodeLabel(node);
  if (node.kind === 'COMPUTE_NODE') return null;
  if (node.kind === 'BACKEND') {
    const tablets = node.tabletCount;
    if (tablets === 0) return null;
    return {
      code: 'REPLICATION_AT_RISK',
      message:
        tablets === null ? `Whether ${label} holds tablets is not known` : `${label} holds ${count(tablets, 'tablet')}`,
      hint: 'It has to be drained first: decommission it, then retry the run.',
    };
  }
  if (node.role === 'LEADER') {
    return {
      code: 'PRECONDITION_FAILED',
      message: `${label} leads now, and a leader cannot be dropped`,
      hint: 'Restart it, so that another one leads, then retry the run.',
    };
  }
  if (!isElectable(node)) return null;
  const others = nodes.filter((other) => !isSameNode(other, node));
  const { electable, alive, majority, spare } = quorumOf(others);
  if (spare >= 0) return null;
  return {
    code: 'QUORUM_AT_RISK',
    message: `Without ${label} ${alive} of ${electable} electable frontends are alive; ${majority} are needed for a leader`,
    hint: 'Bring the other frontends up first, then retry the run.',
  };
}
