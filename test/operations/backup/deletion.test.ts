import { beforeEach, describe, expect, it } from 'vitest';
import type { CataloguedBackup } from '../../../src/domain/backup/usable.ts';
import { AppError } from '../../../src/errors.ts';
import { planDeleteBackup } from '../../../src/operations/backup/delete-backup/delete-backup.ts';
import { observeRetention, readReach } from '../../../src/operations/backup/deletion/observe.ts';
import {
  checkArmed,
  checkNoRestore,
  countBackupObjects,
  removeBackupObjects,
} from '../../../src/operations/backup/deletion/steps.ts';
import { planPruneBackups } from '../../../src/operations/backup/prune-backups/prune-backups.ts';
import { backup, day, friday, hour } from '../../domain/backup/catalogued.ts';
import { type DeletionLab, makeDeletionLab, policy, repository } from './deletion-lab.ts';

let lab: DeletionLab;

const old = { backupId: 'old', database: 'sales', repository: 'nightly', snapshot: 'sales_old' };
const times = { CreateTime: '2026-11-27 11:00:00', Timeout: '86400' };
const job = { JobId: '7', SnapshotName: 'sales_old', DbName: 'sales', State: 'UPLOADING', ...times };
const byPolicy = { ...old, policyId: 'bpl_1', because: 'Retention of nightly' };
const byPerson = { ...old, policyId: null, because: 'A person asked for it' };

/** An old full backup that no rule keeps, and newer ones that fulfil every rule. */
beforeEach(() => {
  lab = makeDeletionLab();
  lab.add(backup('b1', hour), backup('b2', 7 * day), backup('b3', 40 * day), backup('old', 90 * day));
  for (const key of ['__info_2026-08-29.abc', '__meta.def', '__ss_content/__db_1/1.dat.aaa']) {
    lab.put(`__ss_sales_old/${key}`);
    lab.put(`__ss_sales_older/${key}`);
    lab.put(`__ss_sales_b1/${key}`);
  }
});

const prune = () => observeRetention({ clusterId: 'clu_1', policyId: 'bpl_1' }, lab.reading);
const state = (id: string) => lab.backups.get(id)?.state;
const change = (id: string, rest: Partial<CataloguedBackup>) => lab.add({ ...backup(id, 90 * day), ...rest });

async function deleteOld(params: typeof byPolicy | typeof byPerson = byPolicy) {
  await lab.carryOut(countBackupObjects, old);
  return lab.carryOut(removeBackupObjects, params);
}

