/** One row of SHOW FRONTENDS. Times are the cluster's own text in its session time zone; null = never, or not shown. */
export type FrontendRow = {
  /** The node's name in the metadata, e.g. `10.0.0.1_9010_1686810741121`. */
  readonly name: string;
  /** The exact text of the `IP` column; statements about the node must send it back unchanged. */
  readonly host: string;
  readonly editLogPort: number;
  /** The answering frontend's own value, the same in every row. */
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

/** The present frontends, and rows that are remnants: earlier entries of a frontend that has another row. */
export type Frontends = { readonly current: readonly FrontendRow[]; readonly remnants: readonly FrontendRow[] };

/**
 * One row for each address (`IP` and edit-log port), in the order of the rows. On Kubernetes a frontend that lost its
 * metadata may be listed twice in SHOW FRONTENDS, under names that differ in their time stamp. Only one process listens
 * at an address, and the group that elects accepts no second member there, so quorums are counted by address too. The row
 * that is kept is the one that leads, lives, has joined, or is the newest, in this order.
 */
export function separateRemnants(rows: readonly FrontendRow[]): Frontends {
  const addressOf = ({ host, editLogPort }: FrontendRow) => `${host}:${editLogPort}`;
  const best = new Map<string, FrontendRow>();
  for (const row of rows) {
    const known = best.get(addressOf(row));
    if (known === undefined || isTruer(row, known)) best.set(addressOf(row), row);
  }
  const isKept = (row: FrontendRow) => best.get(addressOf(row)) === row;
  return { current: rows.filter(isKept), remnants: rows.filter((row) => !isKept(row)) };
}

function isTruer(a: FrontendRow, b: FrontendRow): boolean {
  const ranks = (row: FrontendRow) => [
    Number(row.alive && row.role === 'LEADER'),
    Number(row.alive),
    Number(row.joined),
    Number(/_(\d+)$/.exec(row.name)?.[1] ?? 0),
  ];
  const [left, right] = [ranks(a), ranks(b)];
  const at = left.findIndex((rank, index) => rank !== right[index]);
  return at !== -1 && (left[at] ?? 0) > (right[at] ?? 0);
}

/** A remnant as a problem, in a sentence. */
export function remnantProblem({ host, editLogPort, name, errorMessage }: FrontendRow): string {
  const why = errorMessage === null ? '' : `: ${errorMessage}`;
  return `SHOW FRONTENDS lists fe ${host}:${editLogPort} more than once: ${name} is a remnant${why}. DROP takes an address and may hit the one that runs`;
}

/** Whether a frontend leads. While leadership is handed over, every frontend shows no leader for some seconds. */
export function hasLeader(rows: readonly FrontendRow[]): boolean {
  return rows.some(({ role, alive }) => role === 'LEADER' && alive);
}

/**
 * `3.5.0-48f4d81` is release `3.5.0`, commit `48f4d81`. For a build that is no release, `release` holds a name:
 * `MAIN-RELEASE`.
 */
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
  /** (total − available) / total, so other data on the disks counts too. */
  readonly usedPercent: number | null;
  /** Of the fullest disk. */
  readonly maxDiskUsedPercent: number | null;
  /** The cluster's text instead of a percentage, when it cannot be read. */
  readonly unreadDiskUse?: string;
  /** `rack:r1`; null = none, or a version before 3.2.8. */
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

/**
 * One row of SHOW BACKUP: the last job of a database. `jobId` changes, so a job is recognised by database, snapshot and
 * `createdAt`.
 */
export type BackupJobRow = {
  readonly jobId: string;
  readonly snapshot: string;
  readonly database: string;
  readonly state: (typeof backupJobStates)[number];
  readonly objects: string;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly unfinishedTasks: number;
  /** `[10080: 3/12], [10081: 0/9]`; only while uploading. */
  readonly progress: string | null;
  readonly taskErrors: string | null;
  /** `[OK]`, or why it failed. */
  readonly status: string;
  readonly timeoutSeconds: number;
};

export const restoreJobStates = [
  'PENDING',
  'SNAPSHOTING',
  'DOWNLOAD',
  'DOWNLOADING',
  'COMMIT',
  'COMMITTING',
  'FINISHED',
  'CANCELLED',
] as const;

/**
 * One row of SHOW RESTORE: the last job of a database, as the leader has it; a follower shows other states and no tasks.
 * `jobId` changes, and a job about external catalogs, whose `database` is empty, is listed for every database.
 */
export type RestoreJobRow = {
  readonly jobId: string;
  /** The name of the snapshot. */
  readonly label: string;
  readonly timestamp: string;
  readonly database: string;
  readonly state: (typeof restoreJobStates)[number];
  /** By the names that they have in the snapshot, also where they get others. */
  readonly objects: string;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  /** They stay in the row of a job that was cancelled. */
  readonly unfinishedTasks: number;
  readonly progress: string | null;
  /** A task that fails on a backend leaves the job as it is: then only this is filled. */
  readonly taskErrors: string | null;
  /** `[OK]`, or why it failed. */
  readonly status: string;
  readonly timeoutSeconds: number;
};

/** One row of SHOW SNAPSHOT. Without a timestamp the snapshot is incomplete, and its name cannot be used again. */
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
