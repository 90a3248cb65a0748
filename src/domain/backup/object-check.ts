import { count } from '../words.ts';
import type { ManifestEntry, ManifestPartition, ManifestTablet } from './manifest.ts';
import { addLanes, digestOf, type Lanes, lanesOf, type ObjectSums, type PartitionSum } from './object-sums.ts';

/** What an object under `__ss_<snapshot>/` is, by its key behind that. */
export type Role =
  /** Belongs to the snapshot, and its content has this MD5 if it is what was written. */
  | { readonly role: 'held'; readonly md5: string; readonly where: string }
  /** Does not belong to it; an upload that was broken off leaves such objects. */
  | { readonly role: 'extra' };

/** Something that is wrong with the objects of a snapshot; `where` names table and partition. */
export type ObjectProblem = { readonly where: string; readonly what: string };

export type Seen = {
  /** Of the snapshot. */
  readonly objects: number;
  readonly bytes: number;
  /** What does not belong to it: the first few keys, and how many there are. */
  readonly extra: readonly string[];
  readonly extras: number;
};

export type ObjectCheck = {
  /** All entries of the manifest come before the first object. */
  expect(entry: ManifestEntry): void;
  see(object: { readonly key: string; readonly size: number }): Role;
  /** The tablets of which other objects are there than the manifest names: some are missing, or there are more. */
  differing(): readonly number[];
  /** The directory in which the objects of a tablet lie, behind `__ss_<snapshot>/`. */
  directoryOf(tablet: number): string;
  whereOf(tablet: number): string;
  /** What is wrong without looking at names: tablets of which nothing is there, and objects of the snapshot itself. */
  problems(): readonly ObjectProblem[];
  /** Of the partitions for which the manifest does not name the files. */
  sums(): ObjectSums;
  readonly seen: Seen;
  /** Where a physical partition is, for people. */
  whereIsPartition(id: number): string;
  /** True when the manifest names the files of every tablet. */
  namesFiles(): boolean;
};

const contentKey = /^__ss_content\/__db_(\d+)\/__tbl_(\d+)\/__part_(\d+)\/__idx_(\d+)\/__(\d+)\/([^/]+)$/;
const checkedName = /^(.+)\.([0-9a-f]{32})$/;
const namedExtras = 5;
const namedProblems = 20;
const itself = 'the snapshot itself';

type Tablet = {
  readonly partition: Partition;
  readonly indexId: number;
  /** Null = the manifest names no files. */
  readonly wanted: (Lanes & { readonly files: number; readonly byName: boolean }) | null;
  readonly found: Lanes & { files: number };
  hasHeader: boolean;
};

type Partition = {
  readonly id: number;
  readonly name: string;
  readonly table: Table;
  readonly sum: Sum;
  /** Whether the manifest names the files of all its tablets, so that nothing has to be remembered of them. */
  readonly isNamed: boolean;
};
type Table = { readonly name: string; id: number | null };
type Sum = Lanes & { objects: number; bytes: number };

/**
 * Compares the objects of a snapshot with its manifest, with so much memory for each tablet and partition and none for each
 * object. Reads nothing itself.
 */
export function createObjectCheck({ timestamp }: { readonly timestamp: string }): ObjectCheck {
  const tablets = new Map<number, Tablet>();
  const partitions: Partition[] = [];
  const extra: string[] = [];
  const seen = { objects: 0, bytes: 0, extra, extras: 0 };
  const ownObjects = { meta: 0, manifest: 0 };
  const twice: ObjectProblem[] = [];
  let databaseId: number | null = null;
  let table: Table | null = null;

  const tableNamed = (name: string): Table => {
    if (table?.name !== name) table = { name, id: null };
    return table;
  };
  const tablet = (id: number): Tablet => {
    const known = tablets.get(id);
    if (known === undefined) throw new Error(`tablet ${id} is not in the manifest`);
    return known;
  };
  const expectPartition = (entry: ManifestPartition) => {
    const sum = { objects: 0, bytes: 0, high: 0, low: 0 };
    const partition: Partition = {
      id: entry.id,
      name: entry.name,
      table: tableNamed(entry.table),
      sum,
      isNamed: entry.tablets.every(({ files }) => files !== null),
    };
    partitions.push(partition);
    for (const each of entry.tablets) {
      if (tablets.has(each.id)) twice.push({ where: whereIs(partition), what: `tablet ${each.id} stands there twice` });
      tablets.set(each.id, newTablet(each, partition));
    }
  };
  const addUp = (sum: Sum, { key, size }: { key: string; size: number }) => {
    seen.objects += 1;
    seen.bytes += size;
    sum.objects += 1;
    sum.bytes += size;
    addLanes(sum, lanesOf(`${size} ${key}`));
  };
  const asExtra = (key: string): Role => {
    seen.extras += 1;
    if (extra.length < namedExtras) extra.push(key);
    return { role: 'extra' };
  };

  return {
    expect: (entry) => {
      switch (entry.kind) {
        case 'partition':
          return expectPartition(entry);
        case 'table':
          tableNamed(entry.name).id = entry.id;
          table = null;
          return;
        case 'snapshot':
          databaseId = entry.databaseId;
          return;
        default:
          return entry satisfies never;
      }
    },
    see: (object) => {
      const parts = checkedName.exec(object.key);
      if (parts === null) return asExtra(object.key);
      const [, name = '', md5 = ''] = parts;
      if (name === '__meta' || name === `__info_${timestamp}`) {
        ownObjects[name === '__meta' ? 'meta' : 'manifest'] += 1;
        seen.objects += 1;
        seen.bytes += object.size;
        return { role: 'held', md5, where: itself };
      }
      const held = placeOf(name, { tablets, databaseId });
      if (held === null) return asExtra(object.key);
      addUp(held.tablet.partition.sum, object);
      held.tablet.found.files += 1;
      addLanes(held.tablet.found, lanesOf(held.tablet.wanted?.byName ? held.file : `${held.file}.${md5}`));
      if (isHeader(held.file)) held.tablet.hasHeader = true;
      return { role: 'held', md5, where: whereIs(held.tablet.partition) };
    },
    differing: () =>
      [...tablets].flatMap(([id, { wanted, found }]) =>
        wanted === null || (found.files === wanted.files && digestOf(found) === digestOf(wanted)) ? [] : [id],
      ),
    directoryOf: (id) => {
      const { partition, indexId } = tablet(id);
      return `__ss_content/__db_${databaseId}/__tbl_${partition.table.id}/__part_${partition.id}/__idx_${indexId}/__${id}/`;
    },
    whereOf: (id) => whereIs(tablet(id).partition),
    whereIsPartition: (id) => {
      const partition = partitions.find((each) => each.id === id);
      return partition === undefined ? `physical partition ${id}` : whereIs(partition);
    },
    problems: () => [
      ...twice,
      ...(ownObjects.meta === 1 ? [] : [wrongOwn('__meta', ownObjects.meta)]),
      ...(ownObjects.manifest === 1 ? [] : [wrongOwn(`__info_${timestamp}`, ownObjects.manifest)]),
      ...emptyTablets(tablets),
    ],
    sums: () => new Map(partitions.filter(({ isNamed }) => !isNamed).map(({ id, sum }) => [id, toSum(sum)] as const)),
    seen,
    namesFiles: () => partitions.every(({ isNamed }) => isNamed),
  };
}

