import type { NodeKind, ObservedNode } from '../cluster.ts';
import { findSameNode, nodeLabel } from '../node-identity.ts';

/** A node as the statements name it that bring it into a cluster. */
export type Member = {
  readonly kind: NodeKind;
  /** Frontends only. */
  readonly role: 'FOLLOWER' | 'OBSERVER' | null;
  readonly host: string;
  /** Edit-log port of a frontend, heartbeat port of the others. */
  readonly port: number;
};

/**
 * Where a node that is to be added stands: `in` = the cluster has it, as what it is wanted to be; `out` = it has nothing
 * at that address. A text = something else is in its way, as a sentence.
 */
export type Standing<N> = { readonly in: N } | 'out' | { readonly taken: string };

/**
 * By the rules of StarRocks: one frontend a host, whatever its port; backends and compute nodes share one namespace of
 * addresses (recorded in `topology.jsonl`).
 */
export function standingOf<N extends ObservedNode>(member: Member, nodes: readonly N[]): Standing<N> {
  const own = findSameNode(nodes, member);
  if (own !== undefined) {
    const isVoter = own.role !== 'OBSERVER';
    if (member.kind !== 'FRONTEND' || isVoter === (member.role === 'FOLLOWER')) return { in: own };
    return { taken: `${nodeLabel(own)} is in the cluster already, as ${own.role ?? 'another one'}` };
  }
  const inTheWay = nodes.find((node) => {
    if (node.host !== member.host) return false;
    if (member.kind === 'FRONTEND') return node.kind === 'FRONTEND';
    return node.kind !== 'FRONTEND' && node.port === member.port;
  });
  if (inTheWay === undefined) return 'out';
  const why = member.kind === 'FRONTEND' ? 'a cluster has one frontend a host' : 'that address is taken';
  return { taken: `${nodeLabel(inTheWay)} is in the cluster already, and ${why}` };
}
