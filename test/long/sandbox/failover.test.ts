import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../../sandbox/starrocks/helpers/client.ts';
import {
  startCluster,
  type TestCluster,
  type TestNode,
  until,
  untilValue,
} from '../../sandbox/starrocks/helpers/cluster.ts';

let cluster: TestCluster;
let leader: TestNode;
let followers: TestNode[];
let viaFollower: Client;
beforeAll(async () => {
  // A second of this clock without a leader, so that a busy machine does not miss it.
  cluster = await startCluster({ version: '3.4.5', frontends: 3, backends: 1, conf: { sandbox_hand_over_ms: 20_000 } });
  await lookAround();
  const [follower] = followers;
  if (!follower) throw new Error('no follower');
  viaFollower = await cluster.connect(follower);
  await viaFollower.query('CREATE DATABASE shop');
  await viaFollower.query(
    'CREATE TABLE shop.t (id INT) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")',
  );
  await viaFollower.query('INSERT INTO shop.t VALUES (1), (2), (3)');
});
afterAll(() => cluster?.stop());

async function lookAround() {
  leader = await cluster.leader();
  followers = cluster.frontends.filter((frontend) => frontend !== leader);
}

/** What a frontend says of itself; all empty while it does not answer. */
async function ha(frontend: TestNode): Promise<Record<string, string>> {
  const answer = await cluster.http(frontend, '/api/show_meta_info?action=SHOW_HA').catch(() => ({ body: '{}' }));
  return JSON.parse(answer.body);
}

async function backUp(frontend: TestNode) {
  frontend.start();
  const sql = await untilValue(() => cluster.connect(frontend).catch(() => null), 'frontend answers again');
  await until(
    async () =>
      (await sql.query('SHOW FRONTENDS').catch(() => [])).filter(({ Alive }) => Alive === 'true').length === 3,
    'three alive',
  );
  await lookAround();
}

it('passes statements on to the leader and reads its own writes at once', async () => {
  expect(await viaFollower.query('SELECT count(*) AS n FROM shop.t')).toEqual([{ n: 3 }]);
  const rows = await viaFollower.query('SHOW FRONTENDS');
  expect(rows.find(({ Role }) => Role === 'LEADER')).toMatchObject({ IP: leader.address });
  expect(await viaFollower.failure('ALTER SYSTEM DROP FOLLOWER "10.0.0.9:9010"')).toMatchObject({
    message: 'frontend does not exist[10.0.0.9:9010]',
  });
  const texts = cluster.statements().filter(({ text }) => text === 'CREATE DATABASE shop');
  expect(texts).toMatchObject([{ frontend: followers[0]?.address }]);
});

it('changes the configuration of one frontend only, before 3.5', async () => {
  await viaFollower.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_disable_balance" = "true")');
  const onLeader = await cluster.connect(leader);
  const read = async (client: Client) =>
    (await client.query("ADMIN SHOW FRONTEND CONFIG LIKE 'disable_balance'"))[0]?.Value;
  expect([await read(viaFollower), await read(onLeader)]).toEqual(['true', 'false']);
});

it('writes an image on every frontend after CREATE IMAGE', async () => {
  const before = Number((await ha(leader)).current_journal_id);
  await viaFollower.query('ALTER SYSTEM CREATE IMAGE');
  for (const frontend of cluster.frontends) {
    await until(
      async () => Number((await ha(frontend)).last_checkpoint_version) >= before,
      `image on ${frontend.address}`,
    );
    const version = (await ha(frontend)).last_checkpoint_version;
    expect(existsSync(join(frontend.home, 'meta', 'image', `image.${version}`))).toBe(true);
  }
  expect(readFileSync(join(leader.home, 'meta', 'image', 'ROLE'), 'utf8')).toContain('role=FOLLOWER');
});

it('hands over gracefully on SIGUSR1 with three of three alive, and leads nobody meanwhile', async () => {
  const leaving = leader;
  const [onLeaving, onFollower] = [await cluster.connect(leaving), await cluster.connect(followers[0])];
  const gone = leaving.stop('SIGUSR1');
  for (const sql of [onLeaving, onFollower]) {
    const rows = await untilValue(async () => {
      const seen = await sql.query('SHOW FRONTENDS');
      return seen.every(({ Join }) => Join === 'false') ? seen : null;
    }, 'nobody has joined');
    expect(rows.map(({ Role, Alive }) => `${Role} ${Alive}`)).toEqual(Array(3).fill('FOLLOWER true'));
    expect(await sql.failure('CREATE DATABASE lost')).toEqual({
      code: 1064,
      sqlState: 'HY000',
      message: 'Environment is closed.',
    });
  }
  expect((await cluster.http(leaving, '/metrics')).status).toBe(500);
  await until(async () => (await cluster.http(leaving, '/api/health')).status === 500, 'health 500');
  const others = followers;
  await until(async () => {
    const roles = await Promise.all(others.map(async (one) => (await ha(one)).role));
    return roles.includes('LEADER');
  }, 'new leader');
  // Whoever comes is let in, and closed as soon as nothing runs.
  const late = await cluster.connect(leaving).catch(() => null);
  await until(
    () =>
      late === null ||
      late.query('SELECT 1').then(
        () => false,
        () => true,
      ),
    'closed',
  );
  expect(await gone).toBe(0);
  expect(await onFollower.query("SHOW DATABASES LIKE 'lost'")).toEqual([]);
  await backUp(leaving);
});