describe('deleting the objects of a backup', () => {
  it('removes what offers it first, then the rest, and nothing of any other snapshot', async () => {
    await deleteOld();
    expect(lab.removed).toEqual([
      '__ss_sales_old/__info_2026-08-29.abc',
      '__ss_sales_old/__meta.def',
      '__ss_sales_old/__ss_content/__db_1/1.dat.aaa',
    ]);
    expect(lab.objects.size).toBe(7);
    expect(lab.backups.get('old')).toMatchObject({
      state: 'DELETED',
      deletedBecause: 'Retention of nightly; 3 objects with 30 bytes removed',
    });
    expect(lab.sent).toEqual([]);
  });

  it('is DELETING before the first object goes, and goes on after a crash without removing anything twice', async () => {
    await lab.carryOut(countBackupObjects, old);
    lab.beforeRemoval = (keys) => {
      expect(state('old')).toBe('DELETING');
      if (keys.some((key) => key.includes('__meta'))) throw new Error('the worker died');
    };
    await expect(lab.carryOut(removeBackupObjects, byPolicy)).rejects.toThrow('the worker died');
    expect(lab.objects.has('__ss_sales_old/__info_2026-08-29.abc')).toBe(false);
    lab.beforeRemoval = () => {};
    await lab.carryOut(removeBackupObjects, byPolicy, 1);
    expect(state('old')).toBe('DELETED');
    expect(new Set(lab.removed).size).toBe(lab.removed.length);
    expect(await lab.carryOut(removeBackupObjects, byPolicy, 2)).toBe('already');
  });

  it('stops at an object that appeared after it was counted, and leaves that one alone', async () => {
    await lab.carryOut(countBackupObjects, old);
    lab.put('__ss_sales_old/__ss_content/late', new Date(friday.getTime() + 1_000));
    await expect(lab.carryOut(removeBackupObjects, byPolicy)).rejects.toThrow(/3 objects to be deleted, and 4 now/);
    expect(lab.removed).toEqual([]);
    // Nothing has happened to it: it can still be restored from.
    expect(state('old')).toBe('AVAILABLE');
  });

  it('leaves alone what appeared after a deletion broke off, also when it is begun anew', async () => {
    change('old', { state: 'DELETING' });
    lab.put('__ss_sales_old/a_fourth');
    await expect(lab.carryOut(countBackupObjects, old)).rejects.toThrow('it was complete with 3');
    for (const key of ['a_fourth', '__meta.def']) lab.objects.delete(`__ss_sales_old/${key}`);
    lab.put('__ss_sales_old/late', friday);
    await expect(lab.carryOut(countBackupObjects, old)).rejects.toThrow(/written 2026-11-27.*long after/);
    lab.objects.delete('__ss_sales_old/late');
    lab.put('__ss_sales_old/__ss_content/__db_1/1.dat.aaa', new Date(friday.getTime() - 90 * day));
    lab.put('__ss_sales_old/__info_2026-08-29.abc', new Date(friday.getTime() - 90 * day));
    await deleteOld();
    expect(state('old')).toBe('DELETED');
  });

  it('removes no more objects than were counted, whatever their times', async () => {
    await lab.carryOut(countBackupObjects, old);
    lab.beforeRemoval = (keys) => {
      if (keys.some((key) => key.includes('__info_')))
        for (const at of [1, 2]) lab.put(`__ss_sales_old/same_second_${at}`);
    };
    await expect(lab.carryOut(removeBackupObjects, byPolicy)).rejects.toThrow(/something writes there/);
    expect(lab.removed).toEqual(['__ss_sales_old/__info_2026-08-29.abc']);
  });

  it('counts nothing in a store that does not hold the repository', async () => {
    lab.objects.clear();
    await expect(lab.carryOut(countBackupObjects, old)).rejects.toThrow(/holds no __repo_info/);
    expect(state('old')).toBe('AVAILABLE');
  });

  it('says that the bucket keeps older versions', async () => {
    lab.keepsVersions = true;
    await deleteOld();
    expect(lab.backups.get('old')?.deletedBecause).toMatch(/the bucket keeps older versions of 3 of them/);
  });

  it('stops at an object that appears while it deletes, and does not say that it is deleted', async () => {
    await lab.carryOut(countBackupObjects, old);
    let late = 0;
    lab.beforeRemoval = () => {
      late += 1;
      lab.put(`__ss_sales_old/zz_late_${late}`, new Date(friday.getTime() + 1_000));
    };
    await expect(lab.carryOut(removeBackupObjects, byPolicy)).rejects.toThrow(/something writes there/);
    expect(lab.removed).not.toContain('__ss_sales_old/zz_late_1');
    expect(state('old')).toBe('DELETING');
  });

  it('refuses objects that a complete backup did not have', async () => {
    lab.put('__ss_sales_old/somebody_elses');
    await expect(lab.carryOut(countBackupObjects, old)).rejects.toThrow(
      'nightly has 4 objects of sales_old, but it was complete with 3',
    );
  });

  it('does not begin without having counted', async () => {
    await expect(lab.carryOut(removeBackupObjects, byPolicy)).rejects.toThrow('were not counted');
    expect(lab.removed).toEqual([]);
  });

  it('only closes the row of a backup without objects', async () => {
    const empty = { snapshot: null, kind: 'INCREMENTAL', tier: 'six-hourly', baseId: 'b3' } as const;
    lab.add(backup('newer', 2 * day, empty));
    change('old', empty);
    const params = { ...byPolicy, snapshot: null };
    await lab.carryOut(countBackupObjects, { ...old, snapshot: null });
    await lab.carryOut(removeBackupObjects, params);
    expect(state('old')).toBe('DELETED');
    expect(lab.removed).toEqual([]);
  });

  it.each<[string, () => void, RegExp]>([
    [
      'is pinned',
      () => change('old', { pin: { reason: 'audit', until: null, byName: 'Ana' } }),
      /pinned by Ana: audit/,
    ],
    ['is needed', () => lab.add(backup('i', hour, { kind: 'INCREMENTAL', tier: 'daily', baseId: 'old' })), /needed by/],
    ['is of another cluster', () => change('old', { origin: '42' }), /another cluster/],
    [
      'is held by a rule after all',
      () => ['b1', 'b2', 'b3'].forEach((id) => void lab.backups.delete(id)),
      /newest usable/,
    ],
    ['has another snapshot', () => change('old', { snapshot: 'other' }), /something else/],
    [
      'is of a policy that was disarmed',
      () => void Object.assign(lab, { policy: { ...policy, armed: null } }),
      /not armed/,
    ],
    [
      'is of a policy that changed',
      () => void Object.assign(lab, { policy: { ...policy, content: { ...policy.content, parallel: 3 } } }),
      /changed after/,
    ],
    ['is of a policy that was removed', () => void Object.assign(lab, { policy: null }), /policy was removed/],
    [
      'lies in a repository that moved',
      () => void Object.assign(lab, { repository: { ...repository, location: 's3://other' } }),
      /was at s3:\/\/backups then/,
    ],
    [
      'is being restored',
      () => void Object.assign(lab, { restores: [{ Label: 'sales_old', State: 'DOWNLOADING' }] }),
      /A job is running: sales.sales_old \(restore\)/,
    ],
    [
      'is restored into another database',
      () =>
        void Object.assign(lab, {
          databases: ['sales', 'copy'],
          restores: [{ Label: 'sales_old', State: 'DOWNLOADING' }],
        }),
      /\(restore\)/,
    ],
    [
      'is still being written by a job that nobody waits for any more',
      () => void Object.assign(lab, { jobs: [job] }),
      /A job is running: sales.sales_old \(backup\)/,
    ],
    ['has a cluster without one id', () => void Object.assign(lab, { origins: ['1', '2'] }), /not known/],
    ['is of a database that is gone', () => void Object.assign(lab, { databases: [] }), /gone from the cluster/],
  ])('looks again right before and stops when the backup %s', async (_what, happen, why) => {
    await lab.carryOut(countBackupObjects, old);
    happen();
    await expect(lab.carryOut(removeBackupObjects, byPolicy)).rejects.toThrow(why);
    expect(lab.removed).toEqual([]);
    expect(['AVAILABLE', undefined]).toContain(state('old'));
  });

  it('asks StarRocks where it can drop snapshots, and removes what that leaves', async () => {
    lab.version = '4.2.0';
    lab.onDrop = () => void lab.objects.delete('__ss_sales_old/__info_2026-08-29.abc');
    await deleteOld();
    expect(lab.sent).toEqual(['DROP SNAPSHOT `sales_old` ON `nightly`']);
    expect(lab.removed).toHaveLength(2);
    expect(state('old')).toBe('DELETED');
  });

  it('leaves a repository on HDFS to StarRocks, from 4.2 on only', async () => {
    lab.repository = { ...repository, kind: 'HDFS', access: null };
    await expect(deleteOld()).rejects.toThrow(/cannot delete a snapshot before 4.2/);
    lab.version = '4.2.1';
    await deleteOld();
    expect(lab.sent).toEqual(['DROP SNAPSHOT `sales_old` ON `nightly`']);
    expect(state('old')).toBe('DELETED');
  });

  it.each<[string, () => void, RegExp]>([
    [
      'has moved in StarRocks',
      () => void Object.assign(lab, { mountedAt: 's3://other' }),
      /is at s3:\/\/other, and was/,
    ],
    ['is gone from StarRocks', () => void Object.assign(lab, { mountedAt: null }), /has no repository nightly/],
    ['still lists it', () => void lab.listed.add('sales_old'), /still lists sales_old/],
    [
      'refuses and still lists it',
      () => {
        lab.listed.add('sales_old');
        lab.refusal = new AppError('SQL_FAILED', 'another cluster made it');
      },
      /another cluster made it/,
    ],
  ])('does not believe that StarRocks dropped it when the repository %s', async (_what, happen, why) => {
    lab.repository = { ...repository, kind: 'HDFS', access: null };
    lab.version = '4.2.1';
    await lab.carryOut(countBackupObjects, old);
    happen();
    await expect(lab.carryOut(removeBackupObjects, byPolicy)).rejects.toThrow(why);
    expect(state('old')).toBe('DELETING');
  });

  it('believes the list when the answer to DROP SNAPSHOT was lost', async () => {
    lab.repository = { ...repository, kind: 'HDFS', access: null };
    lab.version = '4.2.1';
    lab.refusal = new AppError('SQL_ANSWER_LOST', 'the connection broke');
    await deleteOld();
    expect(state('old')).toBe('DELETED');
  });

  it('does not let StarRocks drop what has its name in a repository elsewhere, and removes its own objects', async () => {
    lab.version = '4.2.0';
    lab.mountedAt = 's3://other';
    await deleteOld();
    expect(lab.sent).toEqual([]);
    expect(lab.removed).toHaveLength(3);
  });
});

