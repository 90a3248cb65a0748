import { count as counted } from '../words.ts';
import { applyKeep, type Candidate } from './keep-rules.ts';
import { makePeriodReader, momentInWords } from './periods.ts';
import type { BackupPolicyContent } from './policy.ts';
import { type CataloguedBackup, failedCheckOf, findUsable, isVerified, momentOf, passedCheckOf } from './usable.ts';

/** What may hold a backup, as data. */
export const holdRules = [
  ...(['BEING_MADE', 'RUN_OPEN', 'OTHER_POLICY', 'OTHER_CLUSTER', 'IN_FUTURE', 'PINNED'] as const),
  ...(['DATABASE_GONE', 'DATABASE_LEFT', 'TIER_GONE', 'UNREACHABLE'] as const),
  ...(['TIER', 'FLOOR', 'NEWEST', 'VERIFIED', 'NOTHING_NEWER', 'NEEDED'] as const),
] as const;
export type HoldRule = (typeof holdRules)[number];

export type Hold = {
  readonly rule: HoldRule;
  /** Without a subject: `newest of 2026-W48 (weekly, 4 weeks)`. */
  readonly message: string;
};

export type RetentionPlan = {
  /** In the order in which they have to be deleted: what depends on others before these, and else the oldest first. */
  readonly delete: readonly { readonly backup: CataloguedBackup; readonly because: string }[];
  /** Newest first; with every rule that holds it. */
  readonly keep: readonly { readonly backup: CataloguedBackup; readonly because: readonly Hold[] }[];
};

export type RetentionQuestion = {
  readonly policy: {
    readonly id: string;
    readonly content: Pick<
      BackupPolicyContent,
      'databases' | 'exceptDatabases' | 'timeZone' | 'tiers' | 'keepUsableFulls'
    >;
  };
  /**
   * All backups of the cluster that are not deleted, also those that the policy does not decide about: they may need one
   * of its backups.
   */
  readonly backups: readonly CataloguedBackup[];
  /** The cluster's own id; null = not known, so nothing is deleted. */
  readonly origin: string | null;
  /** The databases that stand on the cluster; null = not known, so nothing is deleted. */
  readonly databases: ReadonlySet<string> | null;
  /** Why the objects of a backup cannot be deleted; null = they can. */
  readonly whyUnreachable: (backup: CataloguedBackup) => string | null;
  readonly now: Date;
};

/** The clocks of a cluster and of the database may differ by so much, in ms. */
const clockToleranceMs = 3_600_000;

/**
 * Decides about the backups of a policy: what is deleted, and what stays because of which rules. A rule more, or a pin
 * more, never deletes more. Ages are measured from the newest usable backup of the database, or from now if that is
 * earlier: so nothing is deleted only because time went by or a clock jumped ahead. What is not known keeps.
 */
export function planRetention(question: RetentionQuestion): RetentionPlan {
  const backups = question.backups.filter(({ state }) => state !== 'DELETED');
  const latest = question.now.getTime() + clockToleranceMs;
  const holds = new Map(backups.map((backup) => [backup.id, whyNotDecided(backup, question, latest)]));
  const decided = backups.filter(({ id }) => holds.get(id)?.length === 0);
  const usable = findUsable(backups);
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const hold = (id: string, rule: HoldRule, message: string) => holds.get(id)?.push({ rule, message });

  const newerUsable = new Map<string, CataloguedBackup>();
  for (const [database, found] of Map.groupBy(decided, (backup) => backup.database)) {
    const ours = found.toSorted(newestFirst);
    const newest = ours.find(({ id }) => usable.has(id));
    if (newest !== undefined) {
      newerUsable.set(database, newest);
      hold(newest.id, 'NEWEST', `newest usable backup of ${database}`);
    }
    const sound = ours.filter(({ id }) => usable.has(id));
    holdVerified(sound, { database, byId, hold });
    holdByTiers(ours, { question, usable, newest, hold });
    holdByFloor(ours, { floor: question.policy.content.keepUsableFulls, database, usable, hold });
  }
  for (const backup of decided)
    holdByItsState(backup, { question, usable, newest: newerUsable.get(backup.database), hold });
  holdBases(backups, holds);

  const byMoment = backups.toSorted(newestFirst);
  const goes = byMoment.filter(({ id }) => holds.get(id)?.length === 0);
  return {
    delete: dependentsFirst(goes).map((backup) => ({
      backup,
      because: whyDeleted(backup, newerUsable.get(backup.database)),
    })),
    keep: byMoment.flatMap((backup) => {
      const because = holds.get(backup.id) ?? [];
      return because.length === 0 ? [] : [{ backup, because }];
    }),
  };
}

function newestFirst(a: CataloguedBackup, b: CataloguedBackup): number {
  return momentOf(b) - momentOf(a) || (a.id < b.id ? 1 : -1);
}

