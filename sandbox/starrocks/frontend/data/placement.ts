import type { Release } from '../../release.ts';
import { analysisError, executionError } from '../../sql/errors.ts';
import type { Ids } from '../meta/ids.ts';
import type { ClusterState, Partition, Replica, Tablet, Worker } from '../meta/state.ts';
import { allPartitions } from './recycle-bin.ts';

/** Alive backends that are not on their way out: the only ones that get new replicas. */
export function availableBackends(state: ClusterState): Worker[] {
  return [...state.workers.values()].filter(
    ({ kind, alive, decommissioned }) => kind === 'BACKEND' && alive && !decommissioned,
  );
}

export function partitionsOf(state: ClusterState, tableId: number): Partition[] {
  return [...(state.partitionsByTable.get(tableId)?.values() ?? [])];
}

/** How many replicas each backend holds, those of the recycle bin among them, by backend id. */
export function replicaCounts(state: ClusterState): Map<number, number> {
  const counts = new Map<number, number>();
  for (const partition of allPartitions(state)) {
    for (const { replicas } of partition.tablets) {
      for (const { backendId } of replicas) counts.set(backendId, (counts.get(backendId) ?? 0) + 1);
    }
  }
  return counts;
}

/** `db.table` of every table of users that keeps its only replica of something on this backend. */
export function singleReplicaTables(state: ClusterState, backendId: number): string[] {
  const names = new Set<string>();
  for (const partition of state.partitions.values()) {
    const here = partition.tablets.some(({ replicas }) => replicas.some((replica) => replica.backendId === backendId));
    if (partition.replicationNum === 1 && here) names.add(qualifiedName(state, partition.tableId));
  }
  return [...names].filter((name) => !name.startsWith('_statistics_.'));
}

function qualifiedName(state: ClusterState, tableId: number): string {
  const table = state.tables.get(String(tableId));
  return `${state.databases.get(String(table?.dbId))?.name}.${table?.name}`;
}

/** Refuses a replication number that the available backends cannot give. */
export function requireBackends(
  release: Release,
  state: ClusterState,
  need: { replicationNum: number; table: string },
): void {
  const available = availableBackends(state).map(({ id }) => id);
  if (need.replicationNum <= available.length) return;
  const text =
    'BE nodes. You can change this default by setting the replication_num table properties. ' +
    `Current alive backend is [${available.sort((a, b) => a - b).join(',')}].`;
  if (release.atLeast(3, 3))
    throw analysisError(`Table replication num should be less than of equal to the number of available ${text}`);
  throw executionError(
    release,
    `Table replication num should be less than or equal to the number of available ${text} `,
  );
}

type Choice = {
  readonly candidates: readonly Worker[];
  /** Where the tablet's other replicas are. */
  readonly taken: readonly Worker[];
  /** Replicas by backend id. */
  readonly load: ReadonlyMap<number, number>;
};

/** The best place for one more replica: in a location of its own where locations are set, then the emptiest. */
export function chooseBackend({ candidates, taken, load }: Choice): Worker | null {
  const crowding = (one: Worker) => Number(taken.some((other) => sharesLocation(one, other)));
  const loadOf = (one: Worker) => load.get(one.id) ?? 0;
  const free = candidates.filter((one) => !taken.some(({ id }) => id === one.id));
  const sorted = free.sort((a, b) => crowding(a) - crowding(b) || loadOf(a) - loadOf(b) || a.id - b.id);
  return sorted[0] ?? null;
}

/** Two backends that fail together as far as `labels.location` tells; without a label nothing is known. */
export function sharesLocation(one: Worker, other: Worker): boolean {
  return one.location !== '' && one.location === other.location;
}

/** New tablets, their replicas spread over the locations, and so that the emptiest backends get them first. */
export function placeTablets(
  state: ClusterState,
  ids: Ids,
  want: {
    buckets: number;
    replicationNum: number;
    /** The backends of each bucket, where a colocation group has settled that. */
    places?: readonly (readonly number[])[] | null;
  },
): Tablet[] {
  const load = replicaCounts(state);
  const candidates = availableBackends(state);
  return Array.from({ length: want.buckets }, (_, bucket) => {
    const settled = want.places?.[bucket] ?? [];
    const taken: Worker[] = settled.flatMap((id) => state.workers.get(String(id)) ?? []);
    while (taken.length < want.replicationNum) {
      const chosen = chooseBackend({ candidates, taken, load });
      if (chosen === null) break;
      taken.push(chosen);
      load.set(chosen.id, (load.get(chosen.id) ?? 0) + 1);
    }
    const replicas = taken.map(({ id: backendId }): Replica => {
      return { id: ids.next(), backendId, version: 1, lastFailedVersion: -1, bad: false };
    });
    return { id: ids.next(), replicas };
  });
}
