import type { ObservedNode } from '../../domain/cluster.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import { isElectable } from '../../domain/quorum.ts';
import { type ReplicaSpread, tableAwayWith } from '../../domain/upgrade/checks-spread.ts';

/** A node as far as its turn depends on it; `workerId` as replicas name it, null for frontends. */
type WaveNode = ObservedNode & { readonly workerId: string | null };

/** Nodes that go in one stage: `width` of them at a time. */
export type Wave<N> = { readonly stage: string; readonly nodes: readonly N[]; readonly width: number };

type Asked = {
  /** How many nodes of one failure domain may be away at a time, as a person asked. */
  readonly parallel: number;
  /** Which backends hold tablets together; null = not known. */
  readonly spread: ReplicaSpread | null;
};

/**
 * Backends and compute nodes in the order in which they go: one canary, then the backends of one failure domain after the
 * other. More than one at a time only within a domain, and only where no tablet loses its majority by that; `notes` says
 * why the width is smaller than was asked for.
 */
export function workerWaves<N extends WaveNode>(
  workers: readonly N[],
  { parallel, spread }: Asked,
): { readonly canary: N | null; readonly waves: readonly Wave<N>[]; readonly notes: readonly string[] } {
  const backends = workers.filter((node) => node.kind === 'BACKEND').toSorted(byAddress);
  const computeNodes = workers.filter((node) => node.kind === 'COMPUTE_NODE').toSorted(byAddress);
  const [canary = null] = backends.length > 0 ? backends : computeNodes;
  const rest = backends.filter((node) => node !== canary);
  const domains = Map.groupBy(rest, (node) => node.location);
  const notes: string[] = [];
  const backendWaves = [...domains]
    .toSorted(([a], [b]) => (a ?? '').localeCompare(b ?? '', undefined, { numeric: true }))
    .map(([location, nodes]): Wave<N> => {
      const why = parallel > 1 && nodes.length > 1 ? whyOneByOne(location, nodes, spread) : null;
      if (why !== null) notes.push(why);
      return {
        stage: location === null ? 'Backends' : `Backends in ${location}`,
        nodes,
        width: why === null && location !== null ? Math.min(parallel, nodes.length) : 1,
      };
    });
  const others = computeNodes.filter((node) => node !== canary);
  const computeWave: Wave<N> = {
    stage: 'Compute nodes',
    nodes: others,
    // Compute nodes hold no replicas, but some have to stay to run the queries.
    width: Math.max(1, Math.min(parallel, Math.floor(computeNodes.length / 2))),
  };
  return { canary, waves: [...backendWaves, ...(others.length > 0 ? [computeWave] : [])], notes };
}

/** Frontends: observers, then followers, one at a time; the leader of that moment lets the others go first. */
export function frontendWaves<N extends WaveNode>(frontends: readonly N[]): readonly Wave<N>[] {
  const observers = frontends.filter((node) => node.role === 'OBSERVER').toSorted(byAddress);
  const electable = frontends
    .filter(isElectable)
    .toSorted((a, b) => Number(a.role === 'LEADER') - Number(b.role === 'LEADER') || byAddress(a, b));
  return [
    { stage: 'Observers', nodes: observers, width: 1 },
    { stage: 'Followers, and the leader last', nodes: electable, width: 1 },
  ].filter((wave) => wave.nodes.length > 0);
}

function whyOneByOne(location: string | null, nodes: readonly WaveNode[], spread: ReplicaSpread | null): string | null {
  if (location === null)
    return 'Backends without labels.location go one at a time: nobody knows which of them may be away together';
  if (spread === null) return `Backends in ${location} go one at a time: where the replicas are could not be asked`;
  const table = tableAwayWith(
    spread,
    nodes.flatMap((node) => node.workerId ?? []),
  );
  return table === null
    ? null
    : `Backends in ${location} go one at a time: tablets of ${table} would lose their majority with more than one away`;
}

function byAddress(a: WaveNode, b: WaveNode): number {
  return nodeLabel(a).localeCompare(nodeLabel(b), undefined, { numeric: true });
}
