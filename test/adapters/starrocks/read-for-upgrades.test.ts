import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patienceMs } from '../../../sandbox/patience.ts';
import { connectSql } from '../../../sandbox/world/sql.ts';
import { type StandInCluster, startStandInCluster } from '../../../sandbox/world/stand-in-cluster.ts';
import { readFrontendValues } from '../../../src/adapters/starrocks/frontend-config.ts';
import { createStarRocks } from '../../../src/adapters/starrocks/mysql2.ts';
import type { SqlRoute, SqlRow, StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { readDatabaseTablets } from '../../../src/adapters/starrocks/read-database-tablets.ts';
import { readDisks } from '../../../src/adapters/starrocks/read-disks.ts';
import { readReplicaSpread } from '../../../src/adapters/starrocks/read-replica-spread.ts';
import { readRunningQueries } from '../../../src/adapters/starrocks/read-running-queries.ts';
import { findTableOfTablet, readTableReplicas } from '../../../src/adapters/starrocks/read-table-replicas.ts';
import { readRunningWork } from '../../../src/adapters/starrocks/read-work.ts';
import { cancelRepairTable, repairTable, setReplicaBad } from '../../../src/adapters/starrocks/statements.ts';
import { isWell, judgeTablets } from '../../../src/domain/tablets/replicas.ts';
import { tableAwayWith } from '../../../src/domain/upgrade/checks-spread.ts';

/** A cluster that answers by the text of the statement, and tells what it was asked. */
function paper(answers: (text: string, route: SqlRoute) => readonly SqlRow[]) {
  const asked: { text: string; route: SqlRoute }[] = [];
  const sql: StarRocksSql = {
    query: async ({ text }, { route = 'any' } = {}) => {
      asked.push({ text, route });
      return answers(text, route);
    },
  };
  return { sql, asked };
}

const jobs = (JobType: string, Pending: number, Running: number): SqlRow => {
  return { JobType, Pending: String(Pending), Running: String(Running), Finished: '9', Cancelled: '0', Total: '9' };
};

describe('running work', () => {
  it('is told by database and kind; loads that only wait disturb nobody', async () => {
    const { sql, asked } = paper((text) => {
      if (text.endsWith(`'/jobs'`))
        return [
          { DbId: '10', DbName: 'sales' },
          { DbId: '11', DbName: 'hr' },
        ];
      if (text.endsWith(`'/jobs/10'`))
        return [jobs('load', 5, 2), jobs('rollup', 1, 0), jobs('schema_change', 1, 1), jobs('export', 1, 1)];
      return [jobs('load', 3, 0), jobs('optimize', 0, 1)];
    });
    expect(await readRunningWork(sql)).toEqual({
      loads: ['sales: 2 load'],
      schemaChanges: ['sales: 1 rollup', 'sales: 2 schema change', 'hr: 1 optimize'],
    });
    expect(asked.every(({ route }) => route === 'leader')).toBe(true);
  });

  it('is not half told where there are too many databases to ask', async () => {
    const { sql } = paper(() => Array.from({ length: 1_001 }, (_, at) => ({ DbId: String(at), DbName: `d${at}` })));
    await expect(readRunningWork(sql)).rejects.toMatchObject({ code: 'SQL_FAILED' });
  });
});

describe('running queries', () => {
  it('are those of every frontend, each asked by itself', async () => {
    const { sql, asked } = paper((_text, route) => (typeof route === 'object' && route.host === 'a' ? [{}, {}] : [{}]));
    const frontends = [
      { host: 'a', port: 9030 },
      { host: 'b', port: 9030 },
    ];
    expect(await readRunningQueries(sql, frontends)).toBe(3);
    expect(asked.map(({ route }) => route)).toEqual(frontends);
  });
});

describe('the spread of replicas', () => {
  const table = (name: string) => ({ TABLE_SCHEMA: 'sales', TABLE_NAME: name, PROPERTIES: '{"replication_num":"3"}' });
  const replica = (TabletId: string, BackendId: string, Status = 'OK') => ({ TabletId, BackendId, Status });

  it('tells which backends cannot restart together', async () => {
    const { sql } = paper((text) => {
      if (text.includes('tables_config'))
        return [table('t'), { TABLE_SCHEMA: 'sales', TABLE_NAME: 'v', PROPERTIES: '{}' }];
      return [
        ...['1', '2', '3'].map((be) => replica('100', be)),
        ...['1', '4', '5'].map((be) => replica('101', be)),
        replica('102', '6'),
      ];
    });
    const spread = (await readReplicaSpread(sql)) ?? [];
    expect(spread).toHaveLength(3);
    expect(tableAwayWith(spread, ['1', '2'])).toBe('sales.t');
    expect(tableAwayWith(spread, ['2', '4'])).toBeNull();
    expect(tableAwayWith(spread, ['6', '2'])).toBeNull(); // one replica is away with its backend in any case
  });

  it('does not count on a replica that is not well', async () => {
    const { sql } = paper((text) =>
      text.includes('tables_config')
        ? [table('t')]
        : [...['1', '2', '3', '4'].map((be) => replica('1', be)), replica('1', '5', 'BAD')],
    );
    const spread = (await readReplicaSpread(sql)) ?? [];
    expect(tableAwayWith(spread, ['1', '2'])).toBe('sales.t');
    expect(tableAwayWith(spread, ['1', '5'])).toBeNull();
  });

  it('is not known where there are too many tables to ask', async () => {
    const { sql, asked } = paper(() => Array.from({ length: 201 }, (_, at) => table(`t${at}`)));
    expect(await readReplicaSpread(sql)).toBeNull();
    expect(asked).toHaveLength(1);
  });
});

describe('a cluster of the sandbox', () => {
  const undo = new AsyncDisposableStack();
  let cluster: StandInCluster;
  let sql: StarRocksSql;
  let frontends: { host: string; port: number }[];

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'read-for-upgrades-'));
    undo.defer(() => rm(dir, { recursive: true, force: true }));
    cluster = await startStandInCluster({ dir, version: '3.4.6', frontends: 3, backends: 3, speed: 20 }, undo);
    frontends = cluster.plan.nodes
      .filter(({ kind }) => kind === 'fe')
      .map(({ address, ports }) => ({ host: address, port: ports.query }));
    const starrocks = createStarRocks();
    undo.defer(starrocks.close);
    const { sqlUser, sqlPassword } = cluster;
    sql = starrocks.connect({ frontends, user: sqlUser, password: async () => sqlPassword, tls: null });
  });

  afterAll(() => undo.disposeAsync());

  it('answers every question', async () => {
    expect(await readRunningWork(sql)).toEqual({ loads: [], schemaChanges: [] });
    expect(await readRunningQueries(sql, frontends)).toBe(0);
    const spread = (await readReplicaSpread(sql)) ?? [];
    const [all] = spread;
    expect(all?.backends.length).toBe(3);
    expect(tableAwayWith(spread, all?.backends.slice(0, 1) ?? [])).toBeNull();
    expect(tableAwayWith(spread, all?.backends.slice(0, 2) ?? [])).toBe(all?.table);
  });

  it('tells its tablets, replica by replica, its databases and its disks', async () => {
    const name = { database: 'sales', table: 'orders' };
    const replicas = (await readTableReplicas(sql, name)) ?? [];
    const [one] = replicas;
    if (one === undefined) throw new Error('sales.orders has no replica');
    expect(judgeTablets(replicas)).toMatchObject({ unhealthy: [], tablets: replicas.length / 3 });
    expect(await findTableOfTablet(sql, Number(one.tabletId))).toEqual(name);
    expect(await findTableOfTablet(sql, 1)).toBeNull();
    expect(await readTableReplicas(sql, { ...name, table: 'nope' })).toBeNull();
    expect(await readTableReplicas(sql, { ...name, database: 'nope' })).toBeNull();
    const databases = await readDatabaseTablets(sql);
    expect(databases.find((each) => each.name === 'sales')).toMatchObject({ unhealthyTablets: 0 });
    expect(databases.find((each) => each.name === 'sales')?.tablets).toBeGreaterThan(0);
    const disks = await readDisks(sql, one.backendId);
    expect(disks).toMatchObject([{ state: 'ONLINE', path: expect.stringContaining('/storage') }]);
    expect(disks[0]?.totalBytes).toBeGreaterThan(disks[0]?.availableBytes ?? 0);
    await expect(readDisks(sql, '1')).rejects.toThrow('Unknown proc node path');
  });

  it('takes a bad replica away and makes another one, which has an id of its own', async () => {
    const name = { database: 'sales', table: 'orders' };
    const [one] = (await readTableReplicas(sql, name)) ?? [];
    if (one === undefined) throw new Error('sales.orders has no replica');
    await sql.query(setReplicaBad(one), { route: 'leader' });
    const ownNow = async () =>
      ((await readTableReplicas(sql, name)) ?? []).filter(({ tabletId }) => tabletId === one.tabletId);
    const hasGone = async () => !(await ownNow()).some((each) => each.replicaId === one.replicaId && !each.isBad);
    expect(await hasGone()).toBe(true);
    await sql.query(repairTable(name), { route: 'leader' });
    await expect
      .poll(async () => (await ownNow()).filter(isWell).length, { timeout: patienceMs, interval: 200 })
      .toBe(3);
    await sql.query(cancelRepairTable(name), { route: 'leader' });
  });

  it('has its own settings on each frontend before 3.5', async () => {
    const [first] = frontends;
    const key = 'tablet_sched_max_scheduling_tablets';
    const root = await connectSql({ host: first?.host ?? '', port: first?.port ?? 0, user: 'root', password: '' });
    await root.query(`ADMIN SET FRONTEND CONFIG ("${key}" = "0")`);
    root.close();
    const values = await Promise.all(
      frontends.map(async (route) => (await readFrontendValues(sql, key, { route }))[key]),
    );
    expect(values).toEqual(['0', '10000', '10000']);
  });
});
