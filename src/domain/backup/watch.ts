import type { InactionCode } from '../calendar.ts';
import type { FiringOutcome, ScheduleState } from '../schedule.ts';
import { isSystemDatabase } from '../system-databases.ts';
import type { BackupPolicy } from './policy.ts';
import { coversDatabase } from './retention.ts';
import type { CataloguedBackup } from './usable.ts';

/** One part of a policy (a tier, or `retention`) with its schedule, and what came of its last time. */
export type WatchedPart = {
  readonly policyId: string;
  readonly part: string;
  readonly state: ScheduleState;
  /** When it is due next, or was without having begun; null = never again. */
  readonly dueAt: Date | null;
  readonly last: {
    readonly slotAt: Date;
    readonly outcome: FiringOutcome;
    readonly reason: { readonly code: InactionCode; readonly message: string } | null;
  } | null;
};

/** What is stored about the backups by policy of a cluster, as far as alerts and overviews need it. */
export type BackupWatch = {
  readonly now: Date;
  readonly policies: readonly BackupPolicy[];
  readonly parts: readonly WatchedPart[];
  /** The newest of each policy, database and kind that are not deleted, oldest first. */
  readonly backups: readonly CataloguedBackup[];
};

/**
 * The databases that a policy covers now, by name. `standing` = those that are on the cluster; null = not known, then of
 * `*` only those that the policy has backed up before.
 */
export function databasesOf(
  policy: BackupPolicy,
  { standing, backups }: { standing: readonly string[] | null; backups: readonly CataloguedBackup[] },
): readonly string[] {
  const named = policy.content.databases.filter((name) => name !== '*');
  const others = standing ?? backups.filter(({ policyId }) => policyId === policy.id).map(({ database }) => database);
  return [...new Set([...named, ...others])]
    .filter((name) => coversDatabase(policy.content, name) && !isSystemDatabase(name))
    .sort();
}

/** The backups of a database by a policy, newest first. */
export function backupsBy(
  policy: BackupPolicy,
  { database, backups }: { database: string; backups: readonly CataloguedBackup[] },
): readonly CataloguedBackup[] {
  return backups
    .filter((backup) => backup.policyId === policy.id && backup.database === database)
    .toSorted((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
}
