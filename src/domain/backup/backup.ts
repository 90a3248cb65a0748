/**
 * `SCHEDULED`: asked for, and waits. `PARTIAL`: the snapshot is complete and holds less than was asked for. `BROKEN`: it
 * cannot be restored from. `DELETING`: its objects are being removed, or that broke off.
 */
export const backupStates = ['SCHEDULED', 'RUNNING', 'AVAILABLE', 'PARTIAL', 'BROKEN', 'DELETING', 'DELETED'] as const;
export type BackupState = (typeof backupStates)[number];

export const backupKinds = ['FULL', 'INCREMENTAL'] as const;
/** `INCREMENTAL`: the partitions that changed since the newest usable full backup of the same policy. */
export type BackupKind = (typeof backupKinds)[number];

/** L0: the repository lists it. L1: every object of its manifest is there, with the size and checksum that it should have. */
export const verificationLevels = ['L0', 'L1'] as const;
export type VerificationLevel = (typeof verificationLevels)[number];

export type Verification = {
  readonly level: VerificationLevel;
  readonly at: Date;
  readonly runId: string | null;
  /** Null = it could not be told. */
  readonly passed: boolean | null;
  readonly message: string;
  readonly objects: number | null;
  readonly bytes: number | null;
};

export type Pin = {
  readonly reason: string;
  /** Null = until somebody takes the pin off. */
  readonly until: Date | null;
  readonly byName: string;
};

/** One row of our own history of backups. */
export type Backup = {
  readonly id: string;
  readonly clusterId: string;
  readonly runId: string;
  readonly database: string;
  /** Whether only some tables or partitions were asked for: then it does not stand for the database. */
  readonly isSelection: boolean;
  readonly repository: string;
  /** Where the repository was; null = not known. */
  readonly location: string | null;
  /** Null = nothing had changed since the base, so there was nothing to hold. */
  readonly snapshot: string | null;
  readonly state: BackupState;
  readonly kind: BackupKind;
  /** The id that the cluster gave itself, which it keeps when it is registered anew; null = not known. */
  readonly origin: string | null;
  readonly policyId: string | null;
  readonly tier: string | null;
  /** The full backup that an incremental one needs. */
  readonly baseId: string | null;
  /** The timestamp a RESTORE needs, in the text `SHOW SNAPSHOT` gives; null until verified. */
  readonly backupTimestamp: string | null;
  readonly scheduledFor: Date | null;
  readonly startedAt: Date;
  /** The moment that its data are of; null = not known yet. */
  readonly snapshotAt: Date | null;
  readonly finishedAt: Date | null;
  readonly verifiedAt: Date | null;
  readonly sizeBytes: number | null;
  readonly objectCount: number | null;
  readonly tableCount: number | null;
  readonly partitionCount: number | null;
  /** What stands in the database and not in the backup, as sentences. */
  readonly notHeld: readonly string[];
  readonly problem: string | null;
  readonly pin: Pin | null;
  readonly deletedAt: Date | null;
  readonly deletedBecause: string | null;
};
