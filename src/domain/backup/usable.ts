import type { Backup, Verification } from './backup.ts';

/** A backup of our history with what decides whether it counts. */
export type CataloguedBackup = Backup & {
  readonly checks: readonly Verification[];
  /** The number of a run that is not over and made the backup or deletes it; null = none. */
  readonly openRun: number | null;
};

/**
 * The moment that a backup is of, in ms; until that is known, the moment at which it began. A frontend whose clock is wrong
 * cannot make it older than its beginning or younger than its end, which are by the clock of our own database: else the
 * newest backup would be deleted as the oldest, or be the newest for weeks.
 */
export function momentOf({
  snapshotAt,
  startedAt,
  finishedAt,
}: Pick<Backup, 'snapshotAt' | 'startedAt' | 'finishedAt'>): number {
  const latest = finishedAt === null ? Number.POSITIVE_INFINITY : finishedAt.getTime();
  return Math.max(startedAt.getTime(), Math.min((snapshotAt ?? startedAt).getTime(), latest));
}

/**
 * The check that shows that the backup is not whole; null = there is none. Each level is answered for by its newest check
 * with a result, or by a later one of a higher level: that the repository still lists a snapshot does not heal missing
 * objects, and a check that could not tell changes nothing.
 */
export function failedCheckOf(checks: readonly Verification[]): Verification | null {
  const told = checks.filter(({ passed }) => passed !== null);
  const failed = told.filter(
    (check) =>
      check.passed === false &&
      !told.some(({ passed, level, at }) => passed === true && level >= check.level && at > check.at),
  );
  return failed.toSorted((a, b) => b.at.getTime() - a.at.getTime())[0] ?? null;
}

/** The newest check of the highest level that passed, unless one has failed since; null = not verified. */
export function passedCheckOf(checks: readonly Verification[]): Verification | null {
  if (failedCheckOf(checks) !== null) return null;
  const passed = checks.filter((check) => check.passed === true);
  const better = (a: Verification, b: Verification) =>
    b.level.localeCompare(a.level) || b.at.getTime() - a.at.getTime();
  return passed.toSorted(better)[0] ?? null;
}

/** Whether the backup by itself can be restored from, as far as we know: complete, and not found damaged since. */
export function isSound({ state, checks }: Pick<CataloguedBackup, 'state' | 'checks'>): boolean {
  return state === 'AVAILABLE' && failedCheckOf(checks) === null;
}

/**
 * The ids of the backups that can be gone back to: sound ones whose base, if they need one, can be gone back to as well
 * and is a backup of the same database. A base that is not among the backups, or that leads back to the backup itself,
 * makes it useless.
 */
export function findUsable(backups: readonly CataloguedBackup[]): ReadonlySet<string> {
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const known = new Map<string, boolean>();
  const decide = (backup: CataloguedBackup): boolean => {
    const decided = known.get(backup.id);
    if (decided !== undefined) return decided;
    known.set(backup.id, false); // what is asked for again before it is decided leads back to itself
    const isUsable = isSound(backup) && hasUsableBase(backup);
    known.set(backup.id, isUsable);
    return isUsable;
  };
  const hasUsableBase = ({ kind, baseId, database }: CataloguedBackup): boolean => {
    if (kind === 'FULL') return true;
    const base = baseId === null ? undefined : byId.get(baseId);
    return base !== undefined && base.database === database && decide(base);
  };
  return new Set(backups.filter(decide).map(({ id }) => id));
}

/**
 * Whether a usable backup has passed a check together with what it is based on; one without a snapshot, because nothing had
 * changed, when its base has. `byId` holds every backup that it may be based on.
 */
export function isVerified(backup: CataloguedBackup, byId: ReadonlyMap<string, CataloguedBackup>): boolean {
  if (backup.snapshot !== null && passedCheckOf(backup.checks) === null) return false;
  if (backup.kind === 'FULL') return true;
  const base = backup.baseId === null ? undefined : byId.get(backup.baseId);
  // usable, so that the chain ends at a full one
  return base !== undefined && isVerified(base, byId);
}
