import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Row } from './helpers/client.ts';
import { startCluster, type TestCluster, type TestNode, until, untilValue } from './helpers/cluster.ts';

/** Backends that leave, and each reason why one does not get away; every test puts the cluster back to four well backends. */
let cluster: TestCluster;
let sql: Client;

beforeAll(async () => {
  cluster = await startCluster({
    version: '3.5.0',
    backends: 4,
    speed: 100,
    // A group may move after 15 minutes without a change of the living; nobody waits for that here.
    conf: { tablet_sched_colocate_balance_wait_system_stable_time_s: 10 },
  });
  sql = await cluster.connect();
  await sql.query('CREATE DATABASE shop');
});
afterAll(() => cluster?.stop());
afterEach(async () => {
  cluster.setFaults([]);
  for (const { address } of cluster.backends) {
    await sql.query(`CANCEL DECOMMISSION BACKEND "${address}:9050"`).catch(() => null);
  }
  await sql.query('DROP DATABASE shop FORCE');
  await sql.query('CREATE DATABASE shop');
});

function backendAt(index: number): TestNode {
  const node = cluster.backends[index];
  if (node === undefined) throw new Error(`no backend ${index}`);
  return node;
}

async function rowOf({ address }: TestNode): Promise<Row | undefined> {
  return (await sql.query('SHOW BACKENDS')).find(({ IP }) => IP === address);
}

async function tabletsOn(node: TestNode): Promise<number> {
  return Number((await rowOf(node))?.TabletNum ?? 0);
}

async function isGone(node: TestNode): Promise<boolean> {
  return (await rowOf(node)) === undefined;
}

async function addBack(node: TestNode): Promise<void> {
  await sql.query(`ALTER SYSTEM ADD BACKEND "${node.address}:9050"`);
  await until(async () => (await rowOf(node))?.Alive === 'true', 'it is back');
}

function table(name: string, replicas: number, more = ''): string {
  return (
    `CREATE TABLE shop.${name} (a INT, b INT) DISTRIBUTED BY HASH(a) BUCKETS 4 ` +
    `PROPERTIES ("replication_num" = "${replicas}"${more})`
  );
}

async function rowsIn(name: string): Promise<number> {
  const [row] = await sql.query(`SELECT COUNT(*) FROM shop.${name}`);
  return Number(Object.values(row ?? {})[0]);
}

async function history(): Promise<Row[]> {
  return sql.query("SHOW PROC '/cluster_balance/history_tablets'");
}

const decommission = ({ address }: TestNode) => `ALTER SYSTEM DECOMMISSION BACKEND "${address}:9050"`;

