import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Backup } from '../../../src/domain/backup/backup.ts';
import type { Run } from '../../../src/domain/run.ts';
import { retryRun } from '../../../src/runs/control.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { repository } from '../../helpers/backup-world.ts';
import { admin } from '../../helpers/engine.ts';
import { type FaultLab, startFaultLab } from './fault-lab.ts';

/*
 * What happens to a backup while nobody looks. Each time the end is compared: what the history says of the backup and of its
 * run, what lies in the bucket, and what the next one of the policy is based on.
 */

let lab: FaultLab;
beforeAll(async () => {
  lab = await startFaultLab();
});
afterEach(() => {
  lab.world.cluster.setFaults([]);
  lab.world.s3.faults.clear();
});
afterAll(() => lab?.close());

const begin = (tier: string) => lab.ask('runBackupPolicy', { clusterId: lab.clusterId, policyId: lab.policyId, tier });
const insert = (day: string) => lab.world.sql.query(`INSERT INTO shop.orders VALUES (9, '${day}', 'Oslo')`);
const statements = (start: string) =>
  lab.world.cluster.statements().filter(({ user, text }) => user === 'starwarden' && text.startsWith(start)).length;
const whole = ['orders p202501,p202502,p202503', 'users users'];

/** A backup that holds less than was asked for is no success. */
const partial = { state: 'FAILED', postCheck: { passed: false }, failure: { code: 'POSTCHECK_FAILED' } } as const;

