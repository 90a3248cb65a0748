import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Client } from './helpers/client.ts';
import { connectTo } from './helpers/client.ts';
import { startCluster, type TestCluster, type TestNode, until } from './helpers/cluster.ts';

/** Each thing that an alert rule is about: it breaks where a monitor looks, and is well again when the rule is gone. */
let cluster: TestCluster;
let sql: Client;
let frontend: TestNode;
let backend: TestNode;
beforeAll(async () => {
  cluster = await startCluster({ frontends: 1, backends: 1, conf: { qe_max_connection: 12 } });
  const [first] = cluster.frontends;
  const [only] = cluster.backends;
  if (first === undefined || only === undefined) throw new Error('the cluster is not as asked for');
  [frontend, backend] = [first, only];
  sql = await cluster.connect();
  await sql.query('CREATE DATABASE shop');
  await sql.query(
    'CREATE TABLE shop.t (k INT, v INT) DUPLICATE KEY (k) DISTRIBUTED BY HASH (k) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  );
});
afterAll(() => cluster?.stop());
beforeEach(() => cluster.setFaults([]));

const break_ = (kind: string, more: object = {}) => cluster.setFaults([{ id: kind, kind, ...more }]);

/** The number of the one series that begins so. */
async function number(node: TestNode, series: string): Promise<number> {
  const { body } = await cluster.http(node, '/metrics');
  const line = body.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

/** Broken while the rule is there, and back when it is not. */
async function breaksAndMends(rule: { kind: string } & object, isBroken: () => Promise<boolean>): Promise<void> {
  const { kind, ...more } = rule;
  expect(await isBroken(), 'before').toBe(false);
  break_(kind, more);
  await until(isBroken, `${kind} is seen`);
  cluster.setFaults([]);
  await until(async () => !(await isBroken()), `${kind} is gone`);
}

const row = async () => (await sql.query('SHOW BACKENDS'))[0] ?? {};
const be = (name: string) => number(backend, `starrocks_be_${name}`);
const fe = (name: string) => number(frontend, name);

it.each([
  { kind: 'heap-crowded', share: 0.95, isBroken: async () => (await fe('jvm_heap_size_bytes{type="used"}')) > 8e9 },
  { kind: 'threads-many', count: 4000, isBroken: async () => (await fe('jvm_thread{type="count"}')) > 4000 },
  {
    kind: 'thread-pool-full',
    match: '^thrift-server-pool$',
    isBroken: async () =>
      (await fe('starrocks_fe_thread_pool{name="thrift-server-pool", type="task_in_queue"}')) >= 1000,
  },
  { kind: 'safe-mode', isBroken: async () => (await fe('starrocks_fe_safe_mode{type="safe_mode"}')) === 1 },
  {
    kind: 'checkpoint-stuck',
    count: 150_000,
    isBroken: async () => (await fe('starrocks_fe_meta_log_count')) > 150_000,
  },
  {
    kind: 'memory-crowded',
    share: 0.93,
    isBroken: async () => (await be('process_mem_bytes')) > 5e10 && (await row()).MemUsedPct === '93.00 %',
  },
  { kind: 'cpu-busy', share: 0.9, isBroken: async () => (await row()).CpuUsedPct === '90.0 %' },
  { kind: 'disk-busy', share: 0.97, isBroken: async () => (await be('max_disk_io_util_percent')) === 97 },
  {
    kind: 'descriptors-used',
    share: 0.9,
    isBroken: async () => (await be('process_fd_num_used')) > 0.8 * (await be('process_fd_num_limit_soft')),
  },
  {
    kind: 'compaction-behind',
    count: 900,
    isBroken: async () =>
      (await be('max_tablet_rowset_num')) === 900 && (await fe('starrocks_fe_max_tablet_compaction_score')) === 900,
  },
  {
    kind: 'queue-full',
    match: '^publish_version$',
    isBroken: async () => (await be('publish_version_queue_count')) === 1000,
  },
  {
    kind: 'disk-crowded',
    share: 0.95,
    path: '/',
    isBroken: async () => String((await row()).MaxDiskUsedPct).startsWith('95'),
  },
  {
    kind: 'metric',
    match: '^starrocks_fe_qps$',
    value: 'NaN',
    isBroken: async () => (await cluster.http(frontend, '/metrics')).body.includes('starrocks_fe_qps NaN\n'),
  },
  {
    kind: 'http-huge',
    bytes: 2_000_000,
    isBroken: async () => (await cluster.http(frontend, '/metrics')).body.length > 1_900_000,
  },
  { kind: 'http-half', isBroken: async () => (await cluster.http(frontend, '/metrics').catch(() => null)) === null },
])('$kind', async ({ isBroken, ...rule }) => {
  await breaksAndMends(rule, isBroken);
});

it('sends a page byte by byte, so that nobody gets it in time', async () => {
  break_('http-trickle', { ms: 200, path: '/metrics' });
  const waiting = fetch(`http://${frontend.address}:8030/metrics`, { signal: AbortSignal.timeout(500) });
  await expect(waiting.then((answer) => answer.text())).rejects.toThrow(/timeout|aborted/i);
  expect((await cluster.http(frontend, '/api/health')).status).toBe(200);
});

it('pretends clients whose queries are slow, fail, and are mistaken, in the shares asked for', async () => {
  break_('traffic', { perSecond: 50, ms: 12_000, share: 0.1, refusedShare: 0.2, timeoutShare: 0.1 });
  await until(async () => (await fe('starrocks_fe_query_total')) > 500, 'some traffic');
  // Of one page: between two of them the clients go on.
  const { body } = await cluster.http(frontend, '/metrics');
  const [all, failed, refused, timedOut, slow, well] = [
    ...['query_total', 'query_err', 'query_analysis_err', 'query_timeout', 'slow_query', 'query_success'],
  ].map((name) => Number(new RegExp(`^starrocks_fe_${name} (.+)$`, 'm').exec(body)?.[1]));
  const share = (part = 0) => Math.round((part / (all ?? 1)) * 10) / 10;
  expect([share(failed), share(refused), share(timedOut)]).toEqual([0.4, 0.2, 0.1]);
  expect(slow).toBeGreaterThan(0.9 * (well ?? 0));
  expect(await fe('starrocks_fe_query_latency_ms{quantile="0.95"}')).toBe(12_000);
});

it('counts a query as slow without making anybody wait', async () => {
  const before = await fe('starrocks_fe_slow_query');
  break_('slow-queries', { ms: 11_000, match: 'SELECT 1' });
  const startedAt = performance.now();
  await sql.query('SELECT 1');
  expect(performance.now() - startedAt).toBeLessThan(5000);
  expect(await fe('starrocks_fe_slow_query')).toBe(before + 1);
});

it('spends time in the garbage collector', async () => {
  const before = await fe('jvm_old_gc{type="time"}');
  break_('gc-pressure', { share: 0.5 });
  await until(async () => (await fe('jvm_old_gc{type="time"}')) > before + 1000, 'time in the collector');
});

it('keeps transactions open, lists them, and refuses the next at the limit', async () => {
  const [db] = (await sql.query("SHOW PROC '/transactions'")).filter(({ DbName }) => DbName === 'shop');
  const running = async () => (await sql.query(`SHOW PROC '/transactions/${db?.DbId}/running'`)).length;
  expect(await running()).toBe(0);
  break_('transactions-running', { count: 1000, match: '^shop$' });
  expect(await running()).toBe(1000);
  expect(await fe('starrocks_fe_txn_running{db="shop"}')).toBe(1000);
  expect((await sql.failure('INSERT INTO shop.t VALUES (1, 1)')).message).toContain('is 1000, larger than limit 1000');
  expect(await fe('starrocks_fe_txn_reject')).toBe(1);
  cluster.setFaults([]);
  await sql.query('INSERT INTO shop.t VALUES (1, 1)');
  expect(await running()).toBe(0);
});

it('fails loads, and lists them', async () => {
  const failed = async () => (await sql.query('SHOW LOAD FROM shop WHERE STATE = "CANCELLED"')).length;
  const before = await failed();
  break_('load-fail', { match: '^shop\\.t$', message: 'Insert has filtered data' });
  await sql.failure('INSERT INTO shop.t VALUES (2, 2)');
  break_('compaction-behind', { count: 1000 });
  expect((await sql.failure('INSERT INTO shop.t VALUES (2, 2)')).message).toContain('too many versions');
  expect(await failed()).toBe(before + 2);
  expect(await fe('starrocks_fe_txn_failed')).toBeGreaterThanOrEqual(2);
});

it('crowds one disk of several', async () => {
  const roots = ['a', 'b'].map((name) => join(cluster.dir, 'two-disks', name));
  for (const root of roots) mkdirSync(root, { recursive: true });
  const two = cluster.addNode('be', { storage_root_path: roots.join(';') });
  two.start();
  const free = (root = '') => number(two, `starrocks_be_disks_avail_capacity{path="${root}"}`).catch(() => Number.NaN);
  await until(async () => (await free(roots[1])) > 0, 'two disks');
  break_('disk-crowded', { path: roots[0] });
  await until(async () => (await free(roots[0])) === 0, 'the first disk is full');
  expect(await free(roots[1])).toBeGreaterThan(80e9);
  await two.stop('SIGKILL');
});

it('shows a tablet that is written all the time as compaction would leave it', async () => {
  for (let version = 0; version < 20; version++) await sql.query(`INSERT INTO shop.t VALUES (${version}, 1)`);
  await until(async () => (await be('max_tablet_rowset_num')) === 15, 'many versions');
  expect(await be('tablet_cumulative_max_compaction_score')).toBe(10);
});

it('loses heartbeats of a backend that answers all else', async () => {
  break_('heartbeats-lost');
  await until(async () => (await row()).Alive === 'false', 'the backend is missed');
  expect((await cluster.http(backend, '/api/health')).status).toBe(200);
  cluster.setFaults([]);
  await until(async () => (await row()).Alive === 'true', 'the backend is back');
});

it('refuses connections above the limits of a user and of the frontend', async () => {
  await sql.query("CREATE USER 'u1' IDENTIFIED BY ''");
  await sql.query("SET PROPERTY FOR 'u1' 'max_user_connections' = '2'");
  expect((await sql.query("SHOW PROPERTY FOR 'u1'"))[0]).toEqual({ Key: 'max_user_connections', Value: '2' });
  const login = () => connectTo(frontend.address, { user: 'u1' });
  const two = [await login(), await login()];
  await expect(login()).rejects.toThrow(/Reach user-level\(qualifiedUser: u1\) connection limit, currentUserMaxConn=2/);
  expect(await fe('starrocks_fe_connection_total{user="u1"}')).toBe(2);
  expect((await two[0]?.failure("SHOW PROPERTY FOR 'root'"))?.code).toBe(5203);
  expect(await two[0]?.query("SHOW PROPERTY FOR 'u1'")).toHaveLength(3);
  for (const one of two) one.close();
  const many: Client[] = [];
  await expect(
    (async () => {
      for (let at = 0; at < 13; at++) many.push(await connectTo(frontend.address));
    })(),
  ).rejects.toThrow(/Reach cluster-wide connection limit, qe_max_connection=12/);
  for (const one of many) one.close();
  await until(async () => (await fe('starrocks_fe_connection_total{user="root"}')) < 3, 'connections are closed');
});
