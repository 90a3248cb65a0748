import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Row } from '../../sandbox/starrocks/helpers/client.ts';
import {
  startCluster,
  type TestCluster,
  type TestNode,
  until,
  untilValue,
} from '../../sandbox/starrocks/helpers/cluster.ts';

const unhealthy = async (sql: Client) => Number((await sql.query('SHOW PROC "/statistic"')).at(-1)?.UnhealthyTabletNum);

async function rowOf(sql: Client, what: 'BACKENDS' | 'FRONTENDS', node: TestNode): Promise<Row | undefined> {
  return (await sql.query(`SHOW ${what}`)).find(({ IP }) => IP === node.address);
}

async function backendIs(sql: Client, node: TestNode, alive: boolean): Promise<void> {
  const is = async () => (await rowOf(sql, 'BACKENDS', node))?.Alive === String(alive);
  await until(is, `${node.address} ${alive ? 'alive' : 'dead'}`);
}

async function makeTable(sql: Client, name: string, { replicas, buckets }: { replicas: number; buckets: number }) {
  await sql.query('CREATE DATABASE IF NOT EXISTS shop');
  await sql.query(
    `CREATE TABLE shop.${name} (id INT) DISTRIBUTED BY HASH(id) BUCKETS ${buckets} PROPERTIES ("replication_num" = "${replicas}")`,
  );
}

/** Stops a node, puts another release in its place, and starts it. */
async function change(node: TestNode, ...release: Parameters<TestNode['setVersion']>): Promise<void> {
  await node.stop('SIGTERM');
  node.setVersion(...release);
  node.start();
}

function first<T>(list: readonly T[]): T {
  const [one] = list;
  if (one === undefined) throw new Error('the list is empty');
  return one;
}

