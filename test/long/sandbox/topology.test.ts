import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../sandbox/starrocks/helpers/client.ts';
import {
  startCluster,
  type TestCluster,
  type TestNode,
  until,
  untilValue,
} from '../../sandbox/starrocks/helpers/cluster.ts';

const speed = 10;
const roundMs = 5000 / speed;
let cluster: TestCluster;
let sql: Client;
beforeAll(async () => {
  cluster = await startCluster({ backends: 3, speed });
  sql = await cluster.connect();
  await sql.query('CREATE DATABASE shop');
  await sql.query(table('pair', 2));
  await sql.query(table('lonely', 1));
  await sql.query('INSERT INTO shop.pair VALUES (1, 10), (2, 20), (3, 30)');
});
afterAll(() => cluster?.stop());

function table(name: string, replicas: number): string {
  return `CREATE TABLE shop.${name} (id INT NOT NULL, n INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 6 PROPERTIES ("replication_num" = "${replicas}")`;
}

async function backend(node: TestNode | undefined) {
  return (await sql.query('SHOW BACKENDS')).find(({ IP }) => IP === node?.address);
}

const missing = '10.0.0.9:9050';

describe('topology statements', () => {
  it.each([
    ['ALTER SYSTEM ADD BACKEND "{be}:9050"', 'Backend already exists with same host {be} and port 9050'],
    ['ALTER SYSTEM ADD COMPUTE NODE "{be}:9050"', 'Backend already exists with same host {be} and port 9050'],
    [`ALTER SYSTEM DROP BACKEND "${missing}"`, `backend does not exists[${missing}]`],
    [`ALTER SYSTEM DROP COMPUTE NODE "${missing}"`, `compute node does not exists[${missing}]`],
    [`ALTER SYSTEM DECOMMISSION BACKEND "${missing}"`, `Backend does not exist[${missing}]`],
    [`CANCEL DECOMMISSION BACKEND "${missing}"`, `Backend does not exist[${missing}]`],
    ['ALTER SYSTEM MODIFY BACKEND HOST "x" TO "localhost"', 'backend [x] not found'],
    ['ALTER SYSTEM MODIFY FRONTEND HOST "x" TO "localhost"', 'frontend [x] not found'],
    ['ALTER SYSTEM MODIFY BACKEND HOST "10.0.0.1" TO "10.0.0.2"', "Can't change ip to ip"],
    ['ALTER SYSTEM ADD FOLLOWER "{fe}:9999"', 'FE with the same host: {fe} already exists'],
    ['ALTER SYSTEM DROP FOLLOWER "{fe}:9010"', 'can not drop current master node.'],
    ['ALTER SYSTEM DROP FOLLOWER "10.0.0.9:9010"', 'frontend does not exist[10.0.0.9:9010]'],
    ['ALTER SYSTEM ADD BACKEND "x"', 'Getting analyzing error. Detail message: Invalid host port: x.'],
    ['ALTER SYSTEM ADD BACKEND "x:70000"', 'Getting analyzing error. Detail message: Port is out of range: 70000.'],
    ['ALTER SYSTEM DECOMMISSION BACKEND "{be}:9050", "{be2}:9050"', 'because the table shop.pair requires 2 replicas.'],
    [
      'ALTER SYSTEM DROP BACKEND "{be}:9050"',
      'Tables such as [shop.lonely] on the backend[{be}:9050] have only one replica.',
    ],
    [
      'SHOW PROC "/tablets"',
      'Getting analyzing error. Detail message: Unknown proc node path: /tablets. msg: Cannot find path: /tablets.',
    ],
    [
      'CREATE TABLE shop.wide (a INT) DISTRIBUTED BY HASH(a) PROPERTIES ("replication_num" = "4")',
      'Table replication num should be less than of equal to the number of available BE nodes. You can change',
    ],
  ])('%s is refused in the words of the real thing', async (text, message) => {
    const fill = (one: string) =>
      one
        .replaceAll('{be}', String(cluster.backends[0]?.address))
        .replaceAll('{be2}', String(cluster.backends[1]?.address))
        .replaceAll('{fe}', String(cluster.frontends[0]?.address));
    expect(await sql.failure(fill(text))).toMatchObject({
      code: 1064,
      message: expect.stringContaining(fill(message)),
    });
  });

  it('checks every address of a list before it adds one', async () => {
    const failure = await sql.failure(
      `ALTER SYSTEM ADD BACKEND "10.0.0.8:9050", "${cluster.backends[0]?.address}:9050"`,
    );
    expect(failure.message).toContain('Backend already exists');
    expect((await sql.query('SHOW BACKENDS')).map(({ IP }) => IP)).not.toContain('10.0.0.8');
  });

  it('shows a new node as CONNECTING until its first heartbeat', async () => {
    await sql.query('ALTER SYSTEM ADD BACKEND "127.0.0.99:9050"');
    const row = (await sql.query('SHOW BACKENDS')).find(({ IP }) => IP === '127.0.0.99');
    expect(row).toMatchObject({
      BePort: '-1',
      HttpPort: '-1',
      LastHeartbeat: null,
      Alive: 'false',
      DataUsedCapacity: '0.000 B',
      AvailCapacity: '1.000 B',
      TotalCapacity: '0.000 B',
      DataTotalCapacity: '0.000 B',
      StatusCode: 'CONNECTING',
    });
    await sql.query('ALTER SYSTEM DROP BACKEND "127.0.0.99:9050"');
  });

  it('keeps a label and takes it away again', async () => {
    const address = `${cluster.backends[0]?.address}:9050`;
    await sql.query(`ALTER SYSTEM MODIFY BACKEND "${address}" SET ("labels.location" = "rack:r1")`);
    expect(await backend(cluster.backends[0])).toMatchObject({ Location: 'rack:r1' });
    expect(
      (await sql.failure(`ALTER SYSTEM MODIFY BACKEND "${address}" SET ("labels.location" = "Rack 1")`)).code,
    ).toBe(1064);
    await sql.query(`ALTER SYSTEM MODIFY BACKEND "${address}" SET ("labels.location" = "")`);
    expect(await backend(cluster.backends[0])).toMatchObject({ Location: '' });
  });
});

