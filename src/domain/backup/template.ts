import type { BackupPolicyContent } from './policy.ts';

/** What a policy is when nothing else is said: the template that Starwarden ships. */
export function templateOf({
  repository,
  databases,
}: Pick<BackupPolicyContent, 'repository' | 'databases'>): BackupPolicyContent {
  return {
    databases,
    exceptDatabases: [],
    repository,
    timeZone: 'UTC',
    tiers: [
      { name: 'weekly', kind: 'FULL', cron: '0 1 * * 0', keep: [{ rule: 'AGE', hours: 4 * 168 }], ...usual },
      { name: 'daily', kind: 'INCREMENTAL', cron: '0 3 * * *', keep: [{ rule: 'AGE', hours: 168 }], ...usual },
      { name: 'six-hourly', kind: 'INCREMENTAL', cron: '30 */6 * * *', keep: [{ rule: 'AGE', hours: 24 }], ...usual },
    ],
    retentionCron: '0 5 * * *',
    keepUsableFulls: 2,
    promiseHours: 12,
    shrunkPercent: 30,
    parallel: 2,
    timeoutSeconds: 86_400,
  };
}

const usual = { jitterSeconds: 300, verify: 'L1' } as const;
