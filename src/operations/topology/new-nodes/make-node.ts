import type { NodeKind } from '../../../domain/cluster.ts';
import { heapFor } from '../../../domain/deploy/conf-text.ts';
import { layOut } from '../../../domain/deploy/lay-out.ts';
import type { Refusal } from '../../../domain/plan.ts';
import type { NewNode } from '../new-node.ts';
import type { NodeToInstall } from '../steps/new-node-lane.ts';

/** A node that somebody wants on a host. */
export type NodeWish = {
  readonly kind: NodeKind;
  readonly role: 'FOLLOWER' | 'OBSERVER' | null;
  /** The address by which the cluster is to know it. */
  readonly host: string;
  readonly deployDir: string;
  /** Of a frontend; null = in the deploy directory. */
  readonly metaDir: string | null;
  readonly storage: readonly string[];
  readonly conf: readonly string[];
};

export type OnHost = {
  readonly hostId: string;
  readonly hostAddress: string;
  /** Null = not known. */
  readonly memoryBytes: number | null;
};

/** Everything that decides what the node will be, or why it cannot be one. */
export function makeNode(
  wish: NodeWish,
  { hostId, hostAddress, memoryBytes }: OnHost,
  release: NewNode['release'],
): NodeToInstall | { readonly refusals: readonly Refusal[] } {
  const heapMegabytes = heapFor(memoryBytes);
  const made = layOut({ ...wish, version: release.version, javaHome: null, heapMegabytes });
  if ('refusals' in made) return made;
  const { dataDirs, ports, ...laidOut } = made.node;
  const own = { role: wish.role, hostId, hostAddress, unit: null, release };
  return { node: { ...laidOut, ...own, dataDirs: [...dataDirs], ports: { ...ports } }, unitText: null };
}