describe('a backend process', () => {
  it('writes its pid with a newline and the cluster id after the first heartbeat', () => {
    const home = cluster.backends[0]?.home ?? '';
    expect(readFileSync(join(home, 'bin', 'be.pid'), 'utf8')).toMatch(/^\d+\n$/);
    expect(existsSync(join(home, 'storage', 'cluster_id'))).toBe(true);
    expect(readFileSync(join(cluster.frontends[0]?.home ?? '', 'bin', 'fe.pid'), 'utf8')).toMatch(/^\d+$/);
  });

  it('is dead after the fourth failed heartbeat and not before, and keeps its data', async () => {
    const node = cluster.backends[2];
    await node?.stop('SIGKILL');
    const killedAt = performance.now();
    await sleep(2.5 * roundMs);
    expect(await backend(node)).toMatchObject({ Alive: 'true', ErrMsg: '', StatusCode: 'OK' });
    await until(async () => (await backend(node))?.Alive === 'false', 'dead');
    expect(performance.now() - killedAt).toBeGreaterThan(3 * roundMs);
    expect(await backend(node)).toMatchObject({
      BePort: '9060',
      ErrMsg: 'java.net.ConnectException: Connection refused',
      StatusCode: 'DISCONNECTED',
      Version: '3.5.0-48f4d81',
    });
    expect(await sql.query('SELECT sum(n) AS s FROM shop.pair')).toEqual([{ s: 60 }]);
    expect((await sql.failure('SELECT count(*) FROM shop.lonely')).message).toContain(
      'no queryable replica found in tablet',
    );
    await sql.query('INSERT INTO shop.pair VALUES (4, 40)').catch(() => undefined);
    node?.start();
    await until(async () => (await backend(node))?.Alive === 'true', 'alive again');
    expect(await sql.query('SELECT count(*) AS n FROM shop.lonely')).toEqual([{ n: 0 }]);
  });

  it('says SHUTDOWN at the first heartbeat after SIGTERM and leaves with 0', async () => {
    const node = cluster.backends[2];
    const exit = node?.stop('SIGTERM');
    const row = await untilValue(async () => {
      const seen = await backend(node);
      return seen?.StatusCode === 'OK' ? null : (seen ?? null);
    }, 'shutdown seen');
    expect(row).toMatchObject({ Alive: 'false', StatusCode: 'SHUTDOWN', ErrMsg: 'BE is shutting down' });
    expect(await exit).toBe(0);
    expect(existsSync(join(node?.home ?? '', 'bin', 'be.pid'))).toBe(false);
    node?.start();
    await until(async () => (await backend(node))?.Alive === 'true', 'alive again');
  });

  it('shows the version that lies in its lib directory when it starts', async () => {
    const node = cluster.backends[2];
    await node?.stop('SIGKILL');
    node?.setVersion('3.5.1');
    node?.start();
    await until(async () => (await backend(node))?.Version === '3.5.1-abcdef0', 'new version');
  });

  it('is emptied and vanishes when it is decommissioned, and the rows stay', async () => {
    const node = cluster.backends[2];
    await until(
      async () => (await sql.query('SHOW PROC "/statistic"')).at(-1)?.UnhealthyTabletNum === '0',
      'all healthy',
    );
    const before = await sql.query('SELECT count(*) AS n FROM shop.pair');
    await sql.query(`ALTER SYSTEM DECOMMISSION BACKEND "${node?.address}:9050"`);
    await sql.query(`ALTER SYSTEM DECOMMISSION BACKEND "${node?.address}:9050"`);
    expect(await backend(node)).toMatchObject({ SystemDecommissioned: 'true' });
    await until(async () => (await backend(node)) === undefined, 'row gone', 25_000);
    expect(await sql.query('SELECT count(*) AS n FROM shop.pair')).toEqual(before);
    expect((await sql.query('SHOW PROC "/statistic"')).at(-1)).toMatchObject({ UnhealthyTabletNum: '0' });
  });
});

