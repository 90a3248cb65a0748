import type { FrontendContext } from '../context.ts';
import {
  type Change,
  type ClusterState,
  change,
  type Database,
  type Partition,
  type Recycled,
  type Table,
} from '../meta/state.ts';
import { partitionsOf } from './placement.ts';
import { dropReplicas } from './tablets.ts';

/** Whatever is asked for, the real one erases nothing before. */
const shortestStayMs = 600_000;

type Drop = { readonly now: number; readonly force: boolean };

/** Takes a table out of its database; without FORCE it lies in the bin with all its tablets. The partitions to erase at once. */
export function dropTableChanges(state: ClusterState, table: Table, { now, force }: Drop) {
  const partitions = partitionsOf(state, table.id);
  const changes: Change[] = [
    change('tables', table.id, null),
    ...partitions.map((one) => change('partitions', one.id, null)),
  ];
  if (force) return { changes, erase: partitions };
  const entry: Recycled = { kind: 'TABLE', id: table.id, dbId: table.dbId, table, partitions, at: now };
  return { changes: [...changes, change('recycled', entry.id, entry)], erase: [] };
}

/** The same for a database with all its tables. */
export function dropDatabaseChanges(state: ClusterState, db: Database, tables: readonly Table[], drop: Drop) {
  const dropped = tables.map((table) => dropTableChanges(state, table, drop));
  const entry: Recycled = { kind: 'DATABASE', id: db.id, dbId: db.id, db, partitions: [], at: drop.now };
  const changes: Change[] = [
    change('databases', db.id, null),
    change('jobs', db.id, null),
    ...dropped.flatMap((one) => one.changes),
    ...(drop.force ? [] : [change('recycled', entry.id, entry)]),
  ];
  return { changes, erase: dropped.flatMap((one) => one.erase) };
}

export function dropPartitionChanges(table: Table, partition: Partition, { now, force }: Drop) {
  const changes: Change[] = [change('partitions', partition.id, null)];
  if (force) return { changes, erase: [partition] };
  const { id } = partition;
  const entry: Recycled = {
    kind: 'PARTITION',
    id,
    dbId: table.dbId,
    tableId: table.id,
    partitions: [partition],
    at: now,
  };
  return { changes: [...changes, change('recycled', id, entry)], erase: [] };
}

/** The partitions of all tables and, after them, those in the bin: backends hold the tablets of both. */
export function* allPartitions(state: ClusterState): Generator<Partition> {
  yield* state.partitions.values();
  for (const { partitions } of state.recycled.values()) yield* partitions;
}

/** A partition wherever it is by now. */
export function findPartition(state: ClusterState, id: number): Partition | null {
  const live = state.partitions.get(String(id));
  if (live !== undefined) return live;
  for (const { partitions } of state.recycled.values()) {
    const found = partitions.find((one) => one.id === id);
    if (found !== undefined) return found;
  }
  return null;
}

/** Puts the next value of a partition where the partition is. */
export function changePartition(state: ClusterState, next: Partition): Change[] {
  if (state.partitions.has(String(next.id))) return [change('partitions', next.id, next)];
  const entry = [...state.recycled.values()].find(({ partitions }) => partitions.some(({ id }) => id === next.id));
  if (entry === undefined) return [];
  const partitions = entry.partitions.map((one) => (one.id === next.id ? next : one));
  return [change('recycled', entry.id, { ...entry, partitions })];
}

/** The newest thing in the bin that fits: an older one of the same name is not to be had any more. */
export function findRecycled(state: ClusterState, isIt: (entry: Recycled) => boolean): Recycled | null {
  const found = [...state.recycled.values()].filter(isIt);
  return found.sort((a, b) => b.at - a.at || b.id - a.id)[0] ?? null;
}

/** What has lain in the bin for `catalog_trash_expire_second` is erased, its files as well. */
export async function eraseExpired(fe: FrontendContext): Promise<void> {
  if (!fe.group.isLeader || fe.group.state.recycled.size === 0) return;
  const stayMs = Math.max(fe.config.number('catalog_trash_expire_second') * 1000, shortestStayMs);
  const isExpired = ({ at }: Recycled) => Date.now() - at > fe.pace.ms(stayMs);
  const erased = await fe.group.update((state) => {
    const expired = [...state.recycled.values()].filter(isExpired);
    return { changes: expired.map(({ id }) => change('recycled', id, null)), value: expired };
  });
  await dropReplicas(
    fe,
    erased.flatMap(({ partitions }) => partitions),
  );
}
