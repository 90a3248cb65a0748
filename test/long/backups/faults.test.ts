import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../../src/domain/run.ts';
import { type FaultLab, startFaultLab } from '../../operations/backup/fault-lab.ts';
import type { Row } from '../../sandbox/starrocks/helpers/client.ts';
import { untilValue } from '../../sandbox/starrocks/helpers/cluster.ts';

/*
 * A node or the store fails in the middle of a backup by policy. Each time the end is compared: what the history says of the
 * backup and of its run, what lies in the bucket, and that the next firing makes a whole one.
 */

const speed = 500;
/** StarRocks gives a job up after that long by its own time: 20 seconds here, in which another leader is elected. */
const timeoutSeconds = 10_000;
const whole = ['orders p202501,p202502,p202503', 'users users'];

let lab: FaultLab;
beforeAll(async () => {
  lab = await startFaultLab({ frontends: 3, timeoutSeconds, speed });
}, 120_000);
afterEach(async () => {
  lab.world.cluster.setFaults([]);
  lab.world.s3.faults.clear();
  await lab.world.s3.plug();
  for (const node of stopped.splice(0)) node.start();
});
afterAll(() => lab?.close());

const stopped: { start(): void }[] = [];
const begin = () => lab.ask('runBackupPolicy', { clusterId: lab.clusterId, policyId: lab.policyId, tier: 'weekly' });

/** One tablet takes two seconds of our time, which is long enough to see its job wait for it. */
function hold(kind: 'snapshot-delay' | 'upload-delay'): void {
  lab.world.cluster.setFaults([{ id: `held-${Date.now()}`, kind, ms: 2_000 * speed, times: 1 }]);
}

/** The row of SHOW BACKUP, waited for until the job of this run is in that state. */
async function jobIn(run: Run, state: string): Promise<Row> {
  const sql = await lab.world.cluster.connect(await lab.world.cluster.leader());
  return untilValue(async () => {
    const rows = await sql.query('SHOW BACKUP FROM shop').catch(() => []);
    const name = (await lab.backupOf(run).catch(() => null))?.snapshot;
    return rows.find((row) => row.SnapshotName === name && row.State === state) ?? null;
  }, `a job in ${state}`);
}

const manifestsOf = async (run: Run) =>
  (await lab.keysOf(await lab.backupOf(run))).filter((key) => key.includes('/__info_')).length;

/** One more firing of the same tier is whole, and has a name of its own. */
async function expectNextWhole(before: Run): Promise<void> {
  const last = await lab.backupOf(before);
  const next = await lab.fire('weekly');
  expect(next).toMatchObject({ kind: 'FULL', state: 'AVAILABLE', problem: null });
  expect(next.snapshot).not.toBe(last.snapshot);
  expect(await lab.heldBy(next)).toEqual(whole);
  expect((await lab.keysOf(next)).length).toBe(next.objectCount);
}

async function expectWhole(run: Run): Promise<void> {
  const ended = await lab.ended(run.id);
  expect(ended).toMatchObject({ state: 'SUCCEEDED', failure: null, postCheck: { passed: true } });
  const backup = await lab.backupOf(run);
  expect(backup).toMatchObject({ kind: 'FULL', state: 'AVAILABLE', problem: null });
  expect(await lab.heldBy(backup)).toEqual(whole);
  expect(await manifestsOf(run)).toBe(1);
  expect(await lab.verify(backup)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
  await expectNextWhole(run);
}

/** It is given up: the run and the backup say so with the words of who did, and nothing counts as a backup that has no manifest. */
async function expectBroken(run: Run, why: RegExp): Promise<void> {
  const usable = (await lab.usable()).map(({ id }) => id);
  const ended = await lab.ended(run.id);
  expect(ended).toMatchObject({ state: 'FAILED', failure: { message: expect.stringMatching(why) } });
  const backup = await lab.backupOf(run);
  expect(backup).toMatchObject({ state: 'BROKEN', problem: expect.stringMatching(why) });
  expect(await manifestsOf(run)).toBe(0);
  expect((await lab.usable()).map(({ id }) => id)).toEqual(usable);
}

describe('a leader that is killed', () => {
  it.each([
    ['makes snapshots', 'SNAPSHOTING', () => hold('snapshot-delay')],
    ['uploads', 'UPLOADING', () => hold('upload-delay')],
    [
      'writes its manifest',
      'UPLOAD_INFO',
      () => lab.world.s3.faults.add({ kind: 'internal-error', match: '^PUT .*/__info_' }),
    ],
  ])(
    'while its job %s is followed by one that makes the same backup whole',
    async (_what, state, delay) => {
      delay();
      const run = await begin();
      const job = await jobIn(run, state);
      const leader = await lab.world.cluster.leader();
      await leader.stop('SIGKILL');
      stopped.push(leader);
      lab.world.cluster.setFaults([]);
      lab.world.s3.faults.clear();
      expect(await lab.world.cluster.leader()).not.toBe(leader);
      await expectWhole(run);
      expect((await lab.backupOf(run)).snapshot).toBe(job.SnapshotName);
    },
    120_000,
  );
});

describe('a backup whose upload fails', () => {
  it('is given up when its backend is killed, and the next firing is whole', async () => {
    hold('upload-delay');
    const run = await begin();
    await jobIn(run, 'UPLOADING');
    const [backend] = lab.world.cluster.backends;
    await backend?.stop('SIGKILL');
    lab.world.cluster.setFaults([]);
    backend?.start();
    await expectBroken(run, /StarRocks gave the backup up: \[TIMEOUT/);
    await expectNextWhole(run);
  }, 120_000);

  it('is given up when its key expires in the middle, as is the next one, until there is a key', async () => {
    lab.world.s3.faults.add({ kind: 'key-expired', match: '^PUT .*/__ss_content/', after: 2 });
    await expectBroken(await begin(), /Access Key Id you provided does not exist/);
    const second = await begin();
    await expectBroken(second, /Access Key Id you provided does not exist/);
    lab.world.s3.faults.clear();
    await expectNextWhole(second);
  }, 120_000);

  it('is given up when the bucket is full, and the next firing is whole when there is room', async () => {
    lab.world.s3.faults.add({ kind: 'bucket-full', match: '/__ss_content/', after: 3 });
    const run = await begin();
    await expectBroken(run, /quota exceeded/);
    lab.world.s3.faults.clear();
    await expectNextWhole(run);
  }, 120_000);
});

describe('a repository that cannot be reached for an hour', () => {
  const pass = () => sleep((3_600 / speed) * 1_000);

  it('fails a backup that begins in it, before BACKUP is sent, and not the next one', async () => {
    await lab.world.s3.unplug();
    const run = await begin();
    await expectBroken(run, /ECONNREFUSED/);
    expect((await lab.backupOf(run)).snapshot).toBeNull();
    await pass();
    await lab.world.s3.plug();
    await expectNextWhole(run);
  }, 120_000);

  it('fails a backup that uploads when it begins, and not the next one', async () => {
    hold('upload-delay');
    const run = await begin();
    await jobIn(run, 'UPLOADING');
    await lab.world.s3.unplug();
    await pass();
    await lab.world.s3.plug();
    await expectBroken(run, /StarRocks gave the backup up: \[TIMEOUT.*ECONNREFUSED/);
    await expectNextWhole(run);
  }, 120_000);
});