describe('faults', () => {
  it('executes a statement and loses the answer', async () => {
    cluster.setFaults([{ id: 'lost', kind: 'sql-drop-after', match: 'CREATE DATABASE ghost', times: 1 }]);
    const client = await cluster.connect();
    await expect(client.query('CREATE DATABASE ghost')).rejects.toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
    expect(await sql.query("SHOW DATABASES LIKE 'ghost'")).toHaveLength(1);
    expect((await sql.failure('CREATE DATABASE ghost')).message).toContain('database exists');
  });

  it('drops a connection before anything happens, answers with an error, or late, as often as it is told', async () => {
    cluster.setFaults([
      { id: 'gone', kind: 'sql-drop-before', match: 'CREATE DATABASE never', times: 1 },
      {
        id: 'wrong',
        kind: 'sql-error',
        match: '^SELECT 42',
        code: 5024,
        sqlState: '53400',
        message: 'too late',
        times: 1,
      },
      { id: 'slow', kind: 'sql-delay', match: '^SELECT 43', ms: 300 },
      { id: 'http', kind: 'http-error', path: '/api/health', status: 503, times: 1 },
    ]);
    const client = await cluster.connect();
    await expect(client.query('CREATE DATABASE never')).rejects.toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
    expect(await sql.query("SHOW DATABASES LIKE 'never'")).toHaveLength(0);
    expect(await sql.failure('SELECT 42')).toEqual({ code: 5024, sqlState: '53400', message: 'too late' });
    expect(await sql.query('SELECT 42 AS n')).toEqual([{ n: 42 }]);
    const startedAt = performance.now();
    await sql.query('SELECT 43');
    expect(performance.now() - startedAt).toBeGreaterThan(290);
    const [frontend] = cluster.frontends;
    if (!frontend) throw new Error('no frontend');
    expect((await cluster.http(frontend, '/api/health')).status).toBe(503);
    expect(JSON.parse((await cluster.http(frontend, '/api/health')).body)).toMatchObject({
      status: 'OK',
      online_backend_num: 2,
    });
  });

  it('logs what clients sent and nothing else', () => {
    const texts = cluster.statements().map(({ text }) => text);
    expect(texts.filter((text) => text === 'CREATE DATABASE never')).toHaveLength(1);
    expect(texts).toContain('CREATE DATABASE shop');
  });
});

describe('a session', () => {
  it('runs the statements of one text until the first error', async () => {
    const failure = await sql.failure('CREATE DATABASE one; CREATE DATABASE one; CREATE DATABASE two');
    expect(failure.message).toContain('database exists');
    expect(await sql.query("SHOW DATABASES LIKE 'one'")).toHaveLength(1);
    expect(await sql.query("SHOW DATABASES LIKE 'two'")).toHaveLength(0);
  });

  it('can be killed in the middle of a query, by connection and by query', async () => {
    const victim = await cluster.connect();
    const [row] = await victim.query('SELECT connection_id() AS id');
    const query = victim.query('SELECT sleep(20)');
    const failed = expect(query).rejects.toMatchObject({ errno: 1317 });
    await until(
      async () => (await sql.query('SHOW PROCESSLIST')).some(({ Info }) => Info === 'SELECT sleep(20)'),
      'running',
    );
    await sql.query(`KILL QUERY ${row?.id}`);
    await failed;
    await sql.query(`KILL ${row?.id}`);
    await expect(victim.query('SELECT 1')).rejects.toThrow();
    expect(await sql.failure('KILL 999999')).toMatchObject({ code: 1094, message: 'Unknown thread id: 999999' });
  });
});