describe('a cluster with backends that go and come', () => {
  let cluster: TestCluster;
  let sql: Client;
  beforeAll(async () => {
    cluster = await startCluster({ version: '3.4.5', backends: 3, speed: 40 });
    sql = await cluster.connect();
  });
  afterAll(() => cluster?.stop());

  const holderOf = async (table: string): Promise<TestNode> => {
    const [replica] = await sql.query(`ADMIN SHOW REPLICA STATUS FROM shop.${table}`);
    const row = (await sql.query('SHOW BACKENDS')).find(({ BackendId }) => BackendId === replica?.BackendId);
    const found = cluster.backends.find(({ address }) => address === row?.IP);
    if (found === undefined) throw new Error(`no backend holds ${table}`);
    return found;
  };

  it('repairs what was written meanwhile one tablet at a time while scheduling is off', async () => {
    await makeTable(sql, 'slowly', { replicas: 3, buckets: 4 });
    const away = first(cluster.backends);
    await away.stop('SIGTERM');
    await backendIs(sql, away, false);
    // Not missed yet, by the count; each replica says of itself that it is dead.
    expect(await unhealthy(sql)).toBe(0);
    expect(await sql.query("ADMIN SHOW REPLICA STATUS FROM shop.slowly WHERE STATUS = 'DEAD'")).toHaveLength(4);
    await sql.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "0")');
    await sql.query('INSERT INTO shop.slowly VALUES (1), (2), (3)');
    expect(await sql.query('SELECT count(*) AS n FROM shop.slowly')).toEqual([{ n: 3 }]);
    expect(await unhealthy(sql)).toBe(4);

    away.start();
    await backendIs(sql, away, true);
    const seen: number[] = [];
    await until(async () => {
      const now = await unhealthy(sql);
      if (seen.at(-1) !== now) seen.push(now);
      return now === 0;
    }, 'repaired');
    // One each 20 s of StarRocks time: whoever looks all the time misses no step.
    expect(seen.slice(-4)).toEqual([3, 2, 1, 0]);
  });

  it('repairs all of it with the next look of the checker while scheduling is on', async () => {
    await sql.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "10000")');
    await makeTable(sql, 'quickly', { replicas: 3, buckets: 12 });
    const away = first(cluster.backends);
    await away.stop('SIGTERM');
    await sql.query('INSERT INTO shop.quickly VALUES (1)');
    away.start();
    await backendIs(sql, away, true);
    expect(await unhealthy(sql)).toBeGreaterThan(0);
    // One by one, 12 tablets would take 12 looks, 6 s of this clock.
    await until(async () => (await unhealthy(sql)) === 0, 'repaired', 5_000);
  });

  it('can neither read nor write where the only replica is away', async () => {
    await makeTable(sql, 'lonely', { replicas: 1, buckets: 1 });
    await sql.query('INSERT INTO shop.lonely VALUES (1)');
    const only = await holderOf('lonely');
    await only.stop('SIGTERM');
    await backendIs(sql, only, false);
    expect((await sql.failure('INSERT INTO shop.lonely VALUES (2)')).message).toContain('Tablet lost replicas');
    expect((await sql.failure('SELECT count(*) FROM shop.lonely')).message).toContain('no queryable replica');
    only.start();
    await backendIs(sql, only, true);
    expect(await sql.query('SELECT count(*) AS n FROM shop.lonely')).toEqual([{ n: 1 }]);
  });

  it('fails the share of the fragments that a badly serving release was made to fail', async () => {
    const bad = await holderOf('lonely');
    await change(bad, '3.5.0', { kind: 'flaky-queries', failShare: 0.25, slowMs: 2000 });
    await until(async () => (await rowOf(sql, 'BACKENDS', bad))?.Version === '3.5.0-48f4d81', 'on 3.5.0');

    const failures: string[] = [];
    const startedAt = performance.now();
    for (let at = 0; at < 8; at += 1) {
      await sql.query('SELECT count(*) FROM shop.lonely').catch((error: Error) => failures.push(error.message));
    }
    expect(failures).toHaveLength(2);
    expect(failures[0]).toContain('Internal error: ');
    expect(performance.now() - startedAt).toBeGreaterThan(6 * 45);
    const { body } = await cluster.http(first(cluster.frontends), '/metrics');
    expect(Number(/^starrocks_fe_query_internal_err (\d+)$/m.exec(body)?.[1])).toBeGreaterThanOrEqual(2);
  });

  it('asks a backend for tables that a frontend knows by itself, and has none to ask', async () => {
    await Promise.all(cluster.backends.map((backend) => backend.stop('SIGTERM')));
    for (const backend of cluster.backends) await backendIs(sql, backend, false);
    for (const text of [
      'SELECT TABLE_NAME FROM information_schema.tables_config',
      "SHOW VARIABLES WHERE Variable_name = 'query_timeout'",
    ]) {
      const failure = await sql.failure(text);
      expect(failure).toMatchObject({ code: 1064, sqlState: 'HY000' });
      expect(failure.message).toMatch(
        /^Backend node not found\. Check if any backend node is down\.backend: (\[[\d.]+ alive: false inBlacklist: true\] ){3}$/,
      );
    }
    expect(await sql.query("SHOW VARIABLES LIKE 'query_timeout'")).toHaveLength(1);
    expect(await unhealthy(sql)).toBe(0);
    for (const backend of cluster.backends) backend.start();
    for (const backend of cluster.backends) await backendIs(sql, backend, true);
  });

  it('never sees a backend alive that answers no heartbeat', async () => {
    const silent = first(cluster.backends);
    await change(silent, '3.5.0', { kind: 'never-alive' });
    await backendIs(sql, silent, false);
    await until(async () => {
      const row = await rowOf(sql, 'BACKENDS', silent);
      return row?.Alive === 'false' && row.ErrMsg === 'java.net.ConnectException: Connection refused';
    }, 'refused');
    await until(() => silent.log().includes('loading tablets'), 'as far as it gets');
    expect(await silent.stop('SIGTERM')).toBe(0);
  });
});

