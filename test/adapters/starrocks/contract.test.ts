import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StandInCluster, startStandInCluster } from '../../../sandbox/world/stand-in-cluster.ts';
import { createNodeHttp } from '../../../src/adapters/http/fetch.ts';
import { createStarRocks, type StarRocks } from '../../../src/adapters/starrocks/mysql2.ts';
import {
  parseBackends,
  parseBackupJobs,
  parseComputeNodes,
  parseFrontendConfig,
  parseFrontends,
  parseReplicaTotals,
  parseRepositories,
  parseSnapshots,
} from '../../../src/adapters/starrocks/parse.ts';
import type { StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { readFacts, sqlFacts } from '../../../src/adapters/starrocks/read-facts.ts';
import * as statements from '../../../src/adapters/starrocks/statements.ts';

const http = createNodeHttp();

/** What the adapter sends has to be understood, and what comes back has to be read, whatever the release. */
describe.each([
  { version: '3.2.16', frontends: 1 },
  { version: '3.5.0', frontends: 3 },
])('StarRocks $version', ({ version, frontends }) => {
  const undo = new AsyncDisposableStack();
  let cluster: StandInCluster;
  let starrocks: StarRocks;
  let sql: StarRocksSql;
  let addresses: { host: string; port: number }[];

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'starrocks-contract-'));
    undo.defer(() => rm(dir, { recursive: true, force: true }));
    cluster = await startStandInCluster({ dir, version, frontends, backends: 1, speed: 10 }, undo);
    addresses = cluster.plan.nodes
      .filter(({ kind }) => kind === 'fe')
      .map(({ address, ports }) => ({ host: address, port: ports.query }));
    starrocks = createStarRocks();
    undo.defer(starrocks.close);
    const { sqlUser, sqlPassword } = cluster;
    sql = starrocks.connect({ frontends: addresses, user: sqlUser, password: async () => sqlPassword, tls: null });
  });

  afterAll(() => undo.disposeAsync());

  it('tells its nodes', async () => {
    const rows = parseFrontends(await sql.query(statements.showFrontends()));
    expect(rows.map(({ host }) => host).toSorted()).toEqual(addresses.map(({ host }) => host).toSorted());
    expect(rows.filter(({ role }) => role === 'LEADER').length).toBe(1);
    const [backend] = parseBackends(await sql.query(statements.showBackends()));
    expect(backend).toMatchObject({ alive: true, version: { release: version }, decommissioning: false });
    expect(backend?.totalBytes).toBeGreaterThan(0);
    expect(backend?.startedAt).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(parseComputeNodes(await sql.query(statements.showComputeNodes()))).toEqual([]);
  });

  it('answers what operations ask', async () => {
    const [comment] = await sql.query(statements.versionComment());
    expect(comment?.version_comment).toMatch(new RegExp(`^${version}-[0-9a-f]{7}$`));
    const totals = parseReplicaTotals(await sql.query(statements.showProc('/statistic'), { route: 'leader' }));
    expect(totals).toMatchObject({ unhealthyTablets: 0 });
    expect(totals?.tables).toBeGreaterThan(0);
    const [mode] = parseFrontendConfig(await sql.query(statements.adminShowFrontendConfig('run_mode')));
    expect(mode).toMatchObject({ key: 'run_mode', value: 'shared_nothing', isMutable: false });
    const [repository] = parseRepositories(await sql.query(statements.showRepositories()));
    expect(repository).toMatchObject({ name: 'backups', isReadOnly: false, errorMessage: null });
  });

  it('shows replicas of a table', async () => {
    const table = { database: 'sales', table: 'orders' };
    const replicas = await sql.query(statements.replicaStatus(table));
    expect(new Set(replicas.map(({ Status }) => Status))).toEqual(new Set(['OK']));
    const tables = await sql.query(statements.showTableConfig({ database: 'sales' }));
    expect(tables.map(({ TABLE_NAME }) => TABLE_NAME)).toContain('orders');
  });

  it('answers every fact that is asked by SQL', async () => {
    const frontendsToAsk = addresses.map(({ host, port }, index) => ({ id: `fe${index}`, host, queryPort: port }));
    // Without GRANT, StarRocks tells of oneself only.
    const users = ["no'body", cluster.sqlUser];
    const request = { due: sqlFacts, before: {}, at: new Date(), frontends: frontendsToAsk, users };
    const answers = await readFacts(sql, request, { timeoutMs: 10_000 });
    const problems = Object.entries(answers).filter(([, answer]) => answer !== undefined && 'problem' in answer);
    expect(problems).toEqual([]);
    expect(Object.keys(answers).toSorted()).toEqual([...sqlFacts].toSorted());
    expect(answers.user_connection_limit).toMatchObject({ values: [{ subject: { user: cluster.sqlUser } }] });
    expect(answers.tablets_without_replica).toMatchObject({ values: [{ subject: {}, value: 0 }] });
    expect(answers.transaction_limit).toMatchObject({ values: [{ value: 1_000 }] });
    expect(answers.connection_limit).toMatchObject({
      values: frontendsToAsk.map(({ id }) => ({ subject: { nodeId: id } })),
    });
  });

  it('takes a hostile name for a name', async () => {
    const name = "no`pe; DROP DATABASE sales -- '\n";
    await expect(sql.query(statements.showTables(name))).rejects.toMatchObject({
      code: 'SQL_FAILED',
      message: expect.stringContaining(`Unknown database '${name}'`),
    });
    const databases = await sql.query(statements.showDatabases());
    expect(databases.map(({ Database }) => Database)).toContain('sales');
  });

  it('changes a setting and backs a database up', async () => {
    const key = 'tablet_sched_max_balancing_tablets';
    await sql.query(statements.adminSetFrontendConfig(key, '7'), { route: 'leader' });
    const rows = await sql.query(statements.adminShowFrontendConfig(key), { route: 'leader' });
    expect(parseFrontendConfig(rows)[0]).toMatchObject({ value: '7', aliases: ['max_balancing_tablets'] });

    const backup = { database: 'sales', snapshot: 'contract', repository: 'backups', timeoutSeconds: 600 };
    await sql.query(statements.backUpDatabase(backup));
    const jobs = parseBackupJobs(await sql.query(statements.showBackup('sales')));
    expect(jobs).toMatchObject([{ snapshot: 'contract', database: 'sales', finishedAt: null, timeoutSeconds: 600 }]);
    await sql.query(statements.cancelBackup('sales'));
    const [canceled] = parseBackupJobs(await sql.query(statements.showBackup('sales')));
    expect(canceled).toMatchObject({ state: 'CANCELLED', status: '[COMMON_ERROR, msg: user cancelled]' });
    const absent = statements.showSnapshot({ repository: 'backups', snapshot: 'never made' });
    expect(parseSnapshots(await sql.query(absent))).toMatchObject([{ timestamps: [], status: 'ERROR: no snapshot' }]);
  });

  it('shows its health over HTTP', async () => {
    const node = { host: addresses[0]?.host ?? '', httpPort: cluster.plan.ports.http };
    expect(await http.health(node)).toBe(true);
    expect(await http.frontendHa(node)).toMatchObject({ isReady: true });
    const samples = await http.metrics(node);
    const total = samples.find(({ labels }) => labels.type === 'be_node_num' && labels.state === 'total');
    expect(total).toMatchObject({ name: 'node_info', value: 1 });
    expect(samples.find(({ name }) => name === 'jvm_heap_size_bytes')?.value).toBeGreaterThan(0);
  });

  // A cluster of one frontend has nobody to take over.
  if (frontends === 1) return;
  it('gets a statement to the new leader after the old one died', async () => {
    const before = parseFrontends(await sql.query(statements.showFrontends())).find(({ role }) => role === 'LEADER');
    const leader = cluster.plan.nodes.find(({ address }) => address === before?.host);
    await cluster.controls.kill(leader?.name ?? '');
    const attempt = () =>
      sql.query(statements.createImage(), { route: 'leader' }).then(
        () => 'done',
        (e) => e.code,
      );
    await expect.poll(attempt, { timeout: 20_000, interval: 100 }).toBe('done');
    const after = parseFrontends(await sql.query(statements.showFrontends())).find(({ role }) => role === 'LEADER');
    expect(after?.host).not.toBe(before?.host);
  });
});