describe('a person who deletes a backup', () => {
  const plan = async (id = 'old') => {
    const backups = await lab.reading.catalogue.listCatalogued({ clusterId: 'clu_1' });
    const found = backups.find((each) => each.id === id);
    if (found === undefined) throw new Error('no such backup');
    const reached = await readReach('clu_1', lab.reading);
    return planDeleteBackup(
      { clusterId: 'clu_1', backupId: id },
      { backup: found, backups, policy: lab.policy, ...reached, now: friday },
    );
  };
  const refusals = async (id?: string) => {
    const planned = await plan(id);
    return 'refusals' in planned ? planned.refusals.map(({ code }) => code) : [];
  };

  it('gets a plan of a look, a count and the deletion', async () => {
    expect(await plan()).toMatchObject({
      steps: [{ kind: 'checkNoRestore' }, { kind: 'countBackupObjects' }, { kind: 'removeBackupObjects' }],
      notes: [],
    });
    await deleteOld(byPerson);
    expect(state('old')).toBe('DELETED');
  });

  it.each<[string, () => void, string]>([
    [
      'others need',
      () => lab.add(backup('i', hour, { kind: 'INCREMENTAL', tier: 'daily', baseId: 'old' })),
      'BACKUP_REQUIRED_BY_OTHERS',
    ],
    ['the floor needs', () => ['b2', 'b3'].forEach((id) => void lab.backups.delete(id)), 'RETENTION_FLOOR'],
    ['is pinned', () => change('old', { pin: { reason: 'audit', until: null, byName: 'Ana' } }), 'PRECONDITION_FAILED'],
    ['is of another cluster', () => change('old', { origin: '42' }), 'PRECONDITION_FAILED'],
    ['is of an unknown cluster', () => change('old', { origin: null }), 'PRECONDITION_FAILED'],
    ['is in an unknown repository', () => change('old', { repository: 'attic' }), 'PRECONDITION_FAILED'],
    ['has a name that is not ours', () => change('old', { snapshot: '../up' }), 'PRECONDITION_FAILED'],
    ['is being made', () => change('old', { state: 'RUNNING', openRun: 3 }), 'PRECONDITION_FAILED'],
  ])('is refused one that %s, at once and right before', async (_what, happen, code) => {
    await lab.carryOut(countBackupObjects, old);
    happen();
    expect(await refusals()).toContain(code);
    await expect(lab.carryOut(removeBackupObjects, byPerson)).rejects.toThrow();
    expect(lab.removed).toEqual([]);
  });

  it('may delete what a policy leaves to people, and hears when nothing usable is left', async () => {
    for (const id of ['b1', 'b2', 'b3']) lab.backups.delete(id);
    lab.policy = null;
    expect(await plan()).toMatchObject({ notes: ['No usable backup of sales is left after this'] });
  });
});

