import { z } from 'zod';
import { momentInWords } from '../../domain/backup/periods.ts';
import type { BackupPolicy } from '../../domain/backup/policy.ts';
import { backupsBy, databasesOf, type WatchedPart } from '../../domain/backup/watch.ts';
import { goBackTo } from '../backup-words.ts';
import { defineRule } from '../define-rule.ts';
import type { WatchedBackups } from '../read-parts.ts';

/** A time that nothing has decided about for so long was not decided about: a schedule is looked at every second. */
const patienceMs = 15 * 60_000;

/**
 * A time at which a tier of a policy was due has passed without a run: it was skipped or refused, with the reason that the
 * schedule recorded (a hold, a blackout, a run that still went on, Starwarden itself was away), or nothing has looked at it.
 * A tier whose schedule a person has paused is not due.
 */
export const backupMissed = defineRule({
  name: 'backup_missed',
  reads: ['backups'],
  settings: z.object({}),
  judge: ({ backups: watch }) => {
    if (watch === null) return [];
    return watch.policies.flatMap((policy) =>
      watch.parts
        .filter(
          ({ policyId, part }) => policyId === policy.id && policy.content.tiers.some(({ name }) => name === part),
        )
        .flatMap((part) => {
          const missed = missedTime(part, watch.now);
          return missed === null || isMadeUp(policy, missed.at, watch) ? [] : [{ policy, part, ...missed, watch }];
        }),
    );
  },
  identity: ({ policy, part }) => ({ policy: policy.name, tier: part.part }),
  nodeId: () => null,
  severity: () => 'MEDIUM',
  words: ({ policy, part, at, why, watch }: Missed) => ({
    title: {
      now: `The ${part.part} backup by policy ${policy.name} was missed`,
      past: `A ${part.part} backup by policy ${policy.name} had been missed`,
    },
    what: `The ${part.part} backup by policy ${policy.name} was due at ${momentInWords(at.getTime())} and did not run; missed`,
    why,
    more: '',
    effect: `${databasesOf(policy, watch)
      .slice(0, 3)
      .map((database) => goBackTo(database, watch))
      .join(' ')} Run the tier now if it cannot wait until its next time.`.trim(),
  }),
  ripens: ({ at }) => ({ forMs: 0, minSamples: 1, startedAt: at }),
  over: 'the tier {tier} of policy {policy} has run again, or is not due',
  inhibits: null,
  isInhibitedByRuns: false,
  isNeverHidden: true,
});

type Missed = {
  readonly policy: BackupPolicy;
  readonly part: WatchedPart;
  readonly at: Date;
  readonly why: string;
  readonly watch: WatchedBackups;
};

function missedTime(
  { state, dueAt, last }: WatchedPart,
  now: Date,
): { readonly at: Date; readonly why: string } | null {
  const isLate = state === 'ACTIVE' && dueAt !== null && now.getTime() - dueAt.getTime() > patienceMs;
  if (isLate) return { at: dueAt, why: 'No process of Starwarden has begun it, though it is due' };
  if (last === null || last.reason === null || (last.outcome !== 'SKIPPED' && last.outcome !== 'REFUSED')) return null;
  return { at: last.slotAt, why: last.reason.message };
}

/** Every database that it covers has a complete backup by the policy from later on. */
function isMadeUp(policy: BackupPolicy, since: Date, watch: WatchedBackups): boolean {
  const databases = databasesOf(policy, watch);
  return (
    databases.length > 0 &&
    databases.every((database) =>
      backupsBy(policy, { ...watch, database }).some(
        ({ state, startedAt }) => state === 'AVAILABLE' && startedAt > since,
      ),
    )
  );
}
