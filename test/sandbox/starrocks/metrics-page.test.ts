import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { families } from '../../../sandbox/starrocks/frontend/metrics-page/families.ts';
import { type Client, connectTo } from './helpers/client.ts';
import { startCluster, type TestCluster, until } from './helpers/cluster.ts';

/** Leader and follower as they were recorded, and a release that says whose numbers they are. */
let cluster: TestCluster;
let sql: Client;
beforeAll(async () => {
  cluster = await startCluster({ version: '4.0.0', frontends: 2, backends: 1 });
  sql = await cluster.connect();
});
afterAll(() => cluster?.stop());

const page = async (at: number) => {
  const node = cluster.frontends[at];
  if (node === undefined) throw new Error(`no frontend ${at}`);
  return (await cluster.http(node, '/metrics')).body;
};

const recorded = (name: string) =>
  readFileSync(new URL(`../../contracts/recorded/metrics-fe-${name}.txt`, import.meta.url), 'utf8');

/** HELP and TYPE lines in their order. */
function titles(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('# '));
}

/** For each series name, in order of appearance: which label keys it has, and how they are written. */
function labelKeys(text: string): [string, string][] {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^([a-zA-Z_][a-zA-Z0-9_]*)(\{.*\})? \S+$/.exec(line) ?? [];
    if (name !== undefined && !found.has(name)) found.set(name, labels.replaceAll(/"[^"]*"/g, '""'));
  }
  return [...found];
}

it('shows the families of a recorded leader, in its order, with its labels', async () => {
  await sql.query('CREATE DATABASE IF NOT EXISTS shop');
  await sql.query('SELECT 1');
  const [ours, theirs] = [await page(0), recorded('leader')];
  expect(titles(ours)).toEqual(titles(theirs));
  expect(labelKeys(ours)).toEqual(labelKeys(theirs));
});

it('shows the families of a recorded follower, which has fewer and some elsewhere', async () => {
  const follower = await cluster.connect(cluster.frontends[1]);
  await follower.failure('SELECT nothing FROM nowhere.nothing');
  const [ours, theirs] = [await page(1), recorded('follower')];
  expect(titles(ours)).toEqual(titles(theirs));
  expect(labelKeys(ours)).toEqual(labelKeys(theirs));
});

it('counts the queries of its clients, and tells their mistakes from its own failures', async () => {
  const before = await numbers(0);
  await sql.query('SELECT 1');
  await sql.failure('SELECT * FROM shop.missing');
  cluster.setFaults([
    { id: 'broken', kind: 'sql-error', match: '^SELECT 2', message: 'Memory of process exceed limit.' },
  ]);
  await sql.failure('SELECT 2');
  cluster.setFaults([]);
  const after = await numbers(0);
  const grown = (name: string) => (after.get(`starrocks_fe_${name}`) ?? 0) - (before.get(`starrocks_fe_${name}`) ?? 0);
  expect({
    all: grown('query_total'),
    well: grown('query_success'),
    failed: grown('query_err'),
    refused: grown('query_analysis_err'),
    internal: grown('query_internal_err'),
  }).toEqual({ all: 3, well: 1, failed: 2, refused: 1, internal: 1 });
});

it('shows the names of failed logins as they were sent, unescaped', async () => {
  for (const user of ['a"b', 'nl\nx']) {
    await expect(connectTo(cluster.frontends[0]?.address ?? '', { user, password: 'no' })).rejects.toThrow();
  }
  const text = await page(0);
  expect(text).toContain('starrocks_fe_connection_total{user="a"b"} 0\n');
  expect(text).toContain('starrocks_fe_connection_total{user="nl\nx"} 0\n');
});

it('answers HEAD with 401, which is for nobody', async () => {
  const url = `http://${cluster.frontends[0]?.address}:8030`;
  for (const path of ['/metrics', '/api/health']) {
    const answer = await fetch(`${url}${path}`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Basic realm=""']);
  }
});

it('shows a backend as the registry of the source writes it: sorted, TYPE only, `,` between labels', async () => {
  const [backend] = cluster.backends;
  if (backend === undefined) throw new Error('no backend');
  const { body } = await cluster.http(backend, '/metrics');
  const own = body.split('\n').filter((line) => line.startsWith('# TYPE starrocks_be_'));
  const names = own.map((line) => line.split(' ')[2] ?? '');
  expect(names).toEqual(names.toSorted());
  expect(body).not.toContain('# HELP starrocks_be_');
  expect(body).toMatch(/^starrocks_be_engine_requests_total\{status="failed",type="clone"\} 0$/m);
  expect(body).toMatch(/^starrocks_be_disks_avail_capacity\{path=".*storage"\} \d+$/m);
  expect(body).toMatch(/^starrocks_be_query_cache_usage_ratio 0\.000000$/m);
  expect(body).toMatch(/^# HELP bthread_count\n# TYPE bthread_count gauge\n/m);
});

it('lists each family once', () => {
  expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
});

async function numbers(at: number): Promise<Map<string, number>> {
  const lines = (await page(at)).split('\n').filter((line) => !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

it('has a page as long as a setting asks for', async () => {
  const large = cluster.addNode('be', { sandbox_metrics_bytes: 200_000 });
  large.start();
  await until(
    async () => ((await cluster.http(large, '/metrics').catch(() => null))?.body.length ?? 0) > 190_000,
    'a long page',
  );
});
