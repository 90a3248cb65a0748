import type { Reading } from '../../../adapters/reading.ts';
import { readUser } from '../../../adapters/ssh/read-login.ts';
import { readDecommissionFacts } from '../../../adapters/starrocks/read-decommission-facts.ts';
import { readTopology } from '../../../adapters/starrocks/read-topology.ts';
import type { ClusterNode, ObservedNode } from '../../../domain/cluster.ts';
import { readStorage } from '../../../domain/deploy/storage-input.ts';
import { findSameNode, nodeLabel } from '../../../domain/node-identity.ts';
import type { FrontendRow } from '../../../domain/topology.ts';
import type { BackendFacts } from '../../../domain/topology-change/backend-facts.ts';
import type { DecommissionFacts } from '../../../domain/topology-change/decommission-guards.ts';
import { AppError } from '../../../errors.ts';
import { type NewNodeFacts, observeNewNodes } from '../new-nodes/facts.ts';

export type ReplacementWish = {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly host: string;
  readonly version?: string | undefined;
  readonly deployDir: string;
  readonly storage: readonly string[];
  readonly location?: string | undefined;
  readonly paths: readonly string[];
};

export type ReplacementFacts = {
  /** As the inventory knows it; null = the cluster has no such node. */
  readonly known: ClusterNode | null;
  /** As the cluster shows it; null = it is not in the cluster any more. */
  readonly now: ObservedNode | null;
  readonly adding: NewNodeFacts;
  /** What speaks against the drain once the new backend is there; null = the old node is no backend. */
  readonly drain: { readonly facts: DecommissionFacts; readonly ids: readonly string[] } | null;
  /** Further entries of frontends that SHOW FRONTENDS lists more than once. */
  readonly remnants: readonly FrontendRow[];
  /** Why the host of the old node does not answer; null = it does, or none is attached. */
  readonly silence: string | null;
};

/**
 * Everything that decides whether a node may be replaced. The drain of a backend is judged as if the new one were there
 * already, empty and on the disks that its host has.
 */
export async function observeReplacement(wish: ReplacementWish, reading: Reading): Promise<ReplacementFacts> {
  const { sql, inventory, signal } = reading;
  const found = await inventory.findNode(wish.nodeId);
  const known = found !== null && found.clusterId === wish.clusterId ? found : null;
  const [adding, topology, silence] = await Promise.all([
    observeNewNodes({ clusterId: wish.clusterId, hosts: [wish.host], version: wish.version }, wish.paths, reading),
    readTopology(sql, { signal }),
    whySilent(known, reading),
  ]);
  const { remnants } = topology;
  const now = known === null ? null : (findSameNode(adding.nodes, known) ?? null);
  if (known?.kind !== 'BACKEND' || now === null) return { known, now, adding, drain: null, remnants, silence };
  const row = topology.backends.find(({ host, heartbeatPort }) => host === now.host && heartbeatPort === now.port);
  const ids = row === undefined ? [] : [row.id];
  const facts = await readDecommissionFacts(sql, { ids, expected: [expectedBackend(wish, adding)] }, { signal });
  return { known, now, adding, drain: { facts, ids }, remnants, silence };
}

async function whySilent(known: ClusterNode | null, { shell, signal }: Reading): Promise<string | null> {
  if (known?.hostId == null) return null;
  try {
    const user = await readUser(await shell(known.hostId), { signal, timeoutMs: 8_000 });
    return 'value' in user ? null : user.unknown;
  } catch (error) {
    if (error instanceof AppError && !signal.aborted) return error.message;
    throw error;
  }
}

/** The new backend as it will be when it has come: empty, alive, on the disks that were asked for. */
function expectedBackend({ host, storage, location }: ReplacementWish, { hosts: [at] }: NewNodeFacts): BackendFacts {
  const survey = at?.survey == null || 'unknown' in at.survey ? null : at.survey.value;
  const address = at?.resolved?.[0] ?? host;
  const disks = readStorage(storage).storage.map(({ path, medium }) => {
    const known = survey?.paths.get(path);
    const place = known === undefined || 'unknown' in known ? null : known.value;
    const sizeOf = (size: NonNullable<typeof place>['freeBytes'] | undefined) =>
      size === undefined || 'unknown' in size ? null : size.value;
    return {
      ...{ path, medium: medium ?? 'HDD', state: 'ONLINE', usedBytes: 0 },
      ...{ availableBytes: sizeOf(place?.freeBytes), totalBytes: sizeOf(place?.totalBytes) },
    };
  });
  const label = nodeLabel({ kind: 'BACKEND', host: address, port: 0 }).replace(/:0$/, ' (new)');
  return {
    ...{ id: 'expected', label, host: address, port: 0, alive: true, decommissioning: false },
    ...{ tabletCount: 0, location: location ?? null, disks },
  };
}
