import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Disk, Rowset, TabletSchema } from '../contracts.ts';
import type { Cell } from '../mysql/packets.ts';
import { md5 } from '../object-store.ts';

/**
 * The tablets of one backend as files: `<root>/data/<shard>/<tablet>/<schema hash>/<version>.dat`, one JSON row a
 * line, and a header file with the schema. Version 1 is the empty tablet and has no file.
 */
export type Storage = {
  roots: string[];
  createTablet(schema: TabletSchema): void;
  dropTablet(tabletId: number): void;
  tablets(): { tabletId: number; version: number }[];
  schema(tabletId: number): TabletSchema;
  write(tabletId: number, rowset: Rowset): number;
  rowsets(tabletId: number, upTo: number): Rowset[];
  /** The rows at a version, merged by key where the table has a key that merges. */
  scan(tabletId: number, version: number): Cell[][];
  replaceRowsets(schema: TabletSchema, rowsets: Rowset[]): void;
  makeSnapshot(tabletId: number, version: number, timeoutSeconds: number): { path: string; files: string[] };
  tabletDir(tabletId: number): string;
  usage(): Disk[];
  /** Looks whether each path is there; one that is not is put aside and loses its tablets. Answers those. */
  checkRoots(): readonly string[];
};

type Options = {
  roots: string[];
  /** By the root. */
  media: ReadonlyMap<string, 'HDD' | 'SSD'>;
  capacityBytes: number;
  /** What is left of each disk when others have taken theirs, data included; null = all but `otherBytes`. */
  crowdedBytes: (root: string) => number | null;
  otherBytes: number;
  /** Throws when the disk is to be full. */
  beforeWrite: (root: string) => void;
};

const headerName = 'tablet.hdr';

function rootOf(tabletDir: string): string {
  return tabletDir.slice(0, tabletDir.lastIndexOf('/data/'));
}

export function openStorage({ roots, media, capacityBytes, crowdedBytes, otherBytes, beforeWrite }: Options): Storage {
  const places = new Map<number, { dir: string; schema: TabletSchema }>();
  const broken = new Set<string>();
  for (const root of roots) {
    for (const name of ['data', 'snapshot', 'trash', 'clone', 'tmp', 'persistent', 'meta']) {
      mkdirSync(join(root, name), { recursive: true });
    }
    for (const dir of tabletDirs(root)) {
      const schema: TabletSchema = JSON.parse(readFileSync(join(dir, headerName), 'utf8'));
      places.set(schema.tabletId, { dir, schema });
    }
  }
  let snapshots = 0;
  const readRows = createRowCache();
  const used = createSizeCache();

  const place = (tabletId: number) => {
    const found = places.get(tabletId);
    if (!found) throw new Error(`Not Found tablet:${tabletId}`);
    return found;
  };
  const storage: Storage = {
    roots,
    createTablet(schema) {
      if (places.has(schema.tabletId)) return;
      const sound = roots.filter((path) => !broken.has(path));
      const root = sound[schema.tabletId % sound.length] ?? '';
      beforeWrite(root);
      const dir = join(
        root,
        'data',
        String(schema.tabletId % 1024),
        String(schema.tabletId),
        String(schema.schemaHash),
      );
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, headerName), JSON.stringify(schema));
      places.set(schema.tabletId, { dir, schema });
    },
    dropTablet(tabletId) {
      const found = places.get(tabletId);
      if (!found) return;
      places.delete(tabletId);
      rmSync(join(found.dir, '..'), { recursive: true, force: true });
    },
    tablets: () => [...places].map(([tabletId, { dir }]) => ({ tabletId, version: versionsIn(dir).at(-1) ?? 1 })),
    schema: (tabletId) => place(tabletId).schema,
    write(tabletId, { version, rows }) {
      const { dir } = place(tabletId);
      const have = versionsIn(dir).filter((one) => one < version).length + 1;
      if (have !== version - 1) throw new Error(`tablet ${tabletId} misses versions before ${version}`);
      beforeWrite(rootOf(dir));
      const content = encodeRows(rows);
      writeFileSync(join(dir, `${version}.tmp`), content);
      renameSync(join(dir, `${version}.tmp`), join(dir, `${version}.dat`));
      return Buffer.byteLength(content);
    },
    rowsets(tabletId, upTo) {
      const { dir } = place(tabletId);
      const versions = versionsIn(dir).filter((version) => version <= upTo);
      if (versions.length !== upTo - 1) throw new Error(`version already been merged or missing, tablet: ${tabletId}`);
      return versions.map((version) => ({ version, rows: readRows(join(dir, `${version}.dat`)) }));
    },
    scan(tabletId, version) {
      const rows = storage.rowsets(tabletId, version).flatMap((rowset) => rowset.rows);
      return mergeRows(rows, place(tabletId).schema.mergeKeys);
    },
    replaceRowsets(schema, rowsets) {
      storage.createTablet(schema);
      const { dir } = place(schema.tabletId);
      beforeWrite(rootOf(dir));
      for (const version of versionsIn(dir)) rmSync(join(dir, `${version}.dat`));
      for (const { version, rows } of rowsets) writeFileSync(join(dir, `${version}.dat`), encodeRows(rows));
    },
    makeSnapshot(tabletId, version, timeoutSeconds) {
      const { dir, schema } = place(tabletId);
      storage.rowsets(tabletId, version);
      const root = rootOf(dir);
      beforeWrite(root);
      const path = join(
        root,
        'snapshot',
        `${snapshotStamp()}.${snapshots++}.${timeoutSeconds}`,
        String(tabletId),
        String(schema.schemaHash),
      );
      mkdirSync(path, { recursive: true });
      const files = [
        headerName,
        ...versionsIn(dir)
          .filter((one) => one <= version)
          .map((one) => `${one}.dat`),
      ];
      for (const file of files) copyFileSync(join(dir, file), join(path, file));
      return { path, files };
    },
    tabletDir: (tabletId) => place(tabletId).dir,
    usage: () =>
      roots.map((path) => {
        const usedBytes = broken.has(path) ? 0 : used(join(path, 'data'));
        const availableBytes = Math.max(0, crowdedBytes(path) ?? capacityBytes - otherBytes - usedBytes);
        const tabletNum = [...places.values()].filter(({ dir }) => dir.startsWith(`${path}/`)).length;
        const common = { path, totalBytes: capacityBytes, availableBytes, usedBytes, pathHash: hashPath(path) };
        return { ...common, medium: media.get(path) ?? 'HDD', tabletNum };
      }),
    checkRoots() {
      for (const root of roots) {
        if (existsSync(root)) broken.delete(root);
        else broken.add(root);
        if (!broken.has(root)) continue;
        for (const [tabletId, { dir }] of places) if (dir.startsWith(`${root}/`)) places.delete(tabletId);
      }
      return [...broken];
    },
  };
  return storage;
}