async function createBrief(database = 'shop'): Promise<void> {
  await lab.world.sql.query(`CREATE TABLE ${database}.brief (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)
BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
  await lab.world.sql.query(`INSERT INTO ${database}.brief VALUES (1)`);
}

/** BACKUP of `shop` by Starwarden takes effect so many ms late, once. */
function delayBackup(ms: number): void {
  lab.world.cluster.setFaults([{ id: `late-${Date.now()}`, kind: 'sql-delay', match: '^BACKUP.*shop', ms, times: 1 }]);
}

/** Waits until BACKUP was sent, and returns the name in it. */
async function nameSent(run: Run): Promise<string> {
  const chosen = async () => (await lab.backupOf(run).catch(() => null))?.snapshot ?? null;
  await expect.poll(chosen).not.toBeNull();
  await expect
    .poll(async () => (await listSteps(lab.engine.ctx.db, run.id)).find(({ kind }) => kind === 'takeBackup')?.state)
    .toBe('applying');
  return (await chosen()) ?? '';
}

/** An incremental backup of what was changed in one partition, on this base. */
async function expectNextOn(base: Backup): Promise<void> {
  await insert('2025-02-09');
  const next = await lab.fire('daily');
  expect(next).toMatchObject({ kind: 'INCREMENTAL', state: 'AVAILABLE', baseId: base.id });
  expect(await lab.heldBy(next)).toContain('orders p202502');
}

const manifests = async (backup: Backup) => (await lab.keysOf(backup)).filter((key) => key.includes('/__info_')).length;

describe('a database that changes while it is backed up', () => {
  it('keeps a table in its backup that was dropped while its snapshot was made', async () => {
    await createBrief();
    lab.world.cluster.setFaults([{ id: 'held', kind: 'snapshot-delay', ms: 500_000 }]);
    const run = await begin('weekly');
    await lab.world.job('shop', await nameSent(run), ({ State }) => State === 'SNAPSHOTING');
    await lab.world.sql.query('DROP TABLE shop.brief FORCE');
    lab.world.cluster.setFaults([]);
    expect(await lab.ended(run.id)).toMatchObject({ state: 'SUCCEEDED', failure: null, postCheck: { passed: true } });
    const backup = await lab.backupOf(run);
    expect(backup).toMatchObject({ kind: 'FULL', state: 'AVAILABLE', problem: null });
    expect(await lab.heldBy(backup)).toEqual(['brief brief', ...whole]);
    expect((await lab.keysOf(backup)).length).toBe(backup.objectCount);
    await expectNextOn(backup);
  });

  it('is PARTIAL without a table that was dropped before BACKUP, and no base for the next one', async () => {
    const before = await lab.fire('weekly');
    await createBrief();
    delayBackup(1_500);
    const run = await begin('weekly');
    await nameSent(run);
    await lab.world.sql.query('DROP TABLE shop.brief FORCE');
    expect(await lab.ended(run.id)).toMatchObject(partial);
    const backup = await lab.backupOf(run);
    expect(backup).toMatchObject({ state: 'PARTIAL', problem: 'Asked for and not in the snapshot: brief' });
    expect(await lab.heldBy(backup)).toEqual(whole);
    expect(await manifests(backup)).toBe(1);
    await expectNextOn(before);
  });

  it('leaves out a table with temporary partitions after ten minutes, and is PARTIAL for it', async () => {
    const before = await lab.fire('weekly');
    await lab.world.sql.query('ALTER TABLE shop.orders ADD TEMPORARY PARTITION fresh VALUES LESS THAN ("2025-04-01")');
    const run = await begin('weekly');
    const message = async () =>
      (await listSteps(lab.engine.ctx.db, run.id)).find(({ kind }) => kind === 'chooseObjects')?.progress?.message;
    await expect.poll(message).toBe('BACKUP refuses tables with temporary partitions; waits up to 10 min for orders');
    await lab.age(run, 'chooseObjects', 601);
    expect(await lab.ended(run.id)).toMatchObject(partial);
    const backup = await lab.backupOf(run);
    expect(backup).toMatchObject({ state: 'PARTIAL', problem: expect.stringMatching(/temporary partitions: orders$/) });
    expect(await lab.heldBy(backup)).toEqual(['users users']);
    await lab.world.sql.query('ALTER TABLE shop.orders DROP TEMPORARY PARTITION fresh');
    await expectNextOn(before);
  });
});

describe('a name that somebody else takes between the look and BACKUP', () => {
  it('breaks the backup, touches nothing of the other, and is replaced by a retry', async () => {
    await lab.world.sql.query('CREATE DATABASE other');
    await createBrief('other');
    delayBackup(1_500);
    const run = await begin('weekly');
    const name = await nameSent(run);
    const before = await lab.backupOf(run);
    await lab.world.backUp('other', name);
    const theirs = await lab.keysOf(before);
    expect(theirs.some((key) => key.includes('/__info_'))).toBe(true);
    const ended = await lab.ended(run.id);
    expect(ended).toMatchObject({ state: 'FAILED', failure: { message: expect.stringMatching(/already exist/i) } });
    expect(await lab.backupOf(run)).toMatchObject({ id: before.id, state: 'BROKEN', problem: expect.any(String) });
    expect(await lab.keysOf(before)).toEqual(theirs);
    await retryRun(lab.engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await lab.ended(run.id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    const again = await lab.backupOf(run);
    expect(again).toMatchObject({ state: 'AVAILABLE' });
    expect([again.id === before.id, again.snapshot === name]).toEqual([false, false]);
    expect(await lab.keysOf(before)).toEqual(theirs);
    await expectNextOn(again);
  });
});

describe('objects that were damaged after the backup', () => {
  it.each(['missing', 'truncated'])(
    'are found by a verification when one is %s: the next is a full one',
    async (what) => {
      for (const old of await lab.usable()) {
        for (const key of await lab.keysOf(old)) await lab.world.s3.inside.remove(repository.bucket, key);
        await lab.verify(old);
      }
      expect(await lab.usable()).toEqual([]);
      const backup = await lab.fire('weekly');
      expect(await lab.verify(backup)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
      const held = await lab.world.objects(`${lab.world.root}/__ss_${backup.snapshot}/__ss_content/`);
      // A file of a partition without rows has nothing to be cut.
      const key = held.find((each) => each.key.includes('.dat') && each.bytes > 10)?.key ?? '';
      if (what === 'missing') await lab.world.s3.inside.remove(repository.bucket, key);
      else await lab.world.s3.inside.truncate(repository.bucket, key, 1);
      const run = await lab.verify(backup);
      expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'BACKUP_DAMAGED' } });
      const { catalogue } = lab.engine.ctx.connections;
      expect(await catalogue.find(backup.id)).toMatchObject({ state: 'BROKEN', problem: run.failure?.message });
      const next = await lab.fire('daily');
      expect(next).toMatchObject({ kind: 'FULL', state: 'AVAILABLE', baseId: null });
      expect(await lab.heldBy(next)).toEqual(whole);
    },
  );
});

describe('a repository that Starwarden cannot reach by itself', () => {
  it('is told by names only what a backup holds, and nobody counted its objects', async () => {
    await lab.world.createRepository('attic', 's3://backups/attic');
    const from = statements('SHOW SNAPSHOT ON `attic`');
    const input = { clusterId: lab.clusterId, database: 'shop', repository: 'attic' };
    const run = await lab.ask('backUpDatabase', input);
    expect(await lab.ended(run.id)).toMatchObject({ state: 'SUCCEEDED', failure: null, postCheck: { passed: true } });
    const backup = await lab.backupOf(run);
    expect(backup).toMatchObject({
      ...{ state: 'AVAILABLE', tableCount: 2, partitionCount: 4, objectCount: null, sizeBytes: null },
      ...{ verifiedAt: expect.any(Date), snapshotAt: expect.any(Date), problem: null },
    });
    expect(await lab.heldBy(backup)).toEqual(whole);
    expect(statements('SHOW SNAPSHOT ON `attic`')).toBeGreaterThan(from);
  });
});
