import type { Verification } from '../../../src/domain/backup/backup.ts';
import type { BackupPolicy } from '../../../src/domain/backup/policy.ts';
import type { CataloguedBackup } from '../../../src/domain/backup/usable.ts';
import type { WatchedPart } from '../../../src/domain/backup/watch.ts';
import type { Parts, WatchedBackups } from '../../../src/monitor/read-parts.ts';
import { backup, friday, hour } from '../../domain/backup/catalogued.ts';
import { seen } from './builders.ts';

export const policy: BackupPolicy = {
  ...{ id: 'bpl_1', clusterId: 'clu_1', name: 'nightly', revision: 1, armed: null },
  owner: { id: 'per_1', name: 'Ana' },
  createdAt: new Date(friday.getTime() - 1_000 * hour),
  changedAt: new Date(friday.getTime() - 1_000 * hour),
  content: {
    ...{ databases: ['*'], exceptDatabases: [], repository: 'nightly', timeZone: 'UTC' },
    tiers: [
      { name: 'weekly', kind: 'FULL', cron: '0 3 * * 0', jitterSeconds: 0, keep: [], verify: 'L1' },
      { name: 'daily', kind: 'INCREMENTAL', cron: '0 3 * * *', jitterSeconds: 0, keep: [], verify: 'L0' },
    ],
    ...{ retentionCron: '0 5 * * *', keepUsableFulls: 2, promiseHours: 30, shrunkPercent: 30, parallel: 2 },
    timeoutSeconds: 86_400,
  },
};

export const passed: Verification = {
  ...{ level: 'L1', at: new Date(friday.getTime() - hour), runId: 'run_1', passed: true, message: 'all there' },
  ...{ objects: 3, bytes: 100 },
};
export const failed: Verification = { ...passed, passed: false, message: 'The backup is not whole: 0.dat is missing.' };

/** A verified full backup of `sales` by the policy, so many hours ago. */
export function good(id: string, hoursAgo: number, rest: Partial<CataloguedBackup> = {}): CataloguedBackup {
  return backup(id, hoursAgo * hour, { checks: [passed], ...rest });
}

export const part: WatchedPart = {
  ...{ policyId: 'bpl_1', part: 'daily', state: 'ACTIVE', dueAt: new Date(friday.getTime() + hour) },
  last: { slotAt: new Date(friday.getTime() - 9 * hour), outcome: 'STARTED', reason: null },
};

/** A look at a cluster with the database `sales` and the policy. */
export function watched(changes: Partial<WatchedBackups> = {}): Parts {
  const watch = { now: friday, policies: [policy], parts: [part], backups: [good('1', 9)], standing: ['sales'] };
  return { ...seen([]), backups: { ...watch, ...changes } };
}