/** Rows of the `.dat` files of a snapshot directory, in version order. */
export function readSnapshot(dir: string): Rowset[] {
  return versionsIn(dir).map((version) => ({
    version,
    rows: decodeRows(readFileSync(join(dir, `${version}.dat`), 'utf8')),
  }));
}

/** The last row of a key wins and stays where the first one was. */
function mergeRows(rows: Cell[][], keys: number[]): Cell[][] {
  if (keys.length === 0) return rows;
  const merged = new Map<string, Cell[]>();
  for (const row of rows) merged.set(JSON.stringify(keys.map((key) => row[key] ?? null)), row);
  return [...merged.values()];
}

/**
 * A table that is written ten times a second soon consists of hundreds of files, and every query reads them all; without
 * compaction this is what keeps it quick. A file is known by its time and number, so one that was replaced is read anew.
 */
function createRowCache(): (file: string) => Cell[][] {
  const known = new Map<string, { stamp: string; rows: Cell[][] }>();
  return (file) => {
    const { ino, mtimeMs, size } = statSync(file);
    const stamp = `${ino} ${mtimeMs} ${size}`;
    const found = known.get(file);
    if (found?.stamp === stamp) return found.rows;
    const rows = decodeRows(readFileSync(file, 'utf8'));
    known.set(file, { stamp, rows });
    return rows;
  };
}

function encodeRows(rows: Cell[][]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function decodeRows(text: string): Cell[][] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

function versionsIn(dir: string): number[] {
  return readdirSync(dir)
    .flatMap((name) => (/^\d+\.dat$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
}

function tabletDirs(root: string): string[] {
  const data = join(root, 'data');
  const children = (dir: string) => (existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : []);
  return children(data)
    .flatMap(children)
    .flatMap(children)
    .filter((dir) => existsSync(join(dir, headerName)));
}

/**
 * Each heartbeat tells the sizes of the disks. With ten thousand tablets the walk through them takes longer than a heartbeat may, so it is
 * done again only after twenty times as long as it took.
 */
function createSizeCache(): (dir: string) => number {
  const known = new Map<string, { bytes: number; goodUntil: number }>();
  return (dir) => {
    const startedAt = performance.now();
    const found = known.get(dir);
    if (found !== undefined && startedAt < found.goodUntil) return found.bytes;
    const bytes = sizeOf(dir);
    const endedAt = performance.now();
    known.set(dir, { bytes, goodUntil: endedAt + 20 * (endedAt - startedAt) });
    return bytes;
  };
}

function sizeOf(dir: string): number {
  let bytes = 0;
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.endsWith('.dat')) bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}

function hashPath(path: string): string {
  return BigInt.asIntN(64, BigInt(`0x${md5(path).slice(0, 16)}`)).toString();
}

function snapshotStamp(): string {
  return new Date().toISOString().replace(/\D/g, '').slice(0, 14);
}
