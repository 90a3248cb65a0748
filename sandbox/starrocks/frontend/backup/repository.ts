import { md5, type ObjectStore, type ObjectStores, splitChecksum } from '../../object-store.ts';
import { formatTime } from '../../pace.ts';
import { isLike } from '../format.ts';
import type { Catalog, Partition, Repository, Table } from '../meta/state.ts';
import type { SnapshotInfo } from './manifest.ts';

/** `__meta` of a snapshot: the tables as they were, and catalogs with all their properties, keys in clear included. */
export type SnapshotMeta = { tables: { table: Table; partitions: Partition[] }[]; catalogs: Catalog[] };
const infoPrefix = '__info_';
const snapshotPrefix = '__ss_';

type Place = Pick<Repository, 'location' | 'name' | 'properties'>;

/** The directory of a repository in its store. Very old repositories have the other name and keep it. */
export async function repositoryRoot(stores: ObjectStores, place: Place): Promise<string> {
  const base = place.location.replace(/\/+$/, '');
  const old = `${base}/__palo_repository_${place.name}`;
  const found = await stores.of(place).read(`${old}/__repo_info`);
  return found === null ? `${base}/__starrocks_repository_${place.name}` : old;
}

/** Takes over what the store already knows under this name, or writes the file of a new repository. */
export async function connectRepository(stores: ObjectStores, repository: Repository): Promise<Repository> {
  const store = stores.of(repository);
  const root = await repositoryRoot(stores, repository);
  const file = `${root}/__repo_info`;
  const known = await store.read(file);
  if (!known) {
    await store.write(file, JSON.stringify({ name: repository.name, create_time: formatTime(repository.createdAt) }));
    return repository;
  }
  const { name, create_time: createdAt } = JSON.parse(known.toString('utf8'));
  return { ...repository, name: String(name), createdAt: new Date(String(createdAt).replace(' ', 'T')).getTime() };
}

export async function listSnapshots(stores: ObjectStores, repository: Repository): Promise<string[]> {
  const names = await stores.of(repository).list(await repositoryRoot(stores, repository));
  return names.filter((name) => name.startsWith(snapshotPrefix)).map((name) => name.slice(snapshotPrefix.length));
}

export async function snapshotRoot(stores: ObjectStores, repository: Repository, snapshot: string): Promise<string> {
  return `${await repositoryRoot(stores, repository)}/${snapshotPrefix}${snapshot}`;
}

/** The timestamps under which a snapshot can be restored, one for every `__info_` file. A `*` in the name stands for anything. */
export async function snapshotTimestamps(
  stores: ObjectStores,
  repository: Repository,
  snapshot: string,
): Promise<string[]> {
  const isPattern = snapshot.includes('*');
  const names = isPattern
    ? (await listSnapshots(stores, repository)).filter((name) => isLike(name, snapshot.replaceAll('*', '%')))
    : [snapshot];
  const found: string[] = [];
  for (const name of names) {
    const root = await snapshotRoot(stores, repository, name);
    for (const file of await stores.of(repository).list(root)) {
      const plain = splitChecksum(file)?.name;
      if (plain?.startsWith(infoPrefix)) found.push(plain.slice(infoPrefix.length));
    }
  }
  return found;
}

export async function readSnapshotInfo(
  stores: ObjectStores,
  repository: Repository,
  at: { snapshot: string; timestamp: string },
): Promise<SnapshotInfo> {
  const name = `${infoPrefix}${at.timestamp}`;
  const root = await snapshotRoot(stores, repository, at.snapshot);
  const store = stores.of(repository);
  const files = (await store.list(root)).filter((file) => splitChecksum(file)?.name === name);
  if (files.length !== 1) throw new Error(`Expected one file with path: ${root}/${name}. get: ${files.length}`);
  return JSON.parse(await readChecked(store, root, files[0] ?? ''));
}

export async function readSnapshotMeta(
  stores: ObjectStores,
  repository: Repository,
  snapshot: string,
): Promise<SnapshotMeta> {
  const root = await snapshotRoot(stores, repository, snapshot);
  const store = stores.of(repository);
  const file = (await store.list(root)).find((name) => splitChecksum(name)?.name === '__meta');
  if (file === undefined) throw new Error(`Expected one file with path: ${root}/__meta. get: 0`);
  return JSON.parse(await readChecked(store, root, file));
}

/** The last act of a backup: the snapshot exists from the moment the info file does. */
export async function writeSnapshot(
  stores: ObjectStores,
  repository: Repository,
  { info, meta }: { info: SnapshotInfo; meta: SnapshotMeta },
): Promise<void> {
  const root = await snapshotRoot(stores, repository, info.name);
  const store = stores.of(repository);
  const metaText = JSON.stringify(meta);
  await store.write(`${root}/__meta.${md5(metaText)}`, metaText);
  const infoText = JSON.stringify(info);
  await store.write(`${root}/${infoPrefix}${snapshotStamp(info.backup_time)}.${md5(infoText)}`, infoText);
}

export function tabletLocation(
  root: string,
  ids: { dbId: number; tableId: number; physicalId: number; indexId: number; tabletId: number },
): string {
  const { dbId, tableId, physicalId, indexId, tabletId } = ids;
  return `${root}/__ss_content/__db_${dbId}/__tbl_${tableId}/__part_${physicalId}/__idx_${indexId}/__${tabletId}`;
}

/** `yyyy-MM-dd-HH-mm-ss-SSS` in the time zone of the leader. */
function snapshotStamp(ms: number): string {
  return `${formatTime(ms).replace(/[ :]/g, '-')}-${String(ms % 1000).padStart(3, '0')}`;
}

async function readChecked(store: ObjectStore, root: string, file: string): Promise<string> {
  const content = await store.read(`${root}/${file}`);
  if (!content || md5(content) !== splitChecksum(file)?.checksum)
    throw new Error(`md5 of ${root}/${file} does not match`);
  return content.toString('utf8');
}
