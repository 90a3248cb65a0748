import type { FrontendRole, KeyType, PrivilegeObject, WorkerKind } from '../../sql/ast.ts';

/** The metadata that all frontends share. Values are never changed in place: a change puts a new one. */
export type Frontend = {
  id: number;
  name: string;
  host: string;
  editLogPort: number;
  role: FrontendRole;
  /** Has been started once and is part of the replication group; only then does its vote count. */
  joined: boolean;
  isHelper: boolean;
  alive: boolean;
  queryPort: number;
  rpcPort: number;
  replayedJournalId: number;
  lastHeartbeatAt: number | null;
  startedAt: number | null;
  errMsg: string;
  version: string | null;
};

export type Disk = {
  path: string;
  totalBytes: number;
  availableBytes: number;
  usedBytes: number;
  pathHash: string;
  /** Not there in metadata of before. */
  medium?: 'HDD' | 'SSD';
  tabletNum?: number;
};

/** A backend or compute node. Ports are -1 until the first heartbeat told them. */
export type Worker = {
  id: number;
  kind: WorkerKind;
  host: string;
  heartbeatPort: number;
  bePort: number;
  httpPort: number;
  brpcPort: number;
  alive: boolean;
  status: 'CONNECTING' | 'OK' | 'SHUTDOWN' | 'DISCONNECTED';
  startedAt: number | null;
  lastHeartbeatAt: number | null;
  decommissioned: boolean;
  errMsg: string;
  version: string;
  cpuCores: number;
  memLimitBytes: number;
  disks: Disk[];
  runningQueries: number;
  /** What it said last of its memory, from 0 to 1 of the limit, of its CPU, and of its tablets; not there in metadata of before. */
  memUsedShare?: number;
  cpuUsedShare?: number;
  maxCompactionScore?: number;
  tabletsReportedAt: number | null;
  location: string;
};

export type Broker = { name: string; host: string; port: number };
export type Database = { id: number; name: string };
export type TableColumn = { name: string; type: string; nullable: boolean; fallback: string | null; key: boolean };
export type Table = {
  id: number;
  dbId: number;
  name: string;
  columns: TableColumn[];
  keyType: KeyType;
  keys: string[];
  partitionColumn: string | null;
  distribution: { columns: string[]; buckets: number };
  replicationNum: number;
  comment: string;
  /** The colocation group, whose tables keep equal buckets on the same backends. */
  colocateWith?: string;
  state: 'NORMAL' | 'RESTORE';
  /** `dynamic_partition.enable`; not there where nobody set it. Nothing drops partitions by it here. */
  dynamicPartitions?: 'true' | 'false';
  createdAt: number;
  /** A view has no partitions; a materialized view has one of its own. Null for a table, and so where older metadata lacks it. */
  view?: { kind: 'VIEW' | 'MATERIALIZED VIEW'; definition: string } | null;
};

/** `lower` null is MIN, `upper` null is MAX; an unpartitioned table has one partition with neither. */
export type Partition = {
  id: number;
  /** The physical partition; not there where it is the partition itself (up to 3.3). */
  physicalId?: number;
  /** Made by ADD TEMPORARY PARTITION: filled by name only, and in no backup. */
  temporary?: boolean;
  tableId: number;
  indexId: number;
  name: string;
  lower: string | null;
  upper: string | null;
  replicationNum: number;
  schemaHash: number;
  visibleVersion: number;
  visibleAt: number;
  rowCount: number;
  dataBytes: number;
  tablets: Tablet[];
};
/** What was dropped without FORCE, until it expires: the tablets are there, and no name finds them. */
export type Recycled = {
  kind: 'DATABASE' | 'TABLE' | 'PARTITION';
  /** That of the database, the table, the partition itself. */
  id: number;
  dbId: number;
  db?: Database;
  table?: Table;
  /** The table that a partition belonged to. */
  tableId?: number;
  partitions: Partition[];
  /** When it was dropped. */
  at: number;
  /** Another of the same name was dropped after it: then nobody gets it back. */
  lost?: boolean;
};
export type Tablet = { id: number; replicas: Replica[] };
export type Replica = { id: number; backendId: number; version: number; lastFailedVersion: number; bad: boolean };

export type Catalog = { name: string; type: string; comment: string; properties: Record<string, string> };

