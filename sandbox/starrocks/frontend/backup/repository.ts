import { md5, type ObjectStore, splitChecksum } from '../../object-store.ts';
import { formatTime } from '../../pace.ts';
import type { Partition, Repository, Table } from '../meta/state.ts';

/** `__meta` of a snapshot: the tables as they were. */
export type SnapshotMeta = { tables: { table: Table; partitions: Partition[] }[] };
/** `__info_<timestamp>`: what SHOW SNAPSHOT and RESTORE read; `tablets` lists the files of every tablet. */
export type SnapshotInfo = {
  name: string;
  database: string;
  id: number;
  backup_time: number;
  backup_objects: Record<string, { id: number; partitions: Record<string, SnapshotPartition> }>;
  meta_version: number;
  starrocks_meta_version: number;
  backup_result: 'succeed';
};
export type SnapshotPartition = {
  id: number;
  version: number;
  indexes: Record<string, { id: number; schema_hash: number; tablets: Record<string, string[]> }>;
};

const infoPrefix = '__info_';
const snapshotPrefix = '__ss_';

/** The directory of a repository in its store. Very old repositories have the other name and keep it. */
export function repositoryRoot(store: ObjectStore, { location, name }: Pick<Repository, 'location' | 'name'>): string {
  const base = location.replace(/\/+$/, '');
  const old = `${base}/__palo_repository_${name}`;
  return store.read(`${old}/__repo_info`) ? old : `${base}/__starrocks_repository_${name}`;
}

/** Takes over what the store already knows under this name, or writes the file of a new repository. */
export function connectRepository(store: ObjectStore, repository: Repository): Repository {
  const root = repositoryRoot(store, repository);
  const file = `${root}/__repo_info`;
  store.list(root);
  const known = store.read(file);
  if (!known) {
    store.write(file, JSON.stringify({ name: repository.name, create_time: formatTime(repository.createdAt) }));
    return repository;
  }
  const { name, create_time: createdAt } = JSON.parse(known.toString('utf8'));
  return { ...repository, name: String(name), createdAt: new Date(String(createdAt).replace(' ', 'T')).getTime() };
}

export function listSnapshots(store: ObjectStore, repository: Repository): string[] {
  const names = store.list(repositoryRoot(store, repository)).filter((name) => name.startsWith(snapshotPrefix));
  return names.map((name) => name.slice(snapshotPrefix.length));
}

export function snapshotRoot(store: ObjectStore, repository: Repository, snapshot: string): string {
  return `${repositoryRoot(store, repository)}/${snapshotPrefix}${snapshot}`;
}

/** The timestamps under which a snapshot can be restored: one for every complete `__info_` file. */
export function snapshotTimestamps(store: ObjectStore, repository: Repository, snapshot: string): string[] {
  const files = store.list(snapshotRoot(store, repository, snapshot));
  return files.flatMap((file) => {
    const name = splitChecksum(file)?.name;
    return name?.startsWith(infoPrefix) ? [name.slice(infoPrefix.length)] : [];
  });
}

export function readSnapshotInfo(
  store: ObjectStore,
  repository: Repository,
  at: { snapshot: string; timestamp: string },
): SnapshotInfo {
  const name = `${infoPrefix}${at.timestamp}`;
  const root = snapshotRoot(store, repository, at.snapshot);
  const files = store.list(root).filter((file) => splitChecksum(file)?.name === name);
  if (files.length !== 1) throw new Error(`Expected one file with path: ${root}/${name}. get: ${files.length}`);
  return JSON.parse(readChecked(store, root, files[0] ?? ''));
}

export function readSnapshotMeta(store: ObjectStore, repository: Repository, snapshot: string): SnapshotMeta {
  const root = snapshotRoot(store, repository, snapshot);
  const file = store.list(root).find((name) => splitChecksum(name)?.name === '__meta');
  if (file === undefined) throw new Error(`Expected one file with path: ${root}/__meta. get: 0`);
  return JSON.parse(readChecked(store, root, file));
}

/** The last act of a backup: the snapshot exists from the moment the info file does. */
export function writeSnapshot(
  store: ObjectStore,
  repository: Repository,
  { info, meta }: { info: SnapshotInfo; meta: SnapshotMeta },
): void {
  const root = snapshotRoot(store, repository, info.name);
  const metaText = JSON.stringify(meta);
  store.write(`${root}/__meta.${md5(metaText)}`, metaText);
  const infoText = JSON.stringify(info);
  store.write(`${root}/${infoPrefix}${snapshotStamp(info.backup_time)}.${md5(infoText)}`, infoText);
}

export function tabletLocation(
  root: string,
  ids: { dbId: number; tableId: number; partitionId: number; indexId: number; tabletId: number },
): string {
  const { dbId, tableId, partitionId, indexId, tabletId } = ids;
  return `${root}/__ss_content/__db_${dbId}/__tbl_${tableId}/__part_${partitionId}/__idx_${indexId}/__${tabletId}`;
}

/** `yyyy-MM-dd-HH-mm-ss-SSS` in the time zone of the leader. */
function snapshotStamp(ms: number): string {
  return `${formatTime(ms).replace(/[ :]/g, '-')}-${String(ms % 1000).padStart(3, '0')}`;
}

function readChecked(store: ObjectStore, root: string, file: string): string {
  const content = store.read(`${root}/${file}`);
  if (!content || md5(content) !== splitChecksum(file)?.checksum)
    throw new Error(`md5 of ${root}/${file} does not match`);
  return content.toString('utf8');
}
