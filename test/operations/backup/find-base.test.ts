import { describe, expect, it } from 'vitest';
import type { Verification } from '../../../src/domain/backup/backup.ts';
import type { BackupCatalogue } from '../../../src/domain/backup/catalogue.ts';
import type { CataloguedBackup } from '../../../src/domain/backup/usable.ts';
import { findBase, whyBaseIsLost } from '../../../src/operations/backup/take/find-base.ts';
import { backup, day } from '../../domain/backup/catalogued.ts';

const tables = [{ id: 1, name: 'orders', type: 'TABLE', schema: 's', partitions: [] }] as const;
const failed: Verification = {
  level: 'L1',
  at: new Date(),
  ...{ runId: null, passed: false, message: '3 objects are missing', objects: null, bytes: null },
};

function catalogueOf(...backups: readonly CataloguedBackup[]): BackupCatalogue {
  const no = () => Promise.reject(new Error('is not asked for'));
  return {
    ...{ findOfRun: no, find: no, list: no, listChecks: no, readObjectSums: no, findPolicy: no },
    ...{ listPolicies: no, findRepository: no, listRepositories: no },
    listCatalogued: async () => backups,
    readContent: async () => ({ held: { tables }, database: { tables } }),
  };
}

const own = backup('own', 0, { kind: 'INCREMENTAL', state: 'RUNNING', snapshot: null });
const baseOf = async (...backups: readonly CataloguedBackup[]) =>
  (await findBase(catalogueOf(...backups, own), own))?.backup.id ?? null;

describe('the base of an incremental backup', () => {
  it('is the newest full one of the same policy, repository, place and cluster', async () => {
    expect(await baseOf(backup('old', 8 * day), backup('new', day))).toBe('new');
  });

  it.each<[string, Partial<CataloguedBackup>]>([
    ['was found damaged', { checks: [failed] }],
    ['is partial', { state: 'PARTIAL' }],
    ['is being deleted', { state: 'DELETING' }],
    ['was taken from another cluster, whose ids and versions say nothing', { origin: '1700000002' }],
    ['was taken from nobody knows which cluster', { origin: null }],
    ['lies where the repository is not any more', { location: 's3://before' }],
    ['is of another repository', { repository: 'other' }],
    ['is of another policy', { policyId: 'bpl_2' }],
  ])('is not one that %s', async (_what, rest) => {
    expect(await baseOf(backup('old', 8 * day), backup('new', day, rest))).toBe('old');
    expect(await baseOf(backup('new', day, rest))).toBeNull();
  });

  it('is none where the cluster does not say which one it is', async () => {
    const unknown = { ...own, origin: null };
    expect(await findBase(catalogueOf(backup('new', day, { origin: null })), unknown)).toBeNull();
  });

  it('is of no use any more when it was deleted or found damaged meanwhile', async () => {
    const taken = { ...own, baseId: 'new' };
    const why = (...backups: readonly CataloguedBackup[]) => whyBaseIsLost(catalogueOf(...backups), taken);
    expect(await why(backup('new', day))).toBeNull();
    expect(await why()).toMatch(/new that it is based on is deleted$/);
    expect(await why(backup('new', day, { state: 'DELETING' }))).toMatch(/\(DELETING\)$/);
    expect(await why(backup('new', day, { checks: [failed] }))).toMatch(/\(damaged: 3 objects are missing\)$/);
    expect(await whyBaseIsLost(catalogueOf(), { ...taken, kind: 'FULL', baseId: null })).toBeNull();
  });
});
