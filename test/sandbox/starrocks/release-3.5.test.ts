import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from './helpers/client.ts';
import { startCluster, type TestCluster, until } from './helpers/cluster.ts';

let cluster: TestCluster;
let sql: Client;
beforeAll(async () => {
  cluster = await startCluster({ frontends: 2, backends: 1 });
  sql = await cluster.connect(cluster.frontends[1]);
});
afterAll(() => cluster?.stop());

async function balanceOff(client: Client) {
  return (await client.query("ADMIN SHOW FRONTEND CONFIG LIKE 'tablet_sched_disable_balance'"))[0]?.Value;
}

it('changes a setting on every frontend, and with PERSISTENT for the next start too', async () => {
  await sql.query('ADMIN SET FRONTEND CONFIG ("disable_balance" = "true") WITH PERSISTENT');
  for (const frontend of cluster.frontends) {
    expect(await balanceOff(await cluster.connect(frontend))).toBe('true');
    expect(readFileSync(join(frontend.home, 'conf', 'fe.conf'), 'utf8')).toMatch(
      /# The user 'root'@'%' added disable_balance=true at [\d: -]+\ndisable_balance = true\n$/,
    );
  }
  expect(await sql.failure('ADMIN SET FRONTEND CONFIG ("http_port" = "1")')).toEqual({
    code: 1064,
    sqlState: 'HY000',
    message: "Config 'http_port' does not exist or is not mutable",
  });
});

it('fails to change a setting when one frontend is away, although the others took it', async () => {
  await sql.query('ALTER SYSTEM ADD OBSERVER "127.0.0.98:9010"');
  const failure = await sql.failure('ADMIN SET FRONTEND CONFIG ("disable_balance" = "false")');
  expect(failure).toMatchObject({
    code: 5101,
    message: expect.stringContaining('Set config failed: set config for fe[127.0.0.98] failed: '),
  });
  expect(await balanceOff(sql)).toBe('false');
  await sql.query('ALTER SYSTEM DROP OBSERVER "127.0.0.98:9010"');
});

it('lists the sessions of all frontends', async () => {
  const first = await cluster.connect(cluster.frontends[0]);
  await first.query('USE sys');
  const names = (await sql.query('SHOW PROCESSLIST')).map(({ ServerName }) => String(ServerName).split('_')[0]);
  expect(new Set(names)).toEqual(new Set(cluster.frontends.map(({ address }) => address)));
});

it('takes in an observer and a compute node, in either order of start and statement', async () => {
  const observer = cluster.addNode('fe');
  observer.start('--helper', `${cluster.frontends[0]?.address}:9010`);
  await sql.query(`ALTER SYSTEM ADD OBSERVER "${observer.address}:9010"`);
  const compute = cluster.addNode('cn');
  await sql.query(`ALTER SYSTEM ADD COMPUTE NODE "${compute.address}:9050"`);
  compute.start();
  await until(async () => (await sql.query('SHOW COMPUTE NODES'))[0]?.Alive === 'true', 'compute node alive');
  await until(async () => (await sql.query('SHOW FRONTENDS')).every(({ Alive }) => Alive === 'true'), 'observer alive');
  const row = (await sql.query('SHOW FRONTENDS')).find(({ IP }) => IP === observer.address);
  expect(row).toMatchObject({ Role: 'OBSERVER', Join: 'true', IsHelper: 'false' });
  const onObserver = await cluster.connect(observer);
  await onObserver.query('CREATE DATABASE through_observer');
  expect(await onObserver.query("SHOW DATABASES LIKE 'through%'")).toHaveLength(1);
});

it('numbers frontends from 1 on, and gives the number of the newest one again when it was dropped', async () => {
  const idOf = async (host: string) => (await sql.query('SHOW FRONTENDS')).find(({ IP }) => IP === host)?.Id;
  const ids = (await sql.query('SHOW FRONTENDS')).map(({ Id }) => Number(Id)).sort();
  expect(ids).toEqual([1, 2, 3]);
  for (const host of ['127.0.0.96', '127.0.0.97']) {
    await sql.query(`ALTER SYSTEM ADD OBSERVER "${host}:9010"`);
    expect(await idOf(host)).toBe('4');
    await sql.query(`ALTER SYSTEM DROP OBSERVER "${host}:9010"`);
  }
});

