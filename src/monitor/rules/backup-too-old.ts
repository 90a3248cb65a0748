import { z } from 'zod';
import { hoursInWords, momentInWords } from '../../domain/backup/periods.ts';
import type { BackupPolicy } from '../../domain/backup/policy.ts';
import { findRecoveryPoints, type RecoveryPoint } from '../../domain/backup/recovery-point.ts';
import { backupsBy, databasesOf } from '../../domain/backup/watch.ts';
import { nextTime, whyUnreadable } from '../../domain/cron.ts';
import { defineRule } from '../define-rule.ts';
import type { WatchedBackups } from '../read-parts.ts';

const hourMs = 3_600_000;

/**
 * The newest verified backup that a database can be brought back to is older than the policy promises, or there is none. A
 * new policy has time until its first full backup was due; a database that appears later has as long as the promise.
 */
export const backupTooOld = defineRule({
  name: 'backup_too_old',
  reads: ['backups'],
  settings: z.object({}),
  judge: ({ backups: watch }) => {
    if (watch === null) return [];
    if (watch.standing === null && watch.policies.some(({ content }) => content.databases.includes('*')))
      return { unjudged: 'the cluster did not tell its databases' };
    return watch.policies.flatMap((policy) => {
      const databases = databasesOf(policy, watch);
      const points = findRecoveryPoints({ ...watch, databases: watch.standing, policies: [policy] });
      return points
        .filter(({ database, isKept }) => databases.includes(database) && isKept === false)
        .flatMap((point) => (isFirstToCome(policy, point, watch) ? [] : [{ policy, point, watch }]));
    });
  },
  identity: ({ policy, point }) => ({ policy: policy.name, database: point.database }),
  nodeId: () => null,
  severity: ({ point }) => (point.at === null ? 'CRITICAL' : 'HIGH'),
  words: ({ policy, point }: Late) => {
    const { database, at, notCovered } = point;
    const promise = hoursInWords(policy.content.promiseHours);
    const next = 'Look at the runs of the policy, and run a tier now.';
    if (at === null)
      return {
        title: { now: `${database} has no usable backup`, past: `${database} had no usable backup` },
        what: `There is no verified backup of ${database} that one can go back to, and policy ${policy.name} promises one that is at most ${promise} old`,
        why: null,
        more: gapsInWords(notCovered),
        effect: `What is lost in ${database} now is lost for good. ${next}`,
      };
    return {
      title: { now: `The backup of ${database} is too old`, past: `The backup of ${database} was too old` },
      what: `The newest verified backup of ${database} is of ${momentInWords(at.getTime())}, and so older than the ${promise} that policy ${policy.name} promises`,
      why: null,
      more: gapsInWords(notCovered),
      effect: `Whatever was written after that moment cannot be brought back. ${next}`,
    };
  },
  ripens: ({ policy, point, watch }) => {
    const promiseMs = policy.content.promiseHours * hourMs;
    const isNew = point.at === null && backupsBy(policy, { ...watch, database: point.database }).length === 0;
    const startedAt = point.at === null ? null : new Date(point.at.getTime() + promiseMs);
    return { forMs: isNew ? promiseMs : 0, minSamples: 1, startedAt };
  },
  over: 'the newest verified backup of {database} is as young as policy {policy} promises, or nothing is promised any more',
  inhibits: null,
  isInhibitedByRuns: false,
  isNeverHidden: true,
});

/** Some are sentences, others name what no backup of it holds. */
function gapsInWords(notCovered: readonly string[]): string {
  const sentences = notCovered.filter((text) => text.endsWith('.'));
  const names = notCovered.filter((text) => !text.endsWith('.'));
  return [...sentences, ...(names.length === 0 ? [] : [`Not in it: ${names.join('; ')}.`])].join(' ');
}

type Late = { readonly policy: BackupPolicy; readonly point: RecoveryPoint; readonly watch: WatchedBackups };

/** Nothing has ended yet, and the first full backup was not due, or goes on. */
function isFirstToCome(policy: BackupPolicy, { at, database }: RecoveryPoint, watch: WatchedBackups): boolean {
  if (at !== null) return false;
  const backups = backupsBy(policy, { ...watch, database });
  if (backups.some(({ state }) => state !== 'SCHEDULED' && state !== 'RUNNING')) return false;
  if (backups.length > 0) return true;
  const dues = policy.content.tiers
    .filter(({ kind }) => kind === 'FULL')
    .map(({ cron, jitterSeconds }) => {
      const times = { cron, timeZone: policy.content.timeZone };
      // When it was due cannot be told: then it is not the reason for which nothing is there.
      if (whyUnreadable(times) !== null) return Number.NEGATIVE_INFINITY;
      const next = nextTime(times, policy.createdAt);
      return next === null ? Number.POSITIVE_INFINITY : next.getTime() + jitterSeconds * 1_000;
    });
  return dues.length > 0 && watch.now.getTime() <= Math.min(...dues);
}
