import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStarRocks } from '../../src/adapters/starrocks/mysql2.ts';
import { showFrontends } from '../../src/adapters/starrocks/statements.ts';
import type { Client, Row } from '../sandbox/starrocks/helpers/client.ts';
import {
  startCluster,
  type TestCluster,
  type TestNode,
  until,
  untilValue,
} from '../sandbox/starrocks/helpers/cluster.ts';

/** What a real frontend showed of nodes that come, go and die, beyond the answers of single statements (`topology.jsonl`). */
let cluster: TestCluster;
let sql: Client;
let observer: TestNode;

beforeAll(async () => {
  cluster = await startCluster({ version: '3.5.0', backends: 1, speed: 20 });
  sql = await cluster.connect();
  observer = cluster.addNode('fe');
  await sql.query(`ALTER SYSTEM ADD OBSERVER "${observer.address}:9010"`);
  observer.start('--helper', `${leader().address}:9010`);
  await until(async () => (await frontendAt(observer.address))?.Alive === 'true', 'the observer is alive');
});
afterAll(() => cluster?.stop());

function leader(): TestNode {
  const [first] = cluster.frontends;
  if (first === undefined) throw new Error('no frontend');
  return first;
}

async function frontendAt(address: string): Promise<Row | undefined> {
  return (await sql.query('SHOW FRONTENDS')).find(({ IP }) => IP === address);
}

/** An address of the cluster's block on which nothing runs. */
const nobody = (last: number) => leader().address.replace(/\d+$/, String(last));

describe('a node that was never seen', () => {
  it.each([
    { add: 'FOLLOWER', drop: 'FOLLOWER', port: 9010, list: 'FRONTENDS', text: 'Connection refused' },
    {
      add: 'BACKEND',
      drop: 'BACKEND',
      port: 9050,
      list: 'BACKENDS',
      text: 'java.net.ConnectException: Connection refused',
    },
  ])('has no error at first as $add, then it has', async ({ add, drop, port, list, text }) => {
    // A follower that is known and was never started changes nothing for the majority: it has not joined.
    const address = `${nobody(230)}:${port}`;
    await sql.query(`ALTER SYSTEM ADD ${add} "${address}"`);
    const row = async () => (await sql.query(`SHOW ${list}`)).find(({ IP }) => IP === nobody(230));
    expect(await row()).toMatchObject({ Alive: 'false', ErrMsg: '', LastHeartbeat: null });
    const addedAt = Date.now();
    await until(async () => (await row())?.ErrMsg === text, 'an error');
    // The fourth failed round in a row, which are 250 ms apart here.
    expect(Date.now() - addedAt).toBeGreaterThan(400);
    await sql.query(`ALTER SYSTEM DROP ${drop} "${address}"`);
  });
});

describe('statements about nodes', () => {
  it('drops the first of a list whose second is unknown, and adds nothing of a list with a known one', async () => {
    const [first, second] = [`"${nobody(231)}:9050"`, `"${nobody(232)}:9050"`];
    await sql.query(`ALTER SYSTEM ADD BACKEND ${first}`);
    const listed = async () => (await sql.query('SHOW BACKENDS')).map(({ IP }) => IP);
    expect((await sql.failure(`ALTER SYSTEM ADD BACKEND ${second}, ${first}`)).message).toContain('already exists');
    expect(await listed()).not.toContain(nobody(232));
    expect((await sql.failure(`ALTER SYSTEM DROP BACKEND ${first}, ${second}`)).message).toBe(
      `backend does not exists[${nobody(232)}:9050]`,
    );
    expect(await listed()).not.toContain(nobody(231));
  });

  it('gives the Id of a dropped frontend to the next one, whose Name has another time stamp', async () => {
    const add = `ALTER SYSTEM ADD OBSERVER "${nobody(233)}:9010"`;
    await sql.query(add);
    const before = await frontendAt(nobody(233));
    await sql.query(add.replace('ADD', 'DROP'));
    await sleep(5);
    await sql.query(add);
    const after = await frontendAt(nobody(233));
    await sql.query(add.replace('ADD', 'DROP'));
    expect(after?.Id).toBe(before?.Id);
    expect(after?.Name).not.toBe(before?.Name);
  });

  it('keeps a label with a blank, and takes it away with an empty one', async () => {
    const [backend] = cluster.backends;
    const label = (text: string) =>
      sql.query(`ALTER SYSTEM MODIFY BACKEND "${backend?.address}:9050" SET ("labels.location" = "${text}")`);
    await label('rack: r1');
    expect((await sql.query('SHOW BACKENDS'))[0]?.Location).toBe('rack:r1');
    await label('');
    expect((await sql.query('SHOW BACKENDS'))[0]?.Location).toBe('');
  });

  it('takes everything but true for false in a setting that is a boolean', async () => {
    await sql.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_disable_balance" = "true")');
    for (const value of ['yes', '1', 'on']) {
      await sql.query(`ADMIN SET FRONTEND CONFIG ("tablet_sched_disable_balance" = "${value}")`);
      const [row] = await sql.query("ADMIN SHOW FRONTEND CONFIG LIKE 'tablet_sched_disable_balance'");
      expect(row?.Value).toBe('false');
    }
  });
});