describe('a decommission', () => {
  it('moves tables with one, two and three replicas while they are read and written, and its row vanishes', async () => {
    for (const replicas of [1, 2, 3]) await sql.query(table(`t${replicas}`, replicas));
    const names = ['t1', 't2', 't3'];
    for (const name of names) await sql.query(`INSERT INTO shop.${name} VALUES (1, 1), (2, 2), (3, 3), (4, 4)`);
    const leaving = backendAt(3);
    expect(await tabletsOn(leaving)).toBeGreaterThan(0);
    cluster.setFaults([{ id: 'slow', kind: 'clone-delay', ms: 2_000 }]);
    await sql.query(decommission(leaving));
    let written = 4;
    await until(async () => {
      written += 1;
      for (const name of names) await sql.query(`INSERT INTO shop.${name} VALUES (${written}, 1)`);
      for (const name of names) expect(await rowsIn(name)).toBe(written);
      return isGone(leaving);
    }, 'it is gone');
    for (const name of names) expect(await rowsIn(name)).toBe(written);
    const schedules = await sql.query('SELECT * FROM information_schema.fe_tablet_schedules');
    expect(schedules).toContainEqual(
      expect.objectContaining({ TYPE: 'REPAIR', STATE: 'FINISHED', TABLET_STATUS: 'REPLICA_RELOCATING' }),
    );
    await addBack(leaving);
  });

  it('takes the tablets of the recycle bin along, which no list of tables shows', async () => {
    await sql.query(table('kept', 2));
    await sql.query('INSERT INTO shop.kept VALUES (1, 1), (2, 2)');
    await sql.query('DROP TABLE shop.kept');
    const leaving = backendAt(3);
    expect(await tabletsOn(leaving)).toBeGreaterThan(0);
    expect(await sql.query('SHOW TABLES FROM shop')).toEqual([]);
    cluster.setFaults([{ id: 'broken', kind: 'clone-fail' }]);
    await sql.query(decommission(leaving));
    await until(
      async () => (await history()).some(({ ErrMsg }) => String(ErrMsg).startsWith('clone failed')),
      'a failure',
    );
    expect(await tabletsOn(leaving)).toBeGreaterThan(0);
    cluster.setFaults([]);
    await until(() => isGone(leaving), 'it is gone');
    await sql.query('RECOVER TABLE shop.kept');
    expect(await rowsIn('kept')).toBe(2);
    await addBack(leaving);
  });

  it('never ends while the only replica of a tablet is on it and it is dead, and nothing is scheduled for it', async () => {
    await sql.query(table('lonely', 1));
    await sql.query('INSERT INTO shop.lonely VALUES (1, 1), (2, 2), (3, 3), (4, 4)');
    const leaving = backendAt(2);
    await sql.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_disable_balance" = "true")');
    const before = await tabletsOn(leaving);
    expect(before).toBeGreaterThan(0);
    await leaving.stop('SIGKILL');
    await until(async () => (await rowOf(leaving))?.Alive === 'false', 'it is dead');
    await sql.query(decommission(leaving));
    await new Promise((wake) => setTimeout(wake, 1_500));
    expect(await tabletsOn(leaving)).toBe(before);
    expect(await sql.query("SHOW PROC '/cluster_balance/pending_tablets'")).toEqual([]);
    const status = await sql.query("ADMIN SHOW REPLICA STATUS FROM shop.lonely WHERE STATUS = 'DEAD'");
    expect(status).toHaveLength(before);
    leaving.start();
    await until(() => isGone(leaving), 'it goes when it is back');
    expect(await rowsIn('lonely')).toBe(4);
    await addBack(leaving);
    await sql.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_disable_balance" = "false")');
  });

  it('stalls when a backend dies meanwhile and too few are left for the replicas', async () => {
    await sql.query(table('wide', 3));
    const [dead, leaving] = [backendAt(1), backendAt(3)];
    cluster.setFaults([{ id: 'held', kind: 'clone-fail' }]);
    await sql.query(decommission(leaving));
    await dead.stop('SIGKILL');
    await until(async () => (await rowOf(dead))?.Alive === 'false', 'it is dead');
    cluster.setFaults([]);
    const noRoom = ({ ErrMsg }: Row) => ErrMsg === 'unable to find dest path for new replica';
    await until(async () => (await history()).some(noRoom), 'no destination');
    expect(await tabletsOn(leaving)).toBeGreaterThan(0);
    dead.start();
    await until(() => isGone(leaving), 'it is gone when the other is back');
    await addBack(leaving);
  });

  it('is refused where the others lack space, and stalls when they run full after that', async () => {
    await sql.query(table('big', 1));
    await sql.query('INSERT INTO shop.big VALUES (1, 1), (2, 2), (3, 3), (4, 4)');
    const leaving = backendAt(3);
    const others = cluster.backends.filter((node) => node !== leaving);
    const crowded = others.map(({ address }) => ({ id: address, kind: 'disk-crowded', backend: `${address}:9050` }));
    cluster.setFaults(crowded);
    const full = async () => (await sql.query('SHOW BACKENDS')).filter((row) => row.AvailCapacity === '0.000 B');
    await until(async () => (await full()).length === 3, 'the leader has heard of it');
    expect((await sql.failure(decommission(leaving))).message).toContain('It will cause insufficient disk space');
    cluster.setFaults([]);
    await until(async () => (await full()).length === 0, 'there is room again');
    cluster.setFaults([{ id: 'held', kind: 'clone-fail' }]);
    await sql.query(decommission(leaving));
    cluster.setFaults(crowded);
    const noRoom = ({ ErrMsg, Finished }: Row) =>
      ErrMsg === 'unable to find dest path for new replica' && Finished !== null;
    const before = (await history()).filter(noRoom).length;
    await until(async () => (await history()).filter(noRoom).length > before, 'no destination');
    cluster.setFaults([]);
    await until(() => isGone(leaving), 'it is gone');
    await addBack(leaving);
  });

  it('crawls with the scheduler at 0, goes on at once for a table that is repaired, and is kept where nothing drops it', async () => {
    await sql.query(table('many', 2));
    const leaving = backendAt(3);
    await sql.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "0")');
    await sql.query('ADMIN SET FRONTEND CONFIG ("drop_backend_after_decommission" = "false")');
    const before = await tabletsOn(leaving);
    await sql.query(decommission(leaving));
    await sql.query('ADMIN REPAIR TABLE shop.many');
    expect(await sql.query("SHOW PROC '/cluster_balance/priority_repair'")).toHaveLength(1);
    await until(async () => (await tabletsOn(leaving)) === 0, 'it is empty');
    expect(before).toBeGreaterThan(1);
    expect(await rowOf(leaving)).toMatchObject({ SystemDecommissioned: 'true', TabletNum: '0' });
    await sql.query('ADMIN CANCEL REPAIR TABLE shop.many');
    expect(await sql.query("SHOW PROC '/cluster_balance/priority_repair'")).toEqual([]);
    await sql.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "10000")');
    await sql.query('ADMIN SET FRONTEND CONFIG ("drop_backend_after_decommission" = "true")');
    await until(() => isGone(leaving), 'it is gone');
    await addBack(leaving);
  });

  it('leaves a colocation group where it is while its balancer is off, and keeps the group together when it moves', async () => {
    await sql.query(table('left_one', 2, ', "colocate_with" = "pair"'));
    await sql.query(table('right_one', 2, ', "colocate_with" = "pair"'));
    const other = table('odd', 2, ', "colocate_with" = "pair"').replace('BUCKETS 4', 'BUCKETS 3');
    expect(await sql.failure(other)).toMatchObject({ code: 5063 });
    const leaving = backendAt(3);
    await sql.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_disable_colocate_balance" = "true")');
    await sql.query(decommission(leaving));
    await new Promise((wake) => setTimeout(wake, 1_500));
    expect(await tabletsOn(leaving)).toBeGreaterThan(0);
    const group = async () => (await sql.query("SHOW PROC '/colocation_group'"))[0];
    expect(await group()).toMatchObject({ BucketsNum: '4', ReplicationNum: '2', IsStable: 'false' });
    await sql.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_disable_colocate_balance" = "false")');
    await until(() => isGone(leaving), 'it is gone');
    expect(await untilValue(group, 'a group')).toMatchObject({ IsStable: 'true' });
    await addBack(leaving);
  });
});