/**
 * Where the objects are others than those that were remembered. `unclear` = there are more, so that it cannot be said
 * whether one of those is missing.
 */
export function comparedWithRemembered(
  now: ObjectSums,
  before: ObjectSums,
  whereOf: (partition: number) => string,
): { readonly problems: readonly ObjectProblem[]; readonly unclear: readonly ObjectProblem[] } {
  const problems: ObjectProblem[] = [];
  const unclear: ObjectProblem[] = [];
  for (const [id, was] of before) {
    const is = now.get(id);
    if (is !== undefined && is.digest === was.digest && is.objects === was.objects && is.bytes === was.bytes) continue;
    const where = whereOf(id);
    const then = `${count(was.objects, 'object')} of together ${was.bytes} bytes when it was first verified`;
    if (is === undefined) problems.push({ where, what: `not in the manifest any more; ${then}` });
    else if (is.objects > was.objects) unclear.push({ where, what: `${count(is.objects, 'object')}, and ${then}` });
    else problems.push({ where, what: `${count(is.objects, 'object')} of together ${is.bytes} bytes, and ${then}` });
  }
  return { problems, unclear };
}

function newTablet({ files, indexId }: ManifestTablet, partition: Partition): Tablet {
  const found = { files: 0, high: 0, low: 0 };
  if (files === null) return { partition, indexId, wanted: null, found, hasHeader: false };
  const byName = files.some(({ md5 }) => md5 === null);
  const lanes: Lanes = { high: 0, low: 0 };
  for (const { name, md5 } of files) addLanes(lanes, lanesOf(byName ? name : `${name}.${md5}`));
  return { partition, indexId, wanted: { ...lanes, files: files.length, byName }, found, hasHeader: false };
}

/** The tablet that a key without its checksum belongs to; null = none, or another one than its directories say. */
function placeOf(
  key: string,
  { tablets, databaseId }: { tablets: ReadonlyMap<number, Tablet>; databaseId: number | null },
): { readonly tablet: Tablet; readonly file: string } | null {
  const [, database, table, partition, index, id, file = ''] = contentKey.exec(key) ?? [];
  const tablet = tablets.get(Number(id));
  if (tablet === undefined || Number(database) !== databaseId || Number(index) !== tablet.indexId) return null;
  return Number(table) === tablet.partition.table.id && Number(partition) === tablet.partition.id
    ? { tablet, file }
    : null;
}

/** Every tablet has one: `<tablet>.hdr`, or `meta` where the table has a primary key. */
function isHeader(file: string): boolean {
  return file.endsWith('.hdr') || file === 'meta';
}

function emptyTablets(tablets: ReadonlyMap<number, Tablet>): ObjectProblem[] {
  const problems: ObjectProblem[] = [];
  for (const [id, { partition, found, wanted, hasHeader }] of tablets) {
    if (found.files === 0) problems.push({ where: whereIs(partition), what: `nothing of tablet ${id} is there` });
    // Where files are named, the missing header is found by its name.
    else if (wanted === null && !hasHeader)
      problems.push({ where: whereIs(partition), what: `tablet ${id} has no header` });
    if (problems.length > namedProblems) break;
  }
  return problems;
}

function wrongOwn(name: string, found: number): ObjectProblem {
  return { where: itself, what: `${found === 0 ? 'no' : found} ${name} where there has to be one` };
}

function toSum({ objects, bytes, ...lanes }: Sum): PartitionSum {
  return { objects, bytes, digest: digestOf(lanes) };
}

function whereIs({ name, table }: Pick<Partition, 'name' | 'table'>): string {
  return name === table.name ? table.name : `${table.name}, partition ${name}`;
}
