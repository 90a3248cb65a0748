import type { BackupKind, VerificationLevel } from './backup.ts';

/**
 * How long the backups of a tier are kept. Whatever several rules say together, the longest counts. `COUNT`: the newest
 * ones. `AGE`: those younger than this, and the newest one that is older. `GFS`: the newest of each of the last days,
 * weeks, months and years.
 */
export type Keep =
  | { readonly rule: 'COUNT'; readonly count: number }
  | { readonly rule: 'AGE'; readonly hours: number }
  | {
      readonly rule: 'GFS';
      readonly days: number;
      readonly weeks: number;
      readonly months: number;
      readonly years: number;
    };

export type BackupTier = {
  /** `weekly`; unique in its policy. */
  readonly name: string;
  readonly kind: BackupKind;
  readonly cron: string;
  readonly jitterSeconds: number;
  readonly keep: readonly Keep[];
  /** How far each of its backups is verified. */
  readonly verify: VerificationLevel;
};

/** What a person says in a backup policy. */
export type BackupPolicyContent = {
  /** Databases by name; `*` = all but those of StarRocks itself. */
  readonly databases: readonly string[];
  readonly exceptDatabases: readonly string[];
  readonly repository: string;
  readonly timeZone: string;
  readonly tiers: readonly BackupTier[];
  /** When retention runs. */
  readonly retentionCron: string;
  /** So many usable full backups of each database stay, whatever the tiers say. At least 1. */
  readonly keepUsableFulls: number;
  /** The policy's promise: the newest point to go back to is never older than this. */
  readonly promiseHours: number;
  /** A full backup smaller than the one before by more than this share is an alert, in percent. */
  readonly shrunkPercent: number;
  /** Databases backed up at the same time. */
  readonly parallel: number;
  /** Seconds after which StarRocks gives a backup up. */
  readonly timeoutSeconds: number;
};

export type BackupPolicy = {
  readonly id: string;
  readonly clusterId: string;
  readonly name: string;
  readonly content: BackupPolicyContent;
  readonly owner: { readonly id: string; readonly name: string };
  /** Until a person arms it, retention only shows what it would delete. */
  readonly armed: {
    readonly contentHash: string;
    readonly byId: string;
    readonly byName: string;
    readonly at: Date;
  } | null;
  readonly revision: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
};