describe('the recycle bin', () => {
  it('gives back what was dropped without FORCE, and nothing that was erased', async () => {
    await sql.query(table('gone', 1));
    await sql.query('INSERT INTO shop.gone VALUES (1, 1)');
    await sql.query('DROP TABLE shop.gone');
    expect(await sql.failure('SHOW CATALOG RECYCLE BIN')).toMatchObject({ code: 1064 });
    await sql.query('RECOVER TABLE shop.gone');
    expect(await rowsIn('gone')).toBe(1);
    await sql.query('DROP TABLE shop.gone FORCE');
    expect(await sql.failure('RECOVER TABLE shop.gone')).toMatchObject({ code: 5502 });
    await sql.query(table('gone', 1));
    await sql.query('DROP TABLE shop.gone');
    const held = async () => (await sql.query('SHOW BACKENDS')).reduce((sum, row) => sum + Number(row.TabletNum), 0);
    const before = await held();
    // The real one erases nothing before ten minutes have passed, whatever is asked for.
    await sql.query('ADMIN SET FRONTEND CONFIG ("catalog_trash_expire_second" = "1")');
    await until(async () => (await held()) === before - 4, 'it is erased', 30_000);
    await sql.query('ADMIN SET FRONTEND CONFIG ("catalog_trash_expire_second" = "86400")');
    expect(await sql.failure('RECOVER TABLE shop.gone')).toMatchObject({ code: 5502 });
  });
});