describe('clusters of their own', () => {
  let cluster: TestCluster;
  afterEach(() => cluster?.stop());

  it('give the replicas of a tablet a location each, when a table is made after they were set', async () => {
    cluster = await startCluster({ backends: 5, speed: 40 });
    const sql = await cluster.connect();
    const racks = ['rack:r1', 'rack:r1', 'rack:r2', 'rack:r2', 'rack:r3'];
    for (const [at, { address }] of cluster.backends.entries()) {
      await sql.query(`ALTER SYSTEM MODIFY BACKEND "${address}:9050" SET ("labels.location" = "${racks[at]}")`);
    }
    await makeTable(sql, 't', { replicas: 3, buckets: 8 });
    const rackOf = new Map((await sql.query('SHOW BACKENDS')).map(({ BackendId, Location }) => [BackendId, Location]));
    const replicas = await sql.query('ADMIN SHOW REPLICA STATUS FROM shop.t');
    const byTablet = Map.groupBy(replicas, ({ TabletId }) => TabletId);
    expect(byTablet.size).toBe(8);
    for (const one of byTablet.values()) {
      expect(new Set(one.map(({ BackendId }) => rackOf.get(BackendId)))).toEqual(new Set(racks));
    }
  });

  it('have a leader that takes nothing from a frontend of an older line, which goes on to answer by itself', async () => {
    cluster = await startCluster({ version: '3.4.5', backends: 0, speed: 40 });
    const leader = first(cluster.frontends);
    const observer = cluster.addNode('fe');
    await (await cluster.connect()).query(`ALTER SYSTEM ADD OBSERVER "${observer.address}:9010"`);
    observer.start('--helper', `${leader.address}:9010`);
    const older = await untilValue(() => cluster.connect(observer).catch(() => null), 'the observer answers');
    await older.query('CREATE DATABASE shop');

    await change(leader, '3.5.0');
    const newer = await untilValue(() => cluster.connect(leader).catch(() => null), 'the leader is back');
    await newer.query('CREATE DATABASE by_the_leader');
    expect(await older.failure('CREATE DATABASE refused')).toEqual({
      code: 1064,
      sqlState: 'HY000',
      message: 'Missing current catalog. You need to upgrade this Frontend to the same version as Leader Frontend.',
    });
    expect((await newer.columns('SHOW PROC "/frontends"'))[0]).toBe('Id');
    expect((await older.columns('SHOW PROC "/frontends"'))[0]).toBe('Name');
    await until(async () => (await older.query('SHOW DATABASES LIKE "by_the_leader"')).length === 1, 'replayed');

    await change(observer, '3.5.0');
    const upgraded = await untilValue(() => cluster.connect(observer).catch(() => null), 'the observer is back');
    await upgraded.query('CREATE DATABASE taken');
  });

  it('go back from 3.5 to 3.4.6 and not further, unless told to pass over what they do not know', async () => {
    cluster = await startCluster({ version: '3.5.0', backends: 0, speed: 40 });
    const frontend = first(cluster.frontends);
    await change(frontend, '3.4.5');
    expect(await frontend.stop('SIGCONT')).toBe(255);
    expect(frontend.log()).toContain('UNKNOWN Operation Type');

    await change(frontend, '3.4.6');
    const back = await untilValue(() => cluster.connect(frontend).catch(() => null), 'back on 3.4.6');
    expect(await rowOf(back, 'FRONTENDS', frontend)).toMatchObject({ Version: '3.4.6-abcdef0' });

    await frontend.stop('SIGTERM');
    appendFileSync(join(frontend.home, 'conf', 'fe.conf'), 'ignore_unknown_log_id = true\n');
    await change(frontend, '3.4.5');
    const further = await untilValue(() => cluster.connect(frontend).catch(() => null), 'back on 3.4.5');
    expect(await rowOf(further, 'FRONTENDS', frontend)).toMatchObject({ Version: '3.4.5-abcdef0' });
  });

  it('lose a changed setting when the frontend restarts, and keep what fe.conf says', async () => {
    cluster = await startCluster({ version: '3.4.5', backends: 0, speed: 40, conf: { max_balancing_tablets: 7 } });
    const value = async (sql: Client, key: string) =>
      (await sql.query(`ADMIN SHOW FRONTEND CONFIG LIKE '${key}'`))[0]?.Value;
    const before = await cluster.connect();
    await before.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "0")');
    expect(await value(before, 'max_scheduling_tablets')).toBe('0');
    await change(first(cluster.frontends), '3.4.5');
    const after = await untilValue(() => cluster.connect().catch(() => null), 'back');
    expect(await value(after, 'max_scheduling_tablets')).toBe('10000');
    expect(await value(after, 'tablet_sched_max_balancing_tablets')).toBe('7');
  });
});
