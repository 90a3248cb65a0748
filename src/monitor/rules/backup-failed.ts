import { z } from 'zod';
import type { BackupPolicy } from '../../domain/backup/policy.ts';
import { type CataloguedBackup, failedCheckOf } from '../../domain/backup/usable.ts';
import { backupsBy, databasesOf } from '../../domain/backup/watch.ts';
import { goBackTo } from '../backup-words.ts';
import { defineRule } from '../define-rule.ts';
import type { WatchedBackups } from '../read-parts.ts';

/**
 * The newest backup of a database by a policy that has ended is broken, or holds less than it should. One that goes on
 * says nothing yet. A backup that a verification has found damaged is another rule's.
 */
export const backupFailed = defineRule({
  name: 'backup_failed',
  reads: ['backups'],
  settings: z.object({}),
  judge: ({ backups: watch }) => {
    if (watch === null) return [];
    return watch.policies.flatMap((policy) =>
      databasesOf(policy, watch).flatMap((database) => {
        const [last] = backupsBy(policy, { ...watch, database }).filter(hasEnded);
        return last === undefined || isGood(last) ? [] : [{ policy, last, watch }];
      }),
    );
  },
  identity: ({ policy, last }) => ({ policy: policy.name, database: last.database }),
  nodeId: () => null,
  severity: ({ last }) => (last.state === 'PARTIAL' ? 'MEDIUM' : 'HIGH'),
  words: ({ policy, last, watch }: Failed) => {
    const isPartial = last.state === 'PARTIAL';
    return {
      title: isPartial
        ? { now: `The last backup of ${last.database} is partial`, past: `A backup of ${last.database} was partial` }
        : { now: `The last backup of ${last.database} failed`, past: `A backup of ${last.database} had failed` },
      what: `The ${last.tier ?? 'last'} backup of ${last.database} by policy ${policy.name} ${isPartial ? 'holds less than it should' : 'is broken'}`,
      why: last.problem,
      more: '',
      effect: `${goBackTo(last.database, watch)} Look at its run, mend the cause, and run the tier again.`,
    };
  },
  ripens: ({ last }) => ({ forMs: 0, minSamples: 1, startedAt: last.finishedAt ?? last.startedAt }),
  over: 'the newest backup of {database} by policy {policy} is not a failed one any more',
  inhibits: null,
  isInhibitedByRuns: false,
  isNeverHidden: true,
});

type Failed = { readonly policy: BackupPolicy; readonly last: CataloguedBackup; readonly watch: WatchedBackups };

function hasEnded({ state }: CataloguedBackup): boolean {
  return state === 'AVAILABLE' || state === 'PARTIAL' || state === 'BROKEN';
}

/** One that was whole and was found damaged later did not fail; nor does a failure before it count again. */
function isGood({ state, checks }: CataloguedBackup): boolean {
  return state === 'AVAILABLE' || failedCheckOf(checks) !== null;
}
