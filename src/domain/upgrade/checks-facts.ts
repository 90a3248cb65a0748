import type { ObservedNode } from '../cluster.ts';
import type { TabletHealth } from '../tablet-health.ts';
import type { StartedAs } from '../words.ts';
import type { Release, ReleasePart, UpgradeRecord } from './release.ts';

/** What was found, or why it could not be asked, as a sentence. */
export type Asked<T> = { readonly value: T } | { readonly failed: string };

/** A node that an upgrade would change, with its place and what its host says about it. */
export type UpgradeNode = ObservedNode & {
  readonly label: string;
  /** The node's id in the inventory; null = the inventory does not know the node, so nobody could attach it. */
  readonly id: string | null;
  readonly hostId: string | null;
  readonly deployDir: string | null;
  /** The systemd unit that runs it; null = StarRocks' own scripts do. */
  readonly unit: string | null;
  /** BackendId or ComputeNodeId, as replicas name it; null for frontends. */
  readonly workerId: string | null;
  /** The failure domain (`labels.location`) of a backend, e.g. `rack:r1`; null = none. */
  readonly location: string | null;
  /** Queries that run on it now, as the cluster counts them; null = not shown. */
  readonly runningQueries: number | null;
  /** Null = the node is not attached to a host, so no host was asked. */
  readonly onHost: Asked<NodeOnHost> | null;
};

export type UnitStartLimit = {
  readonly unit: string;
  readonly burst: number;
  readonly intervalMs: number;
  /** The unit has `Restart=`: systemd also starts it by itself, and such starts count. */
  readonly restarts: boolean;
  /** The user may reset systemd's count of starts. */
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
  /** The user who would start it and the user it belongs to, where these differ; missing where a unit runs it. */
  readonly startedAs?: StartedAs;
  /** The limit of starts of the node's unit; missing where no unit runs it, or where there is no limit. */
  readonly startLimit?: UnitStartLimit;
  /**
   * The JDK that the frontend's start script would use; `unknown` = why that cannot be found out; null for workers, and
   * where none was found.
   */
  readonly java: JavaOnHost | { readonly unknown: string } | null;
  /** Text of fe.conf, be.conf or cn.conf, secrets masked; null = it could not be read. */
  readonly confText: string | null;
  /** When that file was last changed, and when the process was started; missing where either is not known. */
  readonly confTimes?: { readonly changedAt: Date; readonly startedAt: Date };
  /** Names under which an earlier upgrade keeps binaries there. */
  readonly kept: readonly string[];
  /** Whether the archive is there, for one that should be on the nodes already. Undefined = it comes from elsewhere. */
  readonly hasArchive?: boolean;
};

export type JavaOnHost = {
  /** E.g. `17.0.9`, `1.8.0_392`. */
  readonly version: string;
  readonly home: string | null;
  readonly hasCompiler: boolean;
};

export type UpgradeHost = {
  readonly hostId: string;
  readonly address: string;
  readonly runsFrontend: boolean;
  readonly look: Asked<{
    /** How far its clock is ahead of ours, and how wrong that may be at most; null = it did not report the time. */
    readonly clock: { readonly aheadMs: number; readonly withinMs: number } | null;
    readonly missingTools: readonly string[];
  }>;
};

/** What is known of the archive itself. */
export type ArchiveFacts = {
  /** Null = not known. */
  readonly sizeBytes: number | null;
  /** Null = the archive was not read for this. */
  readonly sha256: string | null;
  /** The parts that were found inside; null = nobody looked inside. */
  readonly parts: readonly ReleasePart[] | null;
  /** Why it cannot be used, as sentences. */
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
  /** `database: n rollup` and so on: rollups, schema changes and optimizations that are pending or running. */
  readonly schemaChanges: readonly string[];
  /** `database: n` for loads that are under way now. */
  readonly loads: readonly string[];
};

/** What everything has to know that takes nodes away and brings them back. Plain data. */
export type NodeFacts = {
  readonly now: Date;
  readonly clusterName: string;
  /** `shared_nothing` or `shared_data`; null = not known. */
  readonly runMode: string | null;
  readonly nodes: readonly UpgradeNode[];
  /** What is wrong with the list of nodes itself, as sentences; left out = nothing. */
  readonly listProblems?: readonly string[];
  readonly hosts: readonly UpgradeHost[];
  readonly replicas: Asked<TabletHealth>;
  readonly singleReplicaTables: Asked<number>;
  /** `database.snapshot` of backups and restores that run. */
  readonly backupJobs: Asked<readonly string[]>;
  readonly work: Asked<RunningWork>;
  readonly routineLoads: Asked<number>;
  readonly runningQueries: Asked<number>;
  readonly images: readonly FrontendImage[];
};

/** Everything that the preflight of an upgrade or downgrade needs to know. Plain data. */
export type UpgradeFacts = NodeFacts & {
  /** The version that was asked for, as it was given. */
  readonly to: string;
  /** Null = no release of that version is in the catalogue. */
  readonly release: Release | null;
  /** Null where there is no release, or where the archive is not to be looked at from here. */
  readonly archive: Asked<ArchiveFacts> | null;
  readonly newestBackupAt: Date | null;
  /** Upgrades whose kept binaries are still on the nodes, oldest first. */
  readonly openUpgrades: readonly UpgradeRecord[];
};

/** What a person sets, and the direction of the operation. */
export type UpgradeLimits = {
  readonly maxRunningQueries: number;
  readonly maxBackupAgeHours: number;
  /** Which way the operation goes; null = either. */
  readonly direction: 'UPGRADE' | 'DOWNGRADE' | null;
};