describe('two frontends', () => {
  it('lists the others only among the electable nodes of the leader', async () => {
    const { body } = await cluster.http(leader(), '/api/show_meta_info?action=SHOW_HA');
    expect(JSON.parse(body)).toMatchObject({ role: 'LEADER', electable_nodes: '', observer_nodes: observer.address });
  });

  it('keeps the blacklist of backends for each, and that of statements for all', async () => {
    const there = await cluster.connect(observer);
    const [backend] = await sql.query('SHOW BACKENDS');
    await there.query(`ADD BACKEND BLACKLIST ${backend?.BackendId}`);
    expect(await there.query('SHOW BACKEND BLACKLIST')).toMatchObject([{ AddBlackListType: 'MANUAL' }]);
    expect(await sql.query('SHOW BACKEND BLACKLIST')).toEqual([]);
    await there.query(`DELETE BACKEND BLACKLIST ${backend?.BackendId}`);
    await there.query('ADD SQLBLACKLIST "select .+ from nothing"');
    expect(await sql.query('SHOW SQLBLACKLIST')).toMatchObject([{ 'Forbidden SQL': 'select .+ from nothing' }]);
    await sql.query('DELETE SQLBLACKLIST 0');
    await until(async () => (await there.query('SHOW SQLBLACKLIST')).length === 0, 'it is gone there too');
    there.close();
  });

  it('refuses a setting with 5101 while one is dead, and has changed it where it could', async () => {
    await observer.stop('SIGKILL');
    await until(async () => (await frontendAt(observer.address))?.Alive === 'false', 'it is dead');
    const refused = await sql.failure('ADMIN SET FRONTEND CONFIG ("qe_slow_log_ms" = "4321")');
    expect(refused).toMatchObject({ code: 5101, message: expect.stringContaining(`fe[${observer.address}]`) });
    const [row] = await sql.query("ADMIN SHOW FRONTEND CONFIG LIKE 'qe_slow_log_ms'");
    expect(row?.Value).toBe('4321');
    expect((await sql.query('SHOW PROCESSLIST')).length).toBeGreaterThan(0);
    expect((await sql.failure("KILL QUERY 'nope'")).message).toContain(`Failed to connect to fe ${observer.address}`);
    observer.start();
    await until(async () => (await frontendAt(observer.address))?.Alive === 'true', 'it is back');
  });
});

describe('a frontend that was dropped', () => {
  it('goes on, answers HTTP well, and greets nobody: the adapter says so and asks the next one', async () => {
    await sql.query(`ALTER SYSTEM DROP OBSERVER "${observer.address}:9010"`);
    await untilValue(async () => {
      const { status } = await cluster.http(observer, '/api/health');
      return status === 200 ? true : null;
    }, 'health');
    const starrocks = createStarRocks({ connectTimeoutMs: 300 });
    const target = { user: 'root', password: async () => '', tls: null };
    const [gone, stays] = [observer, leader()].map(({ address }) => ({ host: address, port: 9030 }));
    if (gone === undefined || stays === undefined) throw new Error('two frontends are needed');
    // It replays its own end a moment after the leader answered.
    await until(async () => {
      const alone = starrocks.connect({ ...target, frontends: [gone] });
      return alone.query(showFrontends()).then(
        () => false,
        (error: Error) => /accepts the connection and sends no greeting/.test(error.message),
      );
    }, 'no greeting');
    const both = starrocks.connect({ ...target, frontends: [gone, stays] });
    expect(await both.query(showFrontends())).toHaveLength(1);
    await starrocks.close();
  });
});
