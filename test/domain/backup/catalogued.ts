import type { CataloguedBackup } from '../../../src/domain/backup/usable.ts';

export const hour = 3_600_000;
export const day = 24 * hour;
export const friday = new Date('2026-11-27T12:00:00Z');

/** A usable full backup of `sales` in tier `weekly` of policy `bpl_1`, so many ms ago. */
export function backup(id: string, agoMs: number, rest: Partial<CataloguedBackup> = {}): CataloguedBackup {
  const startedAt = new Date(friday.getTime() - agoMs);
  return {
    id,
    clusterId: 'clu_1',
    runId: 'run_1',
    database: 'sales',
    isSelection: false,
    repository: 'nightly',
    location: 's3://backups',
    snapshot: `sales_${id}`,
    state: 'AVAILABLE',
    kind: 'FULL',
    origin: '1700000001',
    policyId: 'bpl_1',
    tier: 'weekly',
    baseId: null,
    backupTimestamp: '2026-11-20-03-00-00-000',
    scheduledFor: null,
    startedAt,
    snapshotAt: startedAt,
    finishedAt: startedAt,
    verifiedAt: startedAt,
    sizeBytes: 100,
    objectCount: 3,
    tableCount: 1,
    partitionCount: 1,
    notHeld: [],
    problem: null,
    pin: null,
    deletedAt: null,
    deletedBecause: null,
    checks: [],
    openRun: null,
    ...rest,
  };
}
