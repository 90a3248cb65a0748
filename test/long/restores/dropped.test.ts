import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cancelRun } from '../../../src/runs/control.ts';
import { admin } from '../../helpers/engine.ts';
import { failed, startRestoreLab } from '../../operations/restore/restore-lab.ts';

let world: Awaited<ReturnType<typeof startRestoreLab>>;
let orders: readonly unknown[] = [];
beforeAll(async () => {
  world = await startRestoreLab();
  orders = await world.rows('shop.orders');
  await root('DROP TABLE shop.orders');
});
afterEach(() => world.calm());
afterAll(() => world?.lab.close());

const inputOf = (tables: readonly string[], rest: Record<string, unknown> = {}) => ({
  ...{ clusterId: world.lab.clusterId, database: 'shop', tables },
  ...rest,
});
const bringBack = (tables: readonly string[], rest: Record<string, unknown> = {}) =>
  world.lab.ask('restoreDroppedTables', inputOf(tables, rest));
const root = (text: string) => world.lab.world.sql.query(text);
const tables = async () => (await root('SHOW TABLES FROM shop')).map((row) => String(Object.values(row)[0]));

/** A run that waits for a restore of somebody else in the same database. */
async function waiting() {
  const [full] = (await world.lab.engine.ctx.connections.catalogue.list({ clusterId: world.lab.clusterId })).filter(
    ({ kind }) => kind === 'FULL',
  );
  if (full === undefined) throw new Error('there is no full backup');
  world.lab.world.cluster.setFaults([{ id: 'held', kind: 'snapshot-delay', ms: 4_000_000 }]);
  await root(`RESTORE SNAPSHOT shop.${full.snapshot} FROM vault ON (gone) PROPERTIES (
"backup_timestamp" = "${full.backupTimestamp}", "replication_num" = "1")`);
  await world.comesTo('shop', 'SNAPSHOTING');
  const run = await bringBack(['orders']);
  await expect
    .poll(async () => (await world.stepOf(run, 'awaitTurn'))?.progress?.message ?? '', {
      timeout: 15_000,
    })
    .toMatch(/Waits for the restore/);
  return run;
}

describe('tables that were dropped', () => {
  it('cancelled in the middle, are as they were before: not there', async () => {
    world.lab.world.cluster.setFaults([{ id: 'held', kind: 'snapshot-delay', ms: 2_000_000 }]);
    const run = await bringBack(['orders']);
    await world.comesTo('shop', 'SNAPSHOTING');
    await cancelRun(world.lab.engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await world.lab.ended(run.id)).toMatchObject({ state: 'CANCELED' });
    expect(await tables()).toEqual(['users']);
  });

  it('wait for a restore of somebody else in the database, and never cancel it', async () => {
    const cancels = world.sent('CANCEL RESTORE');
    const run = await waiting();
    world.calm();
    expect(await world.lab.ended(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await world.rows('shop.orders')).toEqual(orders);
    expect(world.sent('CANCEL RESTORE')).toBe(cancels);
    expect(await tables()).toEqual(expect.arrayContaining(['gone', 'orders', 'users']));
  });

  it('are refused where somebody made one of the name while the run waited: nothing is done to it', async () => {
    await root('DROP TABLE shop.orders');
    await root('DROP TABLE shop.gone');
    const run = await waiting();
    await root(`CREATE TABLE shop.orders (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)
BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
    await root('INSERT INTO shop.orders VALUES (77)');
    const before = world.sent('RESTORE');
    world.calm();
    expect(await world.lab.ended(run.id)).toMatchObject(failed('ALREADY_EXISTS', /orders stands in shop by now/));
    expect(world.sent('RESTORE')).toBe(before);
    expect((await world.rows('shop.orders')).map(({ id }) => Number(id))).toEqual([77]);
  });

  it('come back once where the answer of RESTORE was lost', async () => {
    await root('DROP TABLE shop.orders');
    world.lab.world.cluster.setFaults([{ id: 'lost', kind: 'sql-drop-after', match: '^RESTORE', times: 1 }]);
    const before = world.sent('RESTORE');
    const run = await world.lab.ended((await bringBack(['orders'])).id);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(world.sent('RESTORE') - before).toBe(2);
    expect(await world.rows('shop.orders')).toEqual(orders);
  });

  it('come back with dynamic partitions switched off, which the end of the run says', async () => {
    await root('ALTER TABLE shop.orders SET ("dynamic_partition.enable" = "true")');
    await root('ALTER TABLE shop.users SET ("dynamic_partition.enable" = "true")');
    await world.lab.fire('weekly');
    await root('DROP TABLE shop.orders');
    const run = await world.lab.ended((await bringBack(['orders'])).id);
    expect(run).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(run.postCheck?.checks.filter(({ status }) => status === 'FAIL')).toEqual([
      expect.objectContaining({
        ...{ name: 'dynamic partitions of orders', severity: 'WARN' },
        observed: 'switched off: no new partitions are made, and no old ones dropped',
      }),
    ]);
    const of = async (table: string) =>
      (
        await root(`SELECT PROPERTIES FROM information_schema.tables_config
WHERE TABLE_SCHEMA = 'shop' AND TABLE_NAME = '${table}'`)
      )[0]?.PROPERTIES;
    expect(await of('orders')).toContain('"dynamic_partition.enable":"false"');
    expect(await of('users')).toContain('"dynamic_partition.enable":"true"');
  });
});
