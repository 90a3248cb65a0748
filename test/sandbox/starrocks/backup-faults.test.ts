import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type BackupWorld, repository, startBackupWorld } from '../../helpers/backup-world.ts';
import { createVirtualClock } from '../../helpers/virtual-clock.ts';
import type { Client, Row } from './helpers/client.ts';
import { untilValue } from './helpers/cluster.ts';

const dir = mkdtempSync(join(tmpdir(), 'clock-'));
const clock = createVirtualClock();
let world: BackupWorld;
beforeAll(async () => {
  const clockFile = join(dir, 'ahead');
  clock.followedBy(clockFile);
  world = await startBackupWorld({ frontends: 3, conf: { sandbox_clock: clockFile } });
});
afterEach(() => {
  world.s3.faults.clear();
  world.cluster.setFaults([]);
});
afterAll(async () => {
  await world?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A connection to the leader of the moment. */
async function atLeader(): Promise<Client> {
  return world.cluster.connect(await world.cluster.leader());
}

async function jobOf(sql: Client, snapshot: string, isSo: (row: Row) => boolean): Promise<Row> {
  return untilValue(async () => {
    const rows = await sql.query('SHOW BACKUP FROM shop').catch(() => []);
    return rows.find((row) => row.SnapshotName === snapshot && isSo(row)) ?? null;
  }, `${snapshot}`);
}

async function replaceLeader(): Promise<Client> {
  const leader = await world.cluster.leader();
  await leader.stop('SIGKILL');
  const left = world.cluster.frontends.filter((one) => one !== leader);
  const next = await untilValue(async () => {
    for (const frontend of left) {
      const answer = await world.cluster.http(frontend, '/api/show_meta_info?action=SHOW_HA').catch(() => null);
      if (answer && JSON.parse(answer.body).role === 'LEADER') return frontend;
    }
    return null;
  }, 'another leader');
  leader.start();
  return untilValue(() => world.cluster.connect(next).catch(() => null), 'the next leader');
}

it('begins a job anew under another id when its leader dies while it makes snapshots', async () => {
  const sql = await atLeader();
  world.cluster.setFaults([{ id: 'held', kind: 'snapshot-delay', ms: 3_600_000 }]);
  await sql.query('BACKUP SNAPSHOT shop.snapshots TO vault ON (users)');
  const before = await jobOf(sql, 'snapshots', ({ State }) => State === 'SNAPSHOTING');
  world.cluster.setFaults([]);
  const next = await replaceLeader();
  const after = await jobOf(next, 'snapshots', ({ FinishedTime }) => FinishedTime !== null);
  expect(after).toMatchObject({ State: 'FINISHED', CreateTime: before.CreateTime });
  expect(after.JobId).not.toBe(before.JobId);
});

it('sends the uploads again under the same id when its leader dies while they go on', async () => {
  const sql = await atLeader();
  world.cluster.setFaults([{ id: 'slow', kind: 'upload-delay', ms: 3_600_000, times: 1 }]);
  await sql.query('BACKUP SNAPSHOT shop.uploads TO vault ON (users)');
  const before = await jobOf(sql, 'uploads', ({ State }) => State === 'UPLOADING');
  world.cluster.setFaults([]);
  const next = await replaceLeader();
  expect(await jobOf(next, 'uploads', ({ FinishedTime }) => FinishedTime !== null)).toMatchObject({
    State: 'FINISHED',
    JobId: before.JobId,
  });
});

it('writes its last file again and again while the bucket is full, and ends when there is room', async () => {
  const sql = await atLeader();
  world.s3.faults.add({ kind: 'bucket-full', match: '__ss_brim/__(meta|info_)' });
  await sql.query('BACKUP SNAPSHOT shop.brim TO vault ON (users)');
  expect(await jobOf(sql, 'brim', ({ State }) => State === 'UPLOAD_INFO')).toMatchObject({ Status: '[OK]' });
  expect(await sql.query('SHOW SNAPSHOT ON vault WHERE SNAPSHOT = "brim"')).toMatchObject([
    { Status: 'ERROR: no snapshot' },
  ]);
  world.s3.faults.clear();
  expect(await jobOf(sql, 'brim', ({ FinishedTime }) => FinishedTime !== null)).toMatchObject({ State: 'FINISHED' });
});

it('says in ErrMsg that a store is away, and no longer when it is back', async () => {
  const sql = await atLeader();
  const errMsg = async () => (await sql.query('SHOW REPOSITORIES'))[0]?.ErrMsg;
  await world.s3.unplug();
  expect(await untilValue(async () => (await errMsg()) ?? null, 'an ErrMsg')).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d: .*ECONNREFUSED/,
  );
  await world.s3.plug();
  await untilValue(async () => ((await errMsg()) === null ? true : null), 'no ErrMsg');
});

it('does not take back an object that was cut short', async () => {
  const sql = await atLeader();
  await sql.query('BACKUP SNAPSHOT shop.cut TO vault ON (users)');
  await jobOf(sql, 'cut', ({ State }) => State === 'FINISHED');
  const data = (await world.objects()).find(({ key }) => key.includes('/__ss_cut/') && key.includes('.dat.'));
  await world.s3.inside.truncate(repository.bucket, data?.key ?? '', 3);
  const [shown] = await sql.query('SHOW SNAPSHOT ON vault WHERE SNAPSHOT = "cut"');
  await sql.query(
    `RESTORE SNAPSHOT shop.cut FROM vault ON (users AS users2) PROPERTIES ("backup_timestamp" = "${shown?.Timestamp}", "replication_num" = "1")`,
  );
  const stuck = await untilValue(async () => {
    const [row] = await sql.query('SHOW RESTORE FROM shop');
    return row && String(row.TaskErrMsg).includes('invalid md5') ? row : null;
  }, 'a refused download');
  expect(stuck).toMatchObject({ State: 'DOWNLOADING', Status: '[OK]' });
  await sql.query('CANCEL RESTORE FROM shop');
});

it('speaks S3 by the clock of the machine while its own time of day is weeks ahead', async () => {
  clock.moveTo(new Date(Date.now() + 21 * 86_400_000));
  const sql = await atLeader();
  await sql.query('BACKUP SNAPSHOT shop.later TO vault ON (users)');
  const row = await jobOf(sql, 'later', ({ FinishedTime }) => FinishedTime !== null);
  expect(row.State).toBe('FINISHED');
  expect(new Date(String(row.CreateTime)).getTime()).toBeGreaterThan(Date.now() + 20 * 86_400_000);
});
