import type { ObservedNode } from '../cluster.ts';
import type { TabletHealth } from '../tablet-health.ts';
import type { StartedAs } from '../words.ts';
import type { Release, ReleasePart, UpgradeRecord } from './release.ts';

/** What was found, or why it could not be asked, in words. */
export type Asked<T> = { readonly value: T } | { readonly failed: string };

/** A node that an upgrade would change, with where it is and what its host says about it. */
export type UpgradeNode = ObservedNode & {
  readonly label: string;
  /** Of the inventory; null = the inventory does not know the node, so nobody could attach it. */
  readonly id: string | null;
  readonly hostId: string | null;
  readonly deployDir: string | null;
  /** The systemd unit that runs it; null = StarRocks' own scripts do. */
  readonly unit: string | null;
  /** BackendId or ComputeNodeId, as replicas name it; null for frontends. */
  readonly workerId: string | null;
  /** The failure domain (`labels.location`) of a backend, e.g. `rack:r1`; null = none. */
  readonly location: string | null;
  /** Queries that the cluster counts on it now; null = not told. */
  readonly runningQueries: number | null;
  /** Null = it is not attached to a host, so nobody was asked. */
  readonly onHost: Asked<NodeOnHost> | null;
};

export type UnitStartLimit = {
  readonly unit: string;
  readonly burst: number;
  readonly intervalMs: number;
  /** The unit has `Restart=`: systemd starts it by itself too, and counts that. */
  readonly restarts: boolean;
  /** The user may have systemd forget how often it started it. */
  readonly mayReset: boolean;
  /** The line of sudoers that would allow it. */
  readonly sudoers: string;
};

/** What the host of a node says about the node's directory and service. */
export type NodeOnHost = {
  /** The process that it runs as; null = none was found. */
  readonly process: { readonly pid: number; readonly startedAtTicks: string } | null;
  readonly disk: { readonly freeBytes: number; readonly mountPoint: string } | null;
  /** Why the directory's binaries cannot be swapped by renaming; null = they can. */
  readonly swapProblem: string | null;
  /** Why the node could not be stopped and started; null = it can. */
  readonly serviceProblem: string | null;
  /** Who would start it, and whom it belongs to, where these are two; not there where a unit runs it. */
  readonly startedAs?: StartedAs;
  /** How often systemd starts the node's unit; not there where no unit runs it, or where there is no limit. */
  readonly startLimit?: UnitStartLimit;
  /** The JDK that the frontend's start script would take; null for workers, and where none was found; else why not told. */
  readonly java: JavaOnHost | { readonly unknown: string } | null;
  /** Text of fe.conf, be.conf or cn.conf, secrets masked; null = it could not be read. */
  readonly confText: string | null;
  /** Names of binaries that an earlier upgrade keeps there. */
  readonly kept: readonly string[];
  /** For an archive that is said to be on the nodes already: whether it is. Undefined = it comes from elsewhere. */
  readonly hasArchive?: boolean;
};

export type JavaOnHost = {
  /** E.g. `17.0.9`, `1.8.0_392`. */
  readonly version: string;
  readonly home: string | null;
  readonly hasJavac: boolean;
};

export type UpgradeHost = {
  readonly hostId: string;
  readonly address: string;
  readonly runsFrontend: boolean;
  readonly look: Asked<{
    /** How far its clock is ahead of ours, and how wrong that may be at most; null = it did not tell the time. */
    readonly clock: { readonly aheadMs: number; readonly withinMs: number } | null;
    readonly missingTools: readonly string[];
  }>;
};

/** What is known of the archive itself. */
export type ArchiveFacts = {
  /** Null = not known. */
  readonly sizeBytes: number | null;
  /** Null = it was not read for this. */
  readonly sha256: string | null;
  /** What was found inside; null = nobody looked. */
  readonly parts: readonly ReleasePart[] | null;
  /** Why it cannot be used, in words. */
  readonly problems: readonly string[];
};

export type FrontendImage = {
  readonly label: string;
  readonly image: Asked<{
    readonly journalId: number;
    /** The journal entry that the newest image holds; 0 or below = there is no image yet. */
    readonly checkpointJournalId: number;
    readonly checkpointAt: Date | null;
  }>;
};

/** Jobs of the cluster that a restart disturbs, counted over all databases. */
export type RunningWork = {
  /** `database: n rollup` and so on: rollups, schema changes, optimizations that are pending or run. */
  readonly schemaChanges: readonly string[];
  /** `database: n` loads that are loading now. */
  readonly loads: readonly string[];
};

/** Everything that the preflight of an upgrade or downgrade looks at. Plain data. */
export type UpgradeFacts = {
  readonly now: Date;
  readonly clusterName: string;
  /** The version that was asked for, as it was given. */
  readonly to: string;
  /** Null = no release of that version is in the catalogue. */
  readonly release: Release | null;
  /** Null where there is no release, or nobody has to look from here. */
  readonly archive: Asked<ArchiveFacts> | null;
  /** `shared_nothing` or `shared_data`; null = not known. */
  readonly runMode: string | null;
  readonly nodes: readonly UpgradeNode[];
  /** What is wrong with the list of nodes itself, in words; left out = nothing. */
  readonly listProblems?: readonly string[];
  readonly hosts: readonly UpgradeHost[];
  readonly replicas: Asked<TabletHealth>;
  readonly singleReplicaTables: Asked<number>;
  /** `database.snapshot` of backups and restores that run. */
  readonly backupJobs: Asked<readonly string[]>;
  readonly work: Asked<RunningWork>;
  readonly routineLoads: Asked<number>;
  readonly runningQueries: Asked<number>;
  readonly newestBackupAt: Date | null;
  readonly images: readonly FrontendImage[];
  /** Upgrades whose kept binaries are still on the nodes, oldest first. */
  readonly openUpgrades: readonly UpgradeRecord[];
};

/** What a person sets, and what the operation is for. */
export type UpgradeLimits = {
  readonly maxRunningQueries: number;
  readonly maxBackupAgeHours: number;
  /** Which way the operation goes; null = either. */
  readonly direction: 'UPGRADE' | 'DOWNGRADE' | null;
};