it('elects a new leader when the leader is killed, and nothing is lost', async () => {
  const killed = leader;
  const survivor = followers[0];
  const sql = await cluster.connect(survivor);
  await sql.query('SHOW FRONTENDS');
  await killed.stop('SIGKILL');
  const said = [];
  while (said.at(-1) !== 'java.net.ConnectException: Connection refused') {
    said.push((await sql.failure('CREATE DATABASE meanwhile')).message);
  }
  expect(said).toEqual(['Socket is closed by peer.', 'java.net.ConnectException: Connection refused']);
  expect(await sql.query('SELECT count(*) AS n FROM shop.t')).toEqual([{ n: 3 }]);
  await lookAround();
  expect(leader).not.toBe(killed);
  await sql.query('INSERT INTO shop.t VALUES (4)');
  await until(
    async () => (await sql.query('SHOW FRONTENDS')).find(({ IP }) => IP === killed.address)?.Alive === 'false',
    'seen dead',
  );
  const row = (await sql.query('SHOW FRONTENDS')).find(({ IP }) => IP === killed.address);
  expect(row).toMatchObject({
    Role: 'FOLLOWER',
    Join: 'true',
    ErrMsg: 'Connection refused',
    StartTime: 'NULL',
    Version: '3.4.5-abcdef0',
  });
  await backUp(killed);
  const back = await cluster.connect(killed);
  expect(await back.query('SELECT count(*) AS n FROM shop.t')).toEqual([{ n: 4 }]);
});

it('goes on with a backup under its old id when the leader dies while it uploads', async () => {
  const [follower] = followers;
  const killed = leader;
  const sql = await cluster.connect(follower);
  await sql.query('CREATE REPOSITORY repo WITH BROKER ON LOCATION "s3://backups/nightly"');
  cluster.setFaults([{ id: 'slow', kind: 'upload-delay', ms: 600_000, times: 1 }]);
  await sql.query('BACKUP SNAPSHOT shop.s TO repo');
  const show = async () => (await sql.query('SHOW BACKUP FROM shop').catch(() => []))[0];
  await until(async () => (await show())?.State === 'UPLOADING', 'uploading');
  const jobId = (await show())?.JobId;
  await killed.stop('SIGKILL');
  await until(async () => (await show())?.State === 'FINISHED', 'finished by the new leader');
  expect(await show()).toMatchObject({ JobId: jobId, Status: '[OK]' });
  await backUp(killed);
});

it('exits as a leader that was asleep while another was elected', async () => {
  const asleep = leader;
  asleep.pause();
  await until(async () => {
    const roles = await Promise.all(
      cluster.frontends.filter((one) => one !== asleep).map(async (one) => (await ha(one)).role),
    );
    return roles.includes('LEADER');
  }, 'another leader');
  asleep.resume();
  expect(await asleep.stop('SIGCONT')).toBe(255);
  await backUp(asleep);
});

it('takes a frontend out of the cluster and lets it come back only with empty metadata', async () => {
  const sql = await cluster.connect(leader);
  const leaving = cluster.frontends.find((frontend) => frontend !== leader);
  expect(await sql.failure(`ALTER SYSTEM DROP OBSERVER "${leaving?.address}:9010"`)).toMatchObject({
    message: `OBSERVER does not exist[${leaving?.address}:9010]`,
  });
  await sql.query(`ALTER SYSTEM DROP FOLLOWER "${leaving?.address}:9010"`);
  await leaving?.stop('SIGKILL');
  leaving?.start();
  expect(await leaving?.stop('SIGCONT')).toBe(255);
  expect(leaving?.log()).toContain('current node is not added to the cluster, will exit');

  rmSync(join(leaving?.home ?? '', 'meta'), { recursive: true });
  mkdirSync(join(leaving?.home ?? '', 'meta'));
  leaving?.start('--helper', `${leader.address}:9010`);
  await sql.query(`ALTER SYSTEM ADD FOLLOWER "${leaving?.address}:9010"`);
  const row = (await sql.query('SHOW FRONTENDS')).find(({ IP }) => IP === leaving?.address);
  expect(row).toMatchObject({
    QueryPort: '0',
    LastHeartbeat: null,
    Alive: 'false',
    StartTime: 'NULL',
    Version: 'NULL',
  });
  await until(async () => (await sql.query('SHOW FRONTENDS')).every(({ Alive }) => Alive === 'true'), 'all alive');
});

it('has no leader without a majority, and says so', async () => {
  const [alone, other] = cluster.frontends.filter((frontend) => frontend !== leader);
  const gone = leader;
  if (!alone || !other) throw new Error('nobody left');
  await other.stop('SIGKILL');
  const sql = await cluster.connect(alone);
  await gone.stop('SIGKILL');
  await until(async () => (await ha(alone)).role === 'UNKNOWN', 'unknown');
  expect(JSON.parse((await cluster.http(alone, '/api/bootstrap')).body)).toMatchObject({
    status: 'FAILED',
    msg: 'not ready',
  });
  expect((await cluster.http(alone, '/api/health')).status).toBe(200);
  expect(await ha(alone)).toMatchObject({ master: 'unknown' });
  expect(await sql.query('SELECT count(*) AS n FROM shop.t')).toEqual([{ n: 4 }]);
  gone.start();
  await until(async () => ['LEADER', 'FOLLOWER'].includes((await ha(alone)).role ?? ''), 'majority again');
});