export type Repository = {
  id: number;
  name: string;
  createdAt: number;
  readOnly: boolean;
  location: string;
  broker: string;
  /** As CREATE REPOSITORY gave them, keys included; no statement shows them. */
  properties: Record<string, string>;
};

export type Grant = { privilege: string; object: PrivilegeObject };
export type User = {
  name: string;
  host: string;
  passwordHash: string;
  roles: string[];
  defaultRoles: string[];
  grants: Grant[];
  /** `max_user_connections`; not there where nobody set it. */
  maxConnections?: number;
};
export type Role = { name: string; grants: Grant[]; roles: string[] };

export type JobStatus = { code: string; message: string };
type JobCommon = {
  /** The database it belongs to; there is at most one job of both kinds for each. */
  dbId: number;
  jobId: number;
  label: string;
  dbName: string;
  repositoryId: number;
  createdAt: number;
  finishedAt: number | null;
  timeoutMs: number;
  status: JobStatus;
};
export type SnapshotPart = {
  tableId: number;
  partitionId: number;
  physicalId: number;
  indexId: number;
  tabletId: number;
  backendId: number;
  schemaHash: number;
  path: string;
  files: string[];
};
export type BackupJob = JobCommon & {
  kind: 'BACKUP';
  state:
    | 'PENDING'
    | 'SNAPSHOTING'
    | 'UPLOAD_SNAPSHOT'
    | 'UPLOADING'
    | 'SAVE_META'
    | 'UPLOAD_INFO'
    | 'FINISHED'
    | 'CANCELLED';
  objects: { table: string; partitions: string[] | null }[];
  snapshotFinishedAt: number | null;
  uploadFinishedAt: number | null;
  parts: SnapshotPart[];
  tables: { table: Table; partitions: Partition[] }[];
  /** Names of external catalogs, for a job about them, which belongs to no database; null for all others. */
  catalogs: string[] | null;
};
export type RestoreTarget = {
  backendId: number;
  tabletId: number;
  schemaHash: number;
  remotePath: string;
};
export type RestoreJob = JobCommon & {
  kind: 'RESTORE';
  state: 'PENDING' | 'SNAPSHOTING' | 'DOWNLOAD' | 'DOWNLOADING' | 'COMMIT' | 'COMMITTING' | 'FINISHED' | 'CANCELLED';
  timestamp: string;
  allowLoad: boolean;
  replicationNum: number;
  /** `listed`: the partitions that it restores, as SHOW RESTORE prints them; not there in metadata of before. */
  objects: { table: string; partitions: string[] | null; alias: string; listed?: string[] }[];
  metaPreparedAt: number | null;
  snapshotFinishedAt: number | null;
  downloadFinishedAt: number | null;
  targets: RestoreTarget[];
  /** Where each replica (`tablet@backend`) keeps the files on their way in. */
  snapshotPaths: Record<string, string>;
  /** Tables in state RESTORE and the ones created, both to be undone when the job is cancelled. */
  lockedTableIds: number[];
  createdTableIds: number[];
  createdPartitionIds: number[];
  restored: { partitionId: number; version: number; rowCount: number; dataBytes: number }[];
};
export type Job = BackupJob | RestoreJob;

/** A routine load of Kafka: what CREATE ROUTINE LOAD said, how far it is, and why it stands where it stands. */
export type RoutineLoad = {
  id: number;
  name: string;
  dbId: number;
  tableName: string;
  createdAt: number;
  pausedAt: number | null;
  endedAt: number | null;
  state: 'NEED_SCHEDULE' | 'RUNNING' | 'PAUSED' | 'STOPPED' | 'CANCELLED';
  /** Of PROPERTIES, and of FROM KAFKA. */
  properties: Record<string, string>;
  source: Record<string, string>;
  rows: { loaded: number; error: number; bytes: number };
  /** Error rows since the window of `max_batch_rows` × 10 began, and all rows of it. */
  window: { rows: number; error: number };
  /** By the number of the Kafka partition: the offset loaded last, the newest there is, and the ms of the last row. */
  progress: Record<string, { loaded: number; latest: number; at: number }>;
  reason: string;
};

/** A load with a row in SHOW LOAD. */
export type LoadJob = {
  id: number;
  label: string;
  dbId: number;
  tableName: string;
  state: 'FINISHED' | 'CANCELLED';
  error: string;
  rows: number;
  createdAt: number;
  finishedAt: number;
};

