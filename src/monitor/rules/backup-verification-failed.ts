import { z } from 'zod';
import type { Verification } from '../../domain/backup/backup.ts';
import type { BackupPolicy } from '../../domain/backup/policy.ts';
import { type CataloguedBackup, failedCheckOf, findUsable, passedCheckOf } from '../../domain/backup/usable.ts';
import { backupsBy, databasesOf } from '../../domain/backup/watch.ts';
import { goBackTo } from '../backup-words.ts';
import { defineRule } from '../define-rule.ts';
import type { WatchedBackups } from '../read-parts.ts';

/**
 * A backup of a database by a policy was complete and is not whole any more, and no newer one was verified since. A
 * verification that could not tell anything is no finding.
 */
export const backupVerificationFailed = defineRule({
  name: 'backup_verification_failed',
  reads: ['backups'],
  settings: z.object({}),
  judge: ({ backups: watch }) => {
    if (watch === null) return [];
    // An incremental backup that passed is of no use where its base is what was found damaged.
    const usable = findUsable(watch.backups);
    return watch.policies.flatMap((policy) =>
      databasesOf(policy, watch).flatMap((database) => {
        const backups = backupsBy(policy, { ...watch, database });
        const good = backups.findIndex((backup) => usable.has(backup.id) && passedCheckOf(backup.checks) !== null);
        const newer = good === -1 ? backups : backups.slice(0, good);
        const [found] = newer.flatMap((backup) => {
          const check = failedCheckOf(backup.checks);
          return check === null || backup.state === 'DELETING' ? [] : [{ backup, check }];
        });
        return found === undefined ? [] : [{ policy, ...found, watch }];
      }),
    );
  },
  identity: ({ policy, backup }) => ({ policy: policy.name, database: backup.database }),
  nodeId: () => null,
  severity: () => 'HIGH',
  words: ({ policy, backup, check, watch }: Damaged) => ({
    title: {
      now: `A backup of ${backup.database} is not whole`,
      past: `A backup of ${backup.database} was not whole`,
    },
    what: `The verification ${check.level} of the backup ${backup.snapshot ?? backup.id} of ${backup.database} by policy ${policy.name} failed`,
    why: check.message,
    more: '',
    effect: `It does not count any more, nor does what is based on it. ${goBackTo(backup.database, watch)} Take a new full backup, and find out who changes the repository.`,
  }),
  ripens: ({ check }) => ({ forMs: 0, minSamples: 1, startedAt: check.at }),
  over: 'a newer backup of {database} by policy {policy} was verified, or the damaged one is gone',
  inhibits: null,
  isInhibitedByRuns: false,
  isNeverHidden: true,
});

type Damaged = {
  readonly policy: BackupPolicy;
  readonly backup: CataloguedBackup;
  readonly check: Verification;
  readonly watch: WatchedBackups;
};