it('goes on in an observer that was dropped: health is well, and nobody is greeted', async () => {
  const observer = cluster.nodes().find(({ kind, address }) => {
    return kind === 'fe' && !cluster.frontends.some((one) => one.address === address);
  });
  if (!observer) throw new Error('no observer');
  await sql.query(`ALTER SYSTEM DROP OBSERVER "${observer.address}:9010"`);
  for (const restart of [false, true]) {
    if (restart) {
      await observer.stop('SIGTERM');
      observer.start();
    }
    await until(() => greets(observer.address).then((greeted) => greeted === false), 'silent');
    const { status, body } = await cluster.http(observer, '/api/health');
    expect([status, JSON.parse(body).status]).toEqual([200, 'OK']);
    const ha = JSON.parse((await cluster.http(observer, '/api/show_meta_info?action=SHOW_HA')).body);
    expect(ha).toMatchObject({ role: 'OBSERVER', is_ready: 'true' });
  }
});

/** Whether a connection is greeted within a moment; null when there is none. */
function greets(host: string): Promise<boolean | null> {
  return new Promise((resolve) => {
    const socket = connect(9030, host);
    const end = (greeted: boolean | null) => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', () => end(true));
    socket.once('error', () => end(null));
    socket.once('connect', () => setTimeout(() => end(false), 300));
  });
}

it('shows figures with decimal commas, and a frontend twice, where a fault asks for it', async () => {
  cluster.setFaults([
    { id: 'commas', kind: 'decimal-commas' },
    { id: 'twice', kind: 'frontend-twice', match: cluster.frontends[0]?.address },
  ]);
  const [row] = await sql.query('SHOW BACKENDS');
  expect(row?.TotalCapacity).toMatch(/^\d+,\d{3} [GT]B$/);
  expect(row?.MaxDiskUsedPct).toMatch(/^\d+,\d\d %$/);
  const twice = (await sql.query('SHOW FRONTENDS')).filter(({ IP }) => IP === cluster.frontends[0]?.address);
  expect(twice.map(({ Alive }) => Alive).sort()).toEqual(['false', 'true']);
  expect(twice.find(({ Alive }) => Alive === 'false')).toMatchObject({
    Join: 'false',
    ErrMsg: 'got exception',
    StartTime: 'NULL',
    Version: 'UNKNOWN-1e222c2',
  });
  cluster.setFaults([]);
});

it('refuses a compute node that was added as a backend', async () => {
  const compute = cluster.addNode('cn');
  compute.start();
  await sql.query(`ALTER SYSTEM ADD BACKEND "${compute.address}:9050"`);
  await until(async () => {
    const row = (await sql.query('SHOW BACKENDS')).find(({ IP }) => IP === compute.address);
    return row?.ErrMsg === 'expect to be BE but actually CN,Unmatched node type!';
  }, 'refused');
});

it('refuses a backend that belongs to another cluster', async () => {
  const other = await startCluster({ backends: 0 });
  try {
    const elsewhere = await other.connect();
    const [backend] = cluster.backends;
    await elsewhere.query(`ALTER SYSTEM ADD BACKEND "${backend?.address}:9050"`);
    await until(async () => (await elsewhere.query('SHOW BACKENDS'))[0]?.ErrMsg === 'Unmatched cluster id', 'refused');
  } finally {
    await other.stop();
  }
});

it('shows metrics, health and the backend health in the formats of the real thing', async () => {
  const [frontend] = cluster.frontends;
  const [backend] = cluster.backends;
  if (!frontend || !backend) throw new Error('no nodes');
  const metrics = (await cluster.http(frontend, '/metrics')).body;
  expect(metrics).toContain('# TYPE  node_info gauge\n');
  expect(metrics).toMatch(/^node_info\{type="be_node_num", state="alive"\} 1$/m);
  expect(metrics).toMatch(/^starrocks_fe_query_latency_ms\{quantile="0.95"\} \d+\.\d$/m);
  expect((await cluster.http(backend, '/metrics')).body).toMatch(/^starrocks_be_disks_state\{path=".*storage"\} 1$/m);
  expect((await cluster.http(backend, '/api/health')).body).toBe('{"status": "OK","msg": "To Be Added"}');
  expect(await cluster.http(frontend, '/api/show_proc?path=/backends')).toMatchObject({ status: 401 });
});

it('exits at once on SIGUSR1 when too few followers would be left', async () => {
  expect(await cluster.frontends[1]?.stop('SIGUSR1')).toBe(255);
});
