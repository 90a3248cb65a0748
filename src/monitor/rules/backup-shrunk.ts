import { z } from 'zod';
import type { BackupPolicy } from '../../domain/backup/policy.ts';
import { bytesInWords } from '../../domain/backup/sizes.ts';
import { type CataloguedBackup, isSound } from '../../domain/backup/usable.ts';
import { backupsBy, databasesOf } from '../../domain/backup/watch.ts';
import { count } from '../../domain/words.ts';
import { defineRule } from '../define-rule.ts';

/**
 * The newest full backup of a database by a policy is smaller than the one before, or has fewer tables, by more than the
 * share that the policy names. Holds until the next full backup: it shows what was lost before the old one is deleted.
 */
export const backupShrunk = defineRule({
  name: 'backup_shrunk',
  reads: ['backups'],
  settings: z.object({}),
  judge: ({ backups: watch }) => {
    if (watch === null) return [];
    return watch.policies.flatMap((policy) =>
      databasesOf(policy, watch).flatMap((database) => {
        const [last, before] = backupsBy(policy, { ...watch, database }).filter(
          (backup) => backup.kind === 'FULL' && isSound(backup),
        );
        if (last === undefined || before === undefined) return [];
        const losses = lossesOf(last, before, policy.content.shrunkPercent);
        return losses.length === 0 ? [] : [{ policy, last, before, losses }];
      }),
    );
  },
  identity: ({ policy, last }) => ({ policy: policy.name, database: last.database }),
  nodeId: () => null,
  severity: () => 'MEDIUM',
  words: ({ policy, last, before, losses }: Shrunk) => ({
    title: {
      now: `The full backup of ${last.database} has shrunk`,
      past: `A full backup of ${last.database} had shrunk`,
    },
    what: `The newest full backup of ${last.database} by policy ${policy.name} is smaller than the one before by more than ${policy.content.shrunkPercent} %`,
    why: losses.join(', and '),
    more: '',
    effect: `If nobody deleted so much on purpose, data is missing in the cluster. Compare the tables, and pin the backup of ${before.startedAt.toISOString().slice(0, 10)} (${before.snapshot ?? before.id}) before retention deletes it.`,
  }),
  ripens: ({ last }) => ({ forMs: 0, minSamples: 1, startedAt: last.finishedAt ?? last.startedAt }),
  over: 'the newest full backup of {database} by policy {policy} is not much smaller than the one before',
  inhibits: null,
  isInhibitedByRuns: false,
  isNeverHidden: true,
});

type Shrunk = {
  readonly policy: BackupPolicy;
  readonly last: CataloguedBackup;
  readonly before: CataloguedBackup;
  readonly losses: readonly string[];
};

/** What is not known on one side is not compared. */
function lossesOf(last: CataloguedBackup, before: CataloguedBackup, percent: number): string[] {
  const hasShrunk = (now: number | null, then: number | null) =>
    now !== null && then !== null && then > 0 && now < then * (1 - percent / 100);
  return [
    ...(hasShrunk(last.sizeBytes, before.sizeBytes)
      ? [`${bytesInWords(last.sizeBytes ?? 0)} where ${bytesInWords(before.sizeBytes ?? 0)} were`]
      : []),
    ...(hasShrunk(last.tableCount, before.tableCount)
      ? [`${count(last.tableCount ?? 0, 'table')} where ${before.tableCount} were`]
      : []),
  ];
}
