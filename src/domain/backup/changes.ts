import type { BackupContent, BackupObject, DatabaseState, PartitionState, TableState } from './content.ts';

/** Why a table, or some of its partitions, are taken by an incremental backup. */
export type ChangeReason = 'NEW' | 'RENAMED' | 'REPLACED' | 'SCHEMA' | 'PARTITIONS' | 'UNKNOWN';

export type Change = { readonly object: BackupObject; readonly because: ChangeReason };

/**
 * What an incremental backup must take, so that it and its base together give the database as it is now: whatever the base
 * does not hold in exactly this form. Everything that is not known counts as changed. Only objects of the given types are
 * looked at. A table with temporary partitions is never among them, because BACKUP refuses it (see `cannotBeTaken`).
 *
 * A renamed or swapped table has its data in the base under another name, where a RESTORE would put them: it is taken whole.
 */
export function changesSince(base: BackupContent, now: DatabaseState): readonly Change[] {
  const held = byName(base.held);
  const known = new Map(base.database.tables.flatMap((table) => (table.id === null ? [] : [[table.id, table.name]])));
  const shapes = byName(base.database);
  return now.tables
    .filter((table) => !hasTemporary(table))
    .flatMap((table) => {
      const before = held.get(table.name);
      const whole = (because: ChangeReason): Change[] => [
        { object: { type: table.type, name: table.name, partitions: null }, because },
      ];
      if (before === undefined) return whole(table.id !== null && known.has(table.id) ? 'RENAMED' : 'NEW');
      if (before.type !== table.type) return whole('REPLACED');
      const shape = shapes.get(table.name);
      if (table.type !== 'TABLE' && table.type !== 'MATERIALIZED_VIEW')
        return table.schema !== null && shape?.schema === table.schema ? [] : whole('SCHEMA');
      if (table.id === null || before.id === null) return whole('UNKNOWN');
      if (table.id !== before.id) return whole(known.has(table.id) ? 'RENAMED' : 'REPLACED');
      if (table.schema === null || shape?.schema !== table.schema) return whole('SCHEMA');
      return changedPartitions(before, table);
    });
}

function changedPartitions(before: TableState, table: TableState): readonly Change[] {
  const held = partsByName(before.partitions);
  const parts = [...partsByName(table.partitions)];
  // A table that lost all its partitions cannot be made of partitions of the base.
  if (parts.length === 0 && held.size > 0)
    return [{ object: { type: table.type, name: table.name, partitions: null }, because: 'PARTITIONS' }];
  const changed = parts.filter(([name, own]) => !isSame(held.get(name), own)).map(([name]) => name);
  if (changed.length === 0) return [];
  const partitions = changed.length === parts.length ? null : changed;
  return [{ object: { type: table.type, name: table.name, partitions }, because: 'PARTITIONS' }];
}

/** Tables that BACKUP refuses: those with temporary partitions, however they are named to it. */
export function cannotBeTaken(state: DatabaseState): readonly string[] {
  return state.tables.filter(hasTemporary).map(({ name }) => name);
}

function hasTemporary({ partitions }: TableState): boolean {
  return partitions.some(({ isTemporary }) => isTemporary);
}

/**
 * The same physical partitions at the same known versions, which became visible at the same time as far as that is known: a
 * version that a RESTORE has set back is reached again with other data.
 */
export function isSame(before: readonly PartitionState[] | undefined, now: readonly PartitionState[]): boolean {
  if (before === undefined || before.length !== now.length) return false;
  const known = new Map(before.map((each) => [each.id, each]));
  return now.every(({ id, version, versionAt }) => {
    const held = known.get(id);
    if (version === null || held?.version !== version) return false;
    return (versionAt ?? null) === null || (held.versionAt ?? null) === null || held.versionAt === versionAt;
  });
}

/** What belongs to a partition's name, temporary partitions left out. */
export function partsByName(partitions: readonly PartitionState[]): Map<string, PartitionState[]> {
  return Map.groupBy(
    partitions.filter(({ isTemporary }) => !isTemporary),
    ({ name }) => name,
  );
}

function byName({ tables }: DatabaseState): Map<string, TableState> {
  return new Map(tables.map((table) => [table.name, table]));
}

/**
 * What is remembered of a backup: what its snapshot holds, and the database of that moment. What was taken stands in it as the
 * snapshot has it; the rest as it was seen just before. A table that was taken in part keeps its other partitions.
 */
export function contentOf(held: DatabaseState, seen: DatabaseState): BackupContent {
  const taken = byName(held);
  const tables = seen.tables.map((table) => {
    const own = taken.get(table.name);
    if (own === undefined) return table;
    // Swapped or made anew between the look and the snapshot.
    if (own.id !== table.id) return own;
    const names = new Set(own.partitions.map(({ name }) => name));
    const rest = table.partitions.filter(({ name, isTemporary }) => isTemporary || !names.has(name));
    return { ...table, partitions: [...rest, ...own.partitions] };
  });
  const known = new Set(seen.tables.map(({ name }) => name));
  return { held, database: { tables: [...tables, ...held.tables.filter(({ name }) => !known.has(name))] } };
}

/** What was asked for and is not in the snapshot, as `table` or `partition p of table`. */
export function missingIn(held: DatabaseState, asked: readonly BackupObject[]): readonly string[] {
  const taken = byName(held);
  return asked.flatMap(({ name, partitions }) => {
    const own = taken.get(name);
    if (own === undefined) return [name];
    const names = new Set(own.partitions.map((partition) => partition.name));
    return (partitions ?? []).filter((each) => !names.has(each)).map((each) => `partition ${each} of ${name}`);
  });
}
