import type { ObservedNode } from './cluster.ts';

/** How many of `members` have to agree: votes for a leader, replicas for a write. */
export function majorityOf(members: number): number {
  return Math.floor(members / 2) + 1;
}

/** Whether the node votes and may be elected: true for every frontend except observers. */
export function isElectable(node: Pick<ObservedNode, 'kind' | 'role'>): boolean {
  return node.kind === 'FRONTEND' && node.role !== 'OBSERVER';
}

export type Quorum = {
  readonly electable: number;
  readonly alive: number;
  readonly majority: number;
  /** How many of the living voters could fail without the cluster losing its leader; below zero = there is none now. */
  readonly spare: number;
};

/** How many frontends vote, live and are needed; those for which `without` is true count as down. */
export function quorumOf<N extends Pick<ObservedNode, 'kind' | 'role' | 'alive'>>(
  nodes: readonly N[],
  without: (node: N) => boolean = () => false,
): Quorum {
  const voters = nodes.filter(isElectable);
  const alive = voters.filter((node) => node.alive && !without(node)).length;
  const majority = majorityOf(voters.length);
  return { electable: voters.length, alive, majority, spare: alive - majority };
}

/** The frontend that leads, as the cluster says: up to 3.2 the row of a dead leader may still say LEADER. */
export function findLeader<N extends Pick<ObservedNode, 'role' | 'alive'>>(nodes: readonly N[]): N | undefined {
  return nodes.find((node) => node.role === 'LEADER' && node.alive);
}

/** What an even number of voters bears, which is as much as one voter less does. For sentences. */
export function borneByEven(voters: number): string {
  const borne = voters - majorityOf(voters);
  const failures = borne === 0 ? 'the failure of none is borne' : `the failure of ${borne} is borne`;
  return `${majorityOf(voters)} of them have to live, so ${failures}, as with ${voters - 1}`;
}
