/** One row of SHOW FRONTENDS. Times are the cluster's own text in its session time zone; null = never, or not told. */
export type FrontendRow = {
  /** The node's name in the metadata, e.g. `10.0.0.1_9010_1686810741121`. */
  readonly name: string;
  /** The exact text of the `IP` column; statements about the node must send it back unchanged. */
  readonly host: string;
  readonly editLogPort: number;
  /** The answering frontend's own value, whatever the row. */
  readonly httpPort: number;
  /** 0 for a frontend that was never seen alive. */
  readonly queryPort: number;
  readonly rpcPort: number;
  readonly role: 'LEADER' | 'FOLLOWER' | 'OBSERVER';
  readonly clusterId: string;
  readonly joined: boolean;
  readonly alive: boolean;
  readonly replayedJournalId: number;
  readonly lastHeartbeatAt: string | null;
  readonly errorMessage: string | null;
  readonly startedAt: string | null;
  readonly version: NodeVersion | null;
};

/** `3.5.0-48f4d81` is release `3.5.0`, commit `48f4d81`. A build that is no release has a name there: `MAIN-RELEASE`. */
export type NodeVersion = { readonly text: string; readonly release: string; readonly commit: string | null };

/** What backends and compute nodes have in common. Ports are null until the node was seen once. */
export type WorkerRow = {
  readonly id: string;
  /** The exact text of the `IP` column. */
  readonly host: string;
  readonly heartbeatPort: number;
  readonly bePort: number | null;
  readonly httpPort: number | null;
  readonly brpcPort: number | null;
  readonly startedAt: string | null;
  readonly lastHeartbeatAt: string | null;
  readonly alive: boolean;
  /** True from DECOMMISSION until the row vanishes or the decommission is cancelled. */
  readonly decommissioning: boolean;
  readonly errorMessage: string | null;
  readonly version: NodeVersion | null;
  readonly cpuCores: number | null;
  readonly memoryLimitBytes: number | null;
  readonly memoryUsedPercent: number | null;
  readonly cpuUsedPercent: number | null;
  readonly runningQueries: number | null;
  /** CONNECTING, OK, SHUTDOWN, DISCONNECTED; null before 3.4. */
  readonly statusCode: string | null;
  readonly warehouse: string | null;
};

/** One row of SHOW BACKENDS. */
export type BackendRow = WorkerRow & {
  readonly tabletCount: number;
  readonly dataUsedBytes: number | null;
  readonly availableBytes: number | null;
  readonly totalBytes: number | null;
  /** (total − available) / total, so whatever else is on the disks counts too. */
  readonly usedPercent: number | null;
  /** Of the fullest disk. */
  readonly maxDiskUsedPercent: number | null;
  /** What stands there instead of a percentage, when it cannot be read. */
  readonly unreadDiskUse?: string;
  /** `rack:r1`; null = none, or older than 3.2.8. */
  readonly location: string | null;
  readonly lastTabletReportAt: string | null;
};

/** One row of SHOW COMPUTE NODES. */
export type ComputeNodeRow = WorkerRow & {
  /** Shards assigned; null in a shared-nothing cluster, where compute nodes hold none. */
  readonly tabletCount: number | null;
};

export const backupJobStates = [
  'PENDING',
  'SNAPSHOTING',
  'UPLOAD_SNAPSHOT',
  'UPLOADING',
  'SAVE_META',
  'UPLOAD_INFO',
  'FINISHED',
  'CANCELLED',
] as const;

/** One row of SHOW BACKUP: the last job of a database. `jobId` changes: a job is told by database, snapshot and `createdAt`. */
export type BackupJobRow = {
  readonly jobId: string;
  readonly snapshot: string;
  readonly database: string;
  readonly state: (typeof backupJobStates)[number];
  readonly objects: string;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly unfinishedTasks: number;
  /** `[10080: 3/12], [10081: 0/9]`, while uploading only. */
  readonly progress: string | null;
  readonly taskErrors: string | null;
  /** `[OK]`, or why it failed. */
  readonly status: string;
  readonly timeoutSeconds: number;
};

/** One row of SHOW SNAPSHOT. Without a timestamp the snapshot is incomplete, and blocks its name. */
export type SnapshotRow = {
  readonly snapshot: string;
  /** What a RESTORE needs as `backup_timestamp`; several when the name was used more than once. */
  readonly timestamps: readonly string[];
  readonly database: string | null;
  readonly status: string;
};

export type RepositoryRow = {
  readonly name: string;
  readonly isReadOnly: boolean;
  readonly location: string;
  readonly createdAt: string | null;
  /** From a check that each frontend makes every 10 minutes. */
  readonly errorMessage: string | null;
};

/** The last row of SHOW PROC '/statistic'. */
export type ReplicaTotals = {
  readonly databases: number;
  readonly tables: number;
  readonly tablets: number;
  readonly replicas: number;
  readonly unhealthyTablets: number;
  readonly inconsistentTablets: number;
  readonly cloningTablets: number;
  readonly errorStateTablets: number;
};

export type FrontendConfigRow = {
  readonly key: string;
  readonly aliases: readonly string[];
  readonly value: string;
  readonly isMutable: boolean;
};
