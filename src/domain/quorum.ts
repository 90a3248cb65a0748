import type { ObservedNode } from './cluster.ts';

/** How many of so many have to agree: votes for a leader, replicas for a write. */
export function majorityOf(members: number): number {
  return Math.floor(members / 2) + 1;
}

/** Whether it votes, and may be elected: every frontend but observers. */
export function isElectable(node: Pick<ObservedNode, 'kind' | 'role'>): boolean {
  return node.kind === 'FRONTEND' && node.role !== 'OBSERVER';
}

export type Quorum = {
  readonly electable: number;
  readonly alive: number;
  readonly majority: number;
  /** How many of those that are alive could fail and leave a leader; below zero = there is none now. */
  readonly spare: number;
};

/** How the frontends stand; `without` = those that are counted as if they were down. */
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
