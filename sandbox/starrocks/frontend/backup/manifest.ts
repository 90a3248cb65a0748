import type { Release } from '../../release.ts';
import type { BackupJob, Partition, SnapshotPart, Table } from '../meta/state.ts';

/**
 * `__info_<timestamp>` of a snapshot, as recorded from 3.5. Tablets are named and their files are not: a backend lists the directory
 * of a tablet when it downloads. Up to 3.3 here (the boundary is a guess from what newer readers still accept) the indexes stand right
 * below the partition, which is its own physical partition, with the files of each tablet.
 */
export type SnapshotInfo = {
  name: string;
  database: string;
  id: number;
  backup_time: number;
  backup_objects: Record<string, SnapshotTable>;
  meta_version: number;
  starrocks_meta_version: number;
  backup_result: 'succeed';
  /** From 4.2 on: who took it. */
  cluster_id?: string;
};
type SnapshotTable = { id: number; partitions: Record<string, SnapshotPartition> };
export type SnapshotPartition = {
  id: number;
  version: number;
  version_hash: 0;
  indexes: Record<string, SnapshotIndex>;
  subPartitions?: Record<string, { id: number; version: number; indexes: Record<string, SnapshotIndex> }>;
};
type SnapshotIndex = {
  id: number;
  schema_hash: number;
  tablets: Record<string, string[]>;
  tablets_order: string[];
};

/** The physical partitions have ids of their own from here on. */
export function hasPhysicalPartitions(release: Release): boolean {
  return release.atLeast(3, 4);
}

/** The id in paths of the store and in partitions_meta; metadata of older releases knows the one id only. */
export function physicalIdOf({ id, physicalId }: Partition): number {
  return physicalId ?? id;
}

type Taker = { release: Release; clusterId: string };

/** What a finished backup writes of itself. A view has no partitions. */
export function describeSnapshot(job: BackupJob, { release, clusterId }: Taker): SnapshotInfo {
  const objects = job.tables.map(({ table, partitions }) => {
    const parts = partitions.map((one) => [one.name, describePartition(table, one, { job, release })] as const);
    return [table.name, { id: table.id, partitions: Object.fromEntries(parts) }] as const;
  });
  return {
    database: job.dbName,
    meta_version: 92,
    backup_time: job.createdAt,
    name: job.label,
    starrocks_meta_version: release.atLeast(3, 3) ? 4 : 3,
    backup_result: 'succeed',
    id: job.dbId,
    backup_objects: Object.fromEntries(objects),
    ...(release.atLeast(4, 2) && { cluster_id: clusterId }),
  };
}

type Told = { job: BackupJob; release: Release };

function describePartition(table: Table, partition: Partition, { job, release }: Told): SnapshotPartition {
  const { id, visibleVersion: version } = partition;
  const parts = job.parts.filter(({ partitionId }) => partitionId === partition.id);
  if (!hasPhysicalPartitions(release)) {
    const indexes = { [table.name]: describeIndex(partition, parts, { withFiles: true }) };
    return { id, version, version_hash: 0, indexes };
  }
  const indexes = { [table.name]: describeIndex(partition, parts, { withFiles: false }) };
  const physicalId = physicalIdOf(partition);
  const subPartitions = { [String(physicalId)]: { indexes, id: physicalId, version } };
  return { indexes: {}, id, version_hash: 0, version, subPartitions };
}

function describeIndex(
  partition: Partition,
  parts: SnapshotPart[],
  { withFiles }: { withFiles: boolean },
): SnapshotIndex {
  const tablets = parts.map(({ tabletId, files }) => [String(tabletId), withFiles ? files : []] as const);
  return {
    schema_hash: partition.schemaHash,
    tablets_order: parts.map(({ tabletId }) => String(tabletId)),
    id: partition.indexId,
    tablets: Object.fromEntries(tablets),
  };
}

export type SnapshotTablets = { physicalId: number; indexId: number; tabletIds: number[] };

/** Where the tablets of a partition lie, in their order; of either form. Null when it is not in there. */
export function tabletsOf(info: SnapshotInfo, table: string, partition: string): SnapshotTablets | null {
  const found = info.backup_objects[table]?.partitions[partition];
  if (found === undefined) return null;
  const [sub] = Object.values(found.subPartitions ?? {});
  const { id: physicalId, indexes } = sub ?? found;
  const index = indexes[table];
  return index === undefined ? null : { physicalId, indexId: index.id, tabletIds: index.tablets_order.map(Number) };
}

/** Details of SHOW SNAPSHOT: names only. */
export function briefOf(info: SnapshotInfo): string {
  const objects = Object.entries(info.backup_objects).map(([table, { partitions }]) => {
    const names = Object.keys(partitions).map((name) => [name, {}] as const);
    return [table, { partitions: Object.fromEntries(names) }] as const;
  });
  const { id: _id, backup_objects: _objects, ...head } = info;
  return JSON.stringify({ ...head, backup_objects: Object.fromEntries(objects) }, null, 1);
}
