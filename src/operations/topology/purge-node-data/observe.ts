import type { Reading } from '../../../adapters/reading.ts';
import { type DataDirSeen, readDataDir } from '../../../adapters/ssh/data-dirs.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { Host, ObservedNode, RemovedNode } from '../../../domain/cluster.ts';
import { whyNotADirectory } from '../../../domain/deploy/directories.ts';
import { type AroundLeft, dirsToPurge, type LeftDir, type LeftNode } from '../../../domain/topology-change/purge.ts';
import { lookAroundLeft } from '../steps/around-left.ts';
import { dirOf } from '../steps/left-node.ts';
import type { PurgeNodeDataInput } from './input.ts';

/** A node of the request, as its machine is now. */
export type LeftSeen = {
  readonly record: RemovedNode;
  /** Null = it was not attached when it left, or its host is not attached any more: nobody can look. */
  readonly found: {
    readonly node: LeftNode;
    readonly host: Host;
    readonly around: AroundLeft;
    readonly dirs: readonly (LeftDir & { readonly seen: DataDirSeen })[];
  } | null;
};

export type PurgeFacts = {
  /** The cluster as it shows itself now. */
  readonly now: readonly ObservedNode[];
  /** Those of the request that are recorded, in its order. */
  readonly left: readonly LeftSeen[];
};

/** A plan has 25 s in all. What is not counted by then is counted by the run. */
const countSeconds = 6;

export async function observePurge(
  { clusterId, removedNodeIds, alsoBinaries }: PurgeNodeDataInput,
  reading: Reading,
): Promise<PurgeFacts> {
  const { sql, inventory, signal } = reading;
  const [topology, all] = await Promise.all([readTopology(sql, { signal }), inventory.listRemovedNodes(clusterId)]);
  const records = [...new Set(removedNodeIds)].flatMap((id) => all.find((each) => each.id === id) ?? []);
  const left = await Promise.all(records.map((record) => look(record, alsoBinaries, reading)));
  return { now: toObservedNodes(topology), left };
}

async function look(record: RemovedNode, alsoBinaries: boolean, reading: Reading): Promise<LeftSeen> {
  const { inventory, shell, signal } = reading;
  const { id, clusterId, kind, host: address, port, dataDirs, place } = record;
  const host = place === null ? null : await inventory.findHost(place.hostId);
  if (place === null || host === null || host.clusterId !== clusterId || record.purgedAt !== null)
    return { record, found: null };
  const node = { ...{ id, kind, port, dataDirs }, host: address, hostId: host.id, deployDir: place.deployDir };
  // A path that is never touched is not looked into either; it is refused for what it is.
  const usual = dirsToPurge(node, alsoBinaries).filter(({ path }) => whyNotADirectory(path) === null);
  const isUsual = whyNotADirectory(node.deployDir) === null && usual.length === dirsToPurge(node, alsoBinaries).length;
  const session = await shell(host.id);
  const [around, dirs] = await Promise.all([
    lookAroundLeft(node, host, reading),
    Promise.all(
      (isUsual ? usual : []).map(async (dir) => ({
        ...dir,
        seen: await readDataDir(session, dirOf(node, dir), { seconds: countSeconds, signal }),
      })),
    ),
  ]);
  return { record, found: { node, host, around, dirs } };
}
