import { readHostAddresses } from '../../../adapters/host-addresses.ts';
import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { ClusterNode, ObservedNode } from '../../../domain/cluster.ts';
import { isWithin } from '../../../domain/deploy/directories.ts';
import type { Inventory } from '../../../domain/inventory.ts';
import type { Check } from '../../../domain/next-action.ts';
import { findSameNode, isSameNode, nodeLabel } from '../../../domain/node-identity.ts';
import { hasLeader } from '../../../domain/topology.ts';
import { isIpAddress } from '../../../domain/topology-change/address.ts';
import { AppError } from '../../../errors.ts';
import type { NewPlace } from './place.ts';

type Blocked = Extract<Check, { state: 'blocked' }>;
type Where = Pick<Reading, 'clusterId' | 'signal'> & {
  /** Of the run that is taken back; ids of runs sort by when they were asked for. */
  readonly runId: string;
};

/**
 * Not null while a cluster may know the node: then its process is not ended and its files are not removed. It may know it by
 * another name of the same machine by now, and what is in its directories may have come to belong to another node, or have
 * left the cluster by another run, after which only a purge deletes it. The first frontend of a new cluster is the cluster:
 * there it must be the last that is left. A cluster that is thrown away whole, seen to hold nothing, is not asked. Throws when the cluster does not answer, because then nobody knows.
 */
export async function stillKnown(
  place: NewPlace & { readonly isAlone: boolean; readonly isThrownAway: boolean },
  ports: Pick<Reading, 'sql' | 'inventory'>,
  where: Where,
): Promise<Blocked | null> {
  const why = (await whoHasItsDirectories(place, ports.inventory, where)) ?? (await whoHasIt(place, ports, where));
  if (why === null) return null;
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `${place.label} is not taken away: ${why}`,
    hint: 'Take it out of the cluster first, then retry the run. What has left a cluster is deleted by purgeNodeData.',
  };
}

async function whoHasIt(
  place: NewPlace & { readonly isAlone: boolean; readonly isThrownAway: boolean },
  ports: Pick<Reading, 'sql' | 'inventory'>,
  where: Where,
): Promise<string | null> {
  if (place.isThrownAway) return null;
  return place.isAlone ? whoIsLeft(place, ports, where) : asWhatItIsKnown(place, ports, where);
}

/** By the inventory: a node of any cluster, under any name, and what another run took out of this one. */
async function whoHasItsDirectories(
  place: NewPlace,
  inventory: Pick<Inventory, 'listNodesAt' | 'listRemovedNodes'>,
  { clusterId, runId }: Where,
): Promise<string | null> {
  const [nodes, removed] = await Promise.all([
    inventory.listNodesAt([place.hostAddress, place.host]),
    inventory.listRemovedNodes(clusterId),
  ]);
  const other = nodes.find((node) => {
    // Under its own name the cluster itself is asked, which may know more.
    if (node.clusterId === clusterId && isSameNode(node, place)) return false;
    return node.deployDir !== null && sharesDirectories(place, [node.deployDir]);
  });
  if (other !== undefined) return `${nodeLabel(other)} is known to be in ${other.deployDir} there`;
  const left = removed.find(({ place: at, dataDirs, purgedAt, runId: removedBy }) => {
    // What left before this run was asked for was gone from there, or its place would not have been claimed.
    if (purgedAt !== null || at?.hostId !== place.hostId || removedBy < runId) return false;
    return sharesDirectories(place, [at.deployDir, ...dataDirs]);
  });
  return left === undefined ? null : `${nodeLabel(left)} has left the cluster by another run, and its data is kept`;
}

function sharesDirectories({ deployDir, dataDirs }: NewPlace, others: readonly string[]): boolean {
  return [deployDir, ...dataDirs].some((own) => others.some((other) => isWithin(own, other) || isWithin(other, own)));
}

async function asWhatItIsKnown(
  place: NewPlace,
  { sql }: Pick<Reading, 'sql'>,
  { signal }: Where,
): Promise<string | null> {
  const topology = await readTopology(sql, { signal });
  if (!hasLeader(topology.frontends)) {
    throw new AppError('SQL_UNREACHABLE', `Whether ${place.label} is in the cluster cannot be told: nobody leads it`, {
      hint: 'Wait until the cluster has a leader again, then retry the run.',
      retryable: true,
    });
  }
  const nodes = toObservedNodes(topology);
  if (findSameNode(nodes, place) !== undefined) return 'it is still in the cluster';
  for (const node of nodes.filter(({ kind, port }) => kind === place.kind && port === place.port)) {
    const why = await whySameMachine(place, node, signal);
    if (why !== null) return why;
  }
  return null;
}

/** `ALTER SYSTEM MODIFY … HOST` gives a node another name, and nothing else of it changes. */
async function whySameMachine(place: NewPlace, node: ObservedNode, signal: AbortSignal): Promise<string | null> {
  if (isIpAddress(node.host) && isIpAddress(place.host) && isIpAddress(place.hostAddress)) return null;
  const [theirs, ...ours] = await Promise.all(
    [node.host, place.host, place.hostAddress].map((host) => readHostAddresses(host, signal)),
  );
  const own = ours.flatMap((addresses) => addresses ?? []);
  if (theirs == null || own.length === 0)
    return `whether it is ${nodeLabel(node)} cannot be told, since ${theirs == null ? node.host : place.host} has no address that is known here`;
  return theirs.some((address) => own.includes(address))
    ? `the cluster knows it as ${nodeLabel(node)}, which is the same machine`
    : null;
}

/** A frontend that never answered is asked in vain; one that does may know more than what was recorded. */
async function whoIsLeft(
  place: NewPlace,
  { sql, inventory }: Pick<Reading, 'sql' | 'inventory'>,
  { clusterId, signal }: Where,
): Promise<string | null> {
  const seen = await readTopology(sql, { signal }, { waitMs: 0 }).then(toObservedNodes, async (error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'SQL_UNREACHABLE') return [];
    // Until its users are made it lets nobody in of whom Starwarden knows.
    const isLocked = error.code === 'SQL_AUTH_FAILED' || error.code === 'CREDENTIAL_MISSING';
    if (isLocked && (await inventory.findCluster(clusterId))?.observedAt === null) return [];
    throw error;
  });
  const recorded: readonly ClusterNode[] = await inventory.listNodes(clusterId);
  const others = [...seen, ...recorded].filter((node) => !isSameNode(node, place)).map(nodeLabel);
  return others.length === 0 ? null : `${[...new Set(others)].join(', ')} are still in its cluster`;
}
