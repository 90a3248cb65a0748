import { isSame, partsByName } from '../backup/changes.ts';
import type { BackupContent, BackupObject, DatabaseState, TableState } from '../backup/content.ts';

/** A table or a part of it that no backup of the chain holds as it was: nothing is restored in its place. */
export type Hole = { readonly table: string; readonly partition: string | null; readonly why: string };

export type Selection = {
  /** What is restored from each, in this order. What stands in one is in no other. */
  readonly full: readonly BackupObject[];
  readonly incremental: readonly BackupObject[];
  /** How the tables and views that are restored were at the moment, and so have to be afterwards. */
  readonly tables: readonly TableState[];
  /** Tables of which each backup brings some partitions. */
  readonly split: readonly string[];
  /** Materialized views that stood there; they are never restored, since a restored one reads other tables than before. */
  readonly leftOut: readonly string[];
  readonly holes: readonly Hole[];
  /** What was asked for and did not stand there. */
  readonly unknown: readonly string[];
};

type Question = {
  readonly full: BackupContent;
  /** Null = the full backup alone. One without a snapshot holds nothing, and says which tables were left. */
  readonly incremental: BackupContent | null;
  /** Null = everything. */
  readonly tables: readonly string[] | null;
};

/**
 * What has to be taken from a full backup and from the incremental one that is based on it, so that both give the database
 * of the incremental one's moment, table by table and partition by partition: tables that were dropped in between do not come
 * back, and of a partition that was written since the older data are not even read. What neither holds is a hole.
 */
export function selectObjects({ full, incremental, tables }: Question): Selection {
  const moment = (incremental ?? full).database;
  const stood = byName(moment);
  const wanted = tables === null ? moment.tables : tables.flatMap((name) => stood.get(name) ?? []);
  const held = { full: byName(full.held), incremental: byName(incremental?.held ?? { tables: [] }) };
  const shapes = byName(full.database);
  const parts = wanted.filter(isRestored).map((table) =>
    partOf(table, {
      full: held.full.get(table.name),
      shape: shapes.get(table.name),
      incremental: held.incremental.get(table.name),
      isAlone: incremental === null,
    }),
  );
  const named = (side: 'full' | 'incremental') =>
    parts.flatMap((part) => {
      const of = held[side].get(part.table.name);
      const isSplit = part.full !== null && part.incremental !== null;
      return of === undefined || part[side] === null ? [] : [objectOf(of, part[side], { isSplit })];
    });
  return {
    full: named('full'),
    incremental: named('incremental'),
    tables: parts.map(({ table }) => table),
    split: parts.filter((part) => part.full !== null && part.incremental !== null).map(({ table }) => table.name),
    leftOut: wanted.filter((table) => !isRestored(table)).map(({ name }) => name),
    holes: parts.flatMap(({ holes }) => holes),
    unknown: (tables ?? []).filter((name) => !stood.has(name)),
  };
}

function isRestored({ type }: TableState): boolean {
  return type === 'TABLE' || type === 'VIEW';
}

type Sides = {
  readonly full: TableState | undefined;
  readonly shape: TableState | undefined;
  readonly incremental: TableState | undefined;
  readonly isAlone: boolean;
};

/** Names of partitions from each side; null = nothing of the table comes from there. */
type Part = {
  readonly table: TableState;
  readonly full: readonly string[] | null;
  readonly incremental: readonly string[] | null;
  readonly holes: readonly Hole[];
};

function partOf(table: TableState, { full, shape, incremental, isAlone }: Sides): Part {
  const none = { full: null, incremental: null, holes: [] };
  const hole = (why: string, partition: string | null = null): Hole => ({ table: table.name, partition, why });
  const names = [...partsByName(table.partitions).keys()];
  if (incremental !== undefined && incremental.type !== table.type)
    return { table, ...none, holes: [hole('the incremental backup holds something else under this name')] };
  const newer = new Set(incremental === undefined ? [] : partsByName(incremental.partitions).keys());
  const rest = names.filter((name) => !newer.has(name));
  const isWhole = incremental !== undefined && rest.length === 0;
  if (isWhole) return { table, ...none, incremental: names };
  if (full === undefined || full.type !== table.type) return { table, ...none, holes: [hole('no backup holds it')] };
  // A full backup by itself is its own moment: what it holds is what it was, also where no version is known.
  const why = isAlone ? null : whyNotOf(table, { full, shape });
  if (why !== null) return { table, ...none, holes: [hole(why)] };
  const [older, now] = [partsByName(full.partitions), partsByName(table.partitions)];
  const lost = rest.filter((name) => {
    const before = older.get(name);
    return isAlone ? before === undefined : !isSame(before, now.get(name) ?? []);
  });
  const holes = lost.map((name) => hole('no backup holds it as it was', name));
  const newest = names.filter((name) => newer.has(name));
  return { table, full: rest, incremental: newest.length === 0 ? null : newest, holes };
}

/** Why the table of the full backup is another one than that of the moment; null = it is the same. */
function whyNotOf(table: TableState, { full, shape }: { full: TableState; shape: TableState | undefined }) {
  if (table.schema === null || shape?.schema !== table.schema)
    return 'it was built in another way since the full backup';
  if (table.type === 'VIEW') return null;
  return table.id === null || full.id !== table.id ? 'it is another table than that of the full backup' : null;
}

/** A whole table is asked for without names, since a table without partitions has none. */
function objectOf(held: TableState, partitions: readonly string[], { isSplit }: { isSplit: boolean }): BackupObject {
  const isAll = !isSplit && partsByName(held.partitions).size === partitions.length;
  return { type: held.type, name: held.name, partitions: isAll ? null : partitions };
}

function byName({ tables }: DatabaseState): ReadonlyMap<string, TableState> {
  return new Map(tables.map((table) => [table.name, table]));
}