describe('a plan of retention', () => {
  it('deletes what no rule keeps, each after it was counted, and says why', async () => {
    const planned = planPruneBackups({ clusterId: 'clu_1', policyId: 'bpl_1' }, await prune());
    expect(planned).toMatchObject({
      summary: 'Delete 1 backup that no rule of nightly keeps',
      steps: [
        { kind: 'checkArmed' },
        { kind: 'checkNoRestore' },
        // A lane of its own: what stands in the way of one backup does not keep the others from being deleted.
        { kind: 'countBackupObjects', params: { backupId: 'old' }, lane: { name: 'sales_old', independent: true } },
        { kind: 'removeBackupObjects', params: { backupId: 'old', policyId: 'bpl_1' }, lane: { width: 1 } },
      ],
      notes: [
        'sales_old goes: no rule of weekly keeps it any more; the one of 2026-11-27 11:00 UTC is newer and usable',
        '3 backups stay; retentionPlan says for each which rules hold it',
      ],
      blockers: [],
    });
  });

  it('is shown while the policy is not armed, and may not be carried out', async () => {
    lab.policy = { ...policy, armed: null };
    const planned = planPruneBackups({ clusterId: 'clu_1', policyId: 'bpl_1' }, await prune());
    expect(planned).toMatchObject({
      blockers: [{ code: 'PRECONDITION_FAILED', message: expect.stringMatching(/not armed/) }],
    });
    const params = { policyId: 'bpl_1', name: 'nightly', contentHash: policy.armed?.contentHash ?? '' };
    await expect(lab.carryOut(checkArmed, params)).rejects.toThrow(/not armed/);
  });

  it('goes on without what is out of reach, and says so', async () => {
    lab.repository = { ...repository, access: null };
    const facts = await prune();
    expect(facts?.plan.delete).toEqual([]);
    expect(facts?.blockers).toEqual([
      'Some backups would be deleted, but the repository nightly is reached only through StarRocks, which cannot delete a snapshot before 4.2',
    ]);
    expect(planPruneBackups({ clusterId: 'clu_1', policyId: 'bpl_1' }, facts)).toMatchObject({ blockers: [] });
  });

  it('deletes nothing while a restore runs', async () => {
    lab.restores = [{ Label: 'sales_b1', State: 'COMMIT' }];
    await expect(lab.carryOut(checkNoRestore, {})).rejects.toThrow('A restore is running: sales.sales_b1 (restore)');
  });

  it('has nothing more to delete once it was carried out', async () => {
    await deleteOld();
    const planned = planPruneBackups({ clusterId: 'clu_1', policyId: 'bpl_1' }, await prune());
    expect(planned).toMatchObject({
      steps: [{ kind: 'checkArmed' }],
      summary: expect.stringMatching(/^Nothing to delete/),
    });
  });
});