export type Collections = {
  frontends: Frontend;
  workers: Worker;
  brokers: Broker;
  databases: Database;
  tables: Table;
  partitions: Partition;
  recycled: Recycled;
  /** SQLBLACKLIST: patterns by their ids. */
  forbiddenSql: string;
  repositories: Repository;
  catalogs: Catalog;
  users: User;
  roles: Role;
  jobs: Job;
  routineLoads: RoutineLoad;
  loads: LoadJob;
  /** `clusterId`, `token`, `nextId` and the global session variables. */
  settings: string;
};
export type CollectionName = keyof Collections;
export type ClusterState = { readonly [C in CollectionName]: ReadonlyMap<string, Collections[C]> } & {
  /** The partitions of each table, by its id: a statement about one table must not go through those of all. */
  readonly partitionsByTable: ReadonlyMap<number, ReadonlyMap<string, Partition>>;
};

/** One change of one value; a journal entry is a list of them that takes effect as a whole. */
export type Change = {
  [C in CollectionName]: { in: C; key: string; value: Collections[C] | null };
}[CollectionName];

const collectionNames = [
  'frontends',
  'workers',
  'brokers',
  'databases',
  'tables',
  'partitions',
  'recycled',
  'forbiddenSql',
  'repositories',
  'catalogs',
  'users',
  'roles',
  'jobs',
  'routineLoads',
  'loads',
  'settings',
] as const;

/** A change that puts (or, with null, takes away) one value. */
export function change<C extends CollectionName>(collection: C, key: string | number, value: Collections[C] | null) {
  return { in: collection, key: String(key), value };
}

type MutableCollections = { [C in CollectionName]: Map<string, Collections[C]> };
type MutableState = MutableCollections & { partitionsByTable: Map<number, Map<string, Partition>> };
export type StateStore = {
  readonly state: ClusterState;
  apply(changes: readonly Change[]): void;
  dump(): StateDump;
  load(dump: StateDump): void;
};
export type StateDump = { [C in CollectionName]?: [string, Collections[C]][] };

/** Holds the state in memory; only the journal calls `apply` and `load`. */
export function createStateStore(): StateStore {
  const state: MutableState = {
    frontends: new Map(),
    workers: new Map(),
    brokers: new Map(),
    databases: new Map(),
    tables: new Map(),
    partitions: new Map(),
    recycled: new Map(),
    forbiddenSql: new Map(),
    repositories: new Map(),
    catalogs: new Map(),
    users: new Map(),
    roles: new Map(),
    jobs: new Map(),
    routineLoads: new Map(),
    loads: new Map(),
    settings: new Map(),
    partitionsByTable: new Map(),
  };
  return {
    state,
    apply(changes) {
      for (const one of changes) {
        if (one.in === 'partitions') indexPartition(state, one.key, one.value);
        applyOne(state, one);
      }
    },
    dump: () => Object.fromEntries(collectionNames.map((name) => [name, [...state[name]]])),
    load(dump) {
      for (const name of collectionNames) loadOne(state, dump, name);
      state.partitionsByTable.clear();
      for (const [key, partition] of state.partitions) indexPartition(state, key, partition);
    },
  };
}

/** Called before the partition itself changes, whose old value tells the table that it belonged to. */
function indexPartition(state: MutableState, key: string, next: Partition | null): void {
  const before = state.partitions.get(key);
  if (before !== undefined && before.tableId !== next?.tableId) {
    const rest = state.partitionsByTable.get(before.tableId);
    rest?.delete(key);
    if (rest?.size === 0) state.partitionsByTable.delete(before.tableId);
  }
  if (next === null) return;
  const partitions = state.partitionsByTable.get(next.tableId) ?? new Map<string, Partition>();
  state.partitionsByTable.set(next.tableId, partitions.set(key, next));
}

function applyOne<C extends CollectionName>(
  state: MutableCollections,
  one: { in: C; key: string; value: Collections[C] | null },
): void {
  const collection: Map<string, Collections[C]> = state[one.in];
  if (one.value === null) collection.delete(one.key);
  else collection.set(one.key, one.value);
}

function loadOne<C extends CollectionName>(state: MutableCollections, dump: StateDump, name: C): void {
  const collection: Map<string, Collections[C]> = state[name];
  collection.clear();
  for (const [key, value] of dump[name] ?? []) collection.set(key, value);
}