/** Why the policy does not decide about a backup at all: whose it is, and what is not known of it. Such ones fill no place. */
function whyNotDecided(
  backup: CataloguedBackup,
  { policy, origin, now }: Pick<RetentionQuestion, 'policy' | 'origin' | 'now'>,
  latest: number,
): Hold[] {
  const holds: Hold[] = [];
  if (backup.policyId !== policy.id) {
    const whose = backup.policyId === null ? 'made without a policy' : 'made by another policy';
    holds.push({ rule: 'OTHER_POLICY', message: `${whose}: only a person deletes it` });
  }
  if (origin === null || backup.origin === null) {
    const whose = backup.origin === null ? 'the cluster that it was taken from' : 'the id of this cluster';
    holds.push({ rule: 'OTHER_CLUSTER', message: `${whose} is not known` });
  } else if (backup.origin !== origin) {
    holds.push({ rule: 'OTHER_CLUSTER', message: `taken from another cluster (id ${backup.origin})` });
  }
  if (momentOf(backup) > latest) {
    const moment = momentInWords(momentOf(backup));
    holds.push({
      rule: 'IN_FUTURE',
      message: `its time, ${moment}, has not come yet (now ${momentInWords(now.getTime())})`,
    });
  }
  return holds;
}

type Holding = {
  readonly question: RetentionQuestion;
  readonly usable: ReadonlySet<string>;
  /** The newest usable backup of the same database; undefined = there is none. */
  readonly newest: CataloguedBackup | undefined;
  readonly hold: (id: string, rule: HoldRule, message: string) => void;
};

function holdByTiers(ours: readonly CataloguedBackup[], { question, usable, newest, hold }: Holding): void {
  const { policy, now } = question;
  const readPeriods = makePeriodReader(policy.content.timeZone);
  const reference = Math.min(now.getTime(), newest === undefined ? now.getTime() : momentOf(newest));
  const byTier = Map.groupBy(ours, ({ tier }) => tier);
  for (const tier of policy.content.tiers) {
    const candidates = (byTier.get(tier.name) ?? [])
      .filter((backup) => backup.state !== 'DELETING' && !isBeingMade(backup) && !isLeftover(backup))
      .map((backup): Candidate => {
        return { id: backup.id, moment: momentOf(backup), isUsable: usable.has(backup.id) };
      });
    for (const keep of tier.keep) {
      for (const { id, because } of applyKeep(keep, { tier, candidates, reference, readPeriods }))
        hold(id, 'TIER', because);
    }
  }
}

function holdByFloor(
  ours: readonly CataloguedBackup[],
  { floor, database, usable, hold }: Pick<Holding, 'usable' | 'hold'> & { floor: number; database: string },
): void {
  const fulls = ours.filter(({ id, kind }) => kind === 'FULL' && usable.has(id)).slice(0, floor);
  for (const [at, { id }] of fulls.entries())
    hold(id, 'FLOOR', `usable full backup ${at + 1} of the ${floor} of ${database} that always stay`);
}

function holdByItsState(backup: CataloguedBackup, { question, usable, newest, hold }: Holding): void {
  const { id, state, database, tier, pin } = backup;
  const { policy, databases, now } = question;
  if (isBeingMade(backup)) hold(id, 'BEING_MADE', 'it is being made');
  if (backup.openRun !== null) hold(id, 'RUN_OPEN', `R-${backup.openRun} is not over and works on it`);
  if (pin !== null && (pin.until === null || pin.until > now)) {
    const until = pin.until === null ? '' : ` until ${momentInWords(pin.until.getTime())}`;
    hold(id, 'PINNED', `pinned by ${pin.byName}${until}: ${pin.reason}`);
  }
  const unreachable = backup.snapshot === null ? null : question.whyUnreachable(backup);
  if (unreachable !== null) hold(id, 'UNREACHABLE', unreachable);
  // A deletion that was begun is brought to its end: half of a backup is of no use to anybody.
  if (state === 'DELETING') return;
  if (!coversDatabase(policy.content, database)) {
    hold(id, 'DATABASE_LEFT', `${database} is not in the policy any more: a person decides about its backups`);
  } else if (databases === null) {
    hold(id, 'DATABASE_GONE', `it is not known whether ${database} still stands on the cluster`);
  } else if (!databases.has(database)) {
    hold(
      id,
      'DATABASE_GONE',
      `${database} is gone from the cluster, so this may be all that is left: a person decides`,
    );
  }
  if (!isLeftover(backup) && !policy.content.tiers.some(({ name }) => name === tier)) {
    const named = tier === null ? 'it is of no tier' : `the policy has no tier ${tier} any more`;
    hold(id, 'TIER_GONE', `${named}, so no rule says how long it is kept: a person decides`);
  }
  if (!usable.has(id) && (newest === undefined || momentOf(newest) <= momentOf(backup)))
    hold(id, 'NOTHING_NEWER', `it is not usable, but ${database} has no newer usable backup`);
}

