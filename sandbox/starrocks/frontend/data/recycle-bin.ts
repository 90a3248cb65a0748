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
  return { changes: [...changes, ...put(state, entry)], erase: [] };
}

/** The same for a database with all its tables. FORCE is for these: the database itself can be had back, as recorded. */
export function dropDatabaseChanges(state: ClusterState, db: Database, tables: readonly Table[], drop: Drop) {
  const dropped = tables.map((table) => dropTableChanges(state, table, drop));
  const entry: Recycled = { kind: 'DATABASE', id: db.id, dbId: db.id, db, partitions: [], at: drop.now };
  const changes: Change[] = [
    change('databases', db.id, null),
    change('jobs', db.id, null),
    ...dropped.flatMap((one) => one.changes),
    ...put(state, entry),
  ];
  return { changes, erase: dropped.flatMap((one) => one.erase) };
}

export function dropPartitionChanges(state: ClusterState, table: Table, partition: Partition, { now, force }: Drop) {
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
  return { changes: [...changes, ...put(state, entry)], erase: [] };
}

/** Of equal names only the one that was dropped last can be had back. */
function put(state: ClusterState, entry: Recycled): Change[] {
  const twins = [...state.recycled.values()].filter(
    (one) => one.kind === entry.kind && one.lost !== true && nameOf(one) === nameOf(entry),
  );
  return [
    ...twins.map((one) => change('recycled', one.id, { ...one, lost: true })),
    change('recycled', entry.id, entry),
  ];
}

function nameOf({ kind, dbId, db, table, tableId, partitions }: Recycled): string {
  if (kind === 'DATABASE') return db?.name ?? '';
  return kind === 'TABLE' ? `${dbId}.${table?.name}` : `${tableId}.${partitions[0]?.name}`;
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

/** What can be had back. */
export function findRecycled(state: ClusterState, isIt: (entry: Recycled) => boolean): Recycled | null {
  return [...state.recycled.values()].find((entry) => entry.lost !== true && isIt(entry)) ?? null;
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