/**
 * What newer backups that nobody could verify must not push out: the newest that was verified with its base, which is the
 * recovery point people are shown, and the newest full one that passed the highest level any has.
 */
function holdVerified(
  sound: readonly CataloguedBackup[],
  { database, byId, hold }: Pick<Holding, 'hold'> & { database: string; byId: ReadonlyMap<string, CataloguedBackup> },
): void {
  const newest = sound.find((backup) => isVerified(backup, byId));
  if (newest !== undefined) hold(newest.id, 'VERIFIED', `newest verified backup of ${database}`);
  const levels = new Map(
    sound.flatMap(({ id, kind, checks }) => {
      const level = passedCheckOf(checks)?.level;
      return kind === 'FULL' && level !== undefined ? [[id, level] as const] : [];
    }),
  );
  const highest = [...levels.values()].toSorted().at(-1);
  const full = sound.find(({ id }) => levels.has(id) && levels.get(id) === highest);
  if (full !== undefined) hold(full.id, 'VERIFIED', `newest full backup of ${database} that passed ${highest}`);
}

function isBeingMade({ state }: CataloguedBackup): boolean {
  return state === 'SCHEDULED' || state === 'RUNNING';
}

/** Objects of a backup that never became complete. One that was complete once may still be of some use. */
function isLeftover({ state, backupTimestamp }: CataloguedBackup): boolean {
  return state === 'BROKEN' && backupTimestamp === null;
}

/** Whether a policy backs a database up by its name. */
export function coversDatabase(
  { databases, exceptDatabases }: Pick<BackupPolicyContent, 'databases' | 'exceptDatabases'>,
  database: string,
): boolean {
  return (databases.includes('*') || databases.includes(database)) && !exceptDatabases.includes(database);
}

/** Whatever a backup that stays is based on stays too, however long the chain is. */
function holdBases(backups: readonly CataloguedBackup[], holds: ReadonlyMap<string, Hold[]>): void {
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const needing = new Map<string, number[]>();
  const waiting = backups.filter(({ id }) => (holds.get(id)?.length ?? 0) > 0);
  const seen = new Set(waiting.map(({ id }) => id));
  for (let backup = waiting.pop(); backup !== undefined; backup = waiting.pop()) {
    const base = backup.kind === 'FULL' || backup.baseId === null ? undefined : byId.get(backup.baseId);
    if (base === undefined) continue;
    const moments = needing.get(base.id) ?? [];
    moments.push(momentOf(backup));
    needing.set(base.id, moments);
    if (!seen.has(base.id)) waiting.push(base);
    seen.add(base.id);
  }
  for (const [id, moments] of needing) {
    const newest = momentInWords(moments.reduce((a, b) => Math.max(a, b)));
    const others =
      moments.length === 1
        ? 'the incremental backup of'
        : `${counted(moments.length, 'incremental backup')}, the newest of`;
    holds.get(id)?.push({ rule: 'NEEDED', message: `needed by ${others} ${newest}` });
  }
}

/** What is based on others before these, and else the oldest first. */
function dependentsFirst(backups: readonly CataloguedBackup[]): readonly CataloguedBackup[] {
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const depths = new Map<string, number>();
  const depthOf = (backup: CataloguedBackup): number => {
    const known = depths.get(backup.id);
    if (known !== undefined) return known;
    depths.set(backup.id, 0); // a chain that leads back to itself has no order
    const base = backup.kind === 'FULL' || backup.baseId === null ? undefined : byId.get(backup.baseId);
    const depth = base === undefined ? 0 : depthOf(base) + 1;
    depths.set(backup.id, depth);
    return depth;
  };
  return backups.toSorted((a, b) => depthOf(b) - depthOf(a) || newestFirst(b, a));
}

function whyDeleted(backup: CataloguedBackup, newest: CataloguedBackup | undefined): string {
  if (backup.state === 'DELETING') return 'its deletion was begun and broke off';
  const newer =
    newest === undefined
      ? 'there is a newer usable one'
      : `the one of ${momentInWords(momentOf(newest))} is newer and usable`;
  if (isLeftover(backup)) return `it never became complete, and ${newer}`;
  const failed = failedCheckOf(backup.checks);
  const state =
    failed !== null
      ? `verification ${failed.level} failed`
      : backup.state === 'AVAILABLE'
        ? null
        : `it is ${backup.state.toLowerCase()}`;
  const rule = `no rule of ${backup.tier ?? 'its tier'} keeps it any more`;
  return state === null ? `${rule}; ${newer}` : `${state}, ${rule}, and ${newer}`;
}
