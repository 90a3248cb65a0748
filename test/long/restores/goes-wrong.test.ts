import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cancelRun } from '../../../src/runs/control.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin } from '../../helpers/engine.ts';
import { failed, startRestoreLab } from '../../operations/restore/restore-lab.ts';

let world: Awaited<ReturnType<typeof startRestoreLab>>;
beforeAll(async () => {
  world = await startRestoreLab();
});
afterEach(() => world.calm());
afterAll(() => world?.lab.close());

describe('a restore beside what stands', () => {
  it('brings back what was dropped, and never calls the same what it did not compare', async () => {
    await world.lab.world.sql.query("INSERT INTO shop.orders VALUES (5, '2025-01-09', 'Lima')");
    const [first] = await world.lab.engine.ctx.connections.catalogue.list({ clusterId: world.lab.clusterId });
    const run = await world.lab.ended(
      (await world.restore({ tables: ['orders', 'gone'], backupId: first?.id, target: 'copy_of_first' })).id,
    );
    expect(run).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(run.postCheck?.checks.map(({ observed }) => observed)).toEqual([
      'COUNTED: 2 rows; not compared, since the original has changed since',
      'COUNTED: 0 rows; not compared, since the original is not there',
    ]);
    expect((await world.rows('copy_of_first.orders')).map(({ id }) => Number(id))).toEqual([1, 2]);
    await world.lab.world.sql.query('DROP DATABASE copy_of_first FORCE');
  });

  it('brings a whole database back, and leaves what was dropped before its moment out', async () => {
    const input = { clusterId: world.lab.clusterId, database: 'shop', target: 'copy_of_all' };
    expect(await world.lab.ended((await world.lab.ask('restoreDatabase', input)).id)).toMatchObject({
      state: 'SUCCEEDED',
    });
    const tables = await world.lab.world.sql.query('SHOW TABLES FROM copy_of_all');
    expect(tables.map((row) => Object.values(row)[0])).toEqual(['orders', 'users']);
    await world.lab.world.sql.query('DROP DATABASE copy_of_all FORCE');
  });
});

describe('a restore that goes wrong', () => {
  it('keeps a table of somebody else in its database, and says so', async () => {
    world.lab.world.cluster.setFaults([{ id: 'held', kind: 'snapshot-delay', ms: 2_000_000 }]);
    const run = await world.restore({ target: 'copy_shared' });
    await world.comesTo('copy_shared', 'SNAPSHOTING');
    await world.lab.world.sql.query(`CREATE TABLE copy_shared.theirs (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)
BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
    await world.lab.world.sql.query('DROP TABLE copy_shared.orders');
    world.lab.world.cluster.setFaults([]);
    expect(await world.lab.ended(run.id)).toMatchObject(
      failed('SQL_FAILED', /StarRocks gave the restore up: \[NOT_FOUND/),
    );
    const tables = await world.lab.world.sql.query('SHOW TABLES FROM copy_shared');
    expect(tables.map((row) => Object.values(row)[0])).toEqual(['theirs']);
    await world.lab.world.sql.query('DROP DATABASE copy_shared FORCE');
  });

  it('shows tasks that fail on a backend, and gives up what does not move', async () => {
    world.lab.world.s3.faults.add({ kind: 'internal-error', match: '^GET .*__ss_content' });
    const run = await world.restore({ target: 'copy_stuck' });
    const step = async () =>
      (await listSteps(world.lab.engine.ctx.db, run.id)).find(
        ({ kind, state }) => kind === 'restoreSnapshot' && state === 'applying',
      );
    await expect.poll(async () => (await step())?.progress?.message, { timeout: 20_000 }).toMatch(/tasks failed/);
    const { progress, position } = (await step()) ?? {};
    const memo = { ...progress?.memo, since: new Date(Date.now() - 700_000).toISOString() };
    await world.lab.engine.ctx.db
      .updateTable('run_step')
      .set({ progress: JSON.stringify({ ...progress, memo }) })
      .where('run_id', '=', run.id)
      .where('position', '=', position ?? -1)
      .execute();
    // As every entry does, so that whoever drives the run reads its steps anew.
    await world.lab.engine.ctx.db.updateTable('run').set({ revision: 100_000 }).where('id', '=', run.id).execute();
    const before = world.sent('CANCEL RESTORE');
    expect(await world.lab.ended(run.id)).toMatchObject(failed('SQL_FAILED', /nothing has moved for 10 min/));
    expect(world.sent('CANCEL RESTORE') - before).toBe(1);
    expect(await world.copies()).toEqual([]);
  });

  it('fails, and leaves nothing, when the copy is not the same as the original', async () => {
    world.lab.world.cluster.setFaults([
      { id: 'slow', kind: 'sql-delay', match: 'COUNT[^;]*FROM `copy_other`', ms: 1_500, times: 1 },
    ]);
    const sums = world.sent('SELECT /*+ SET_VAR') + world.sent('SELECT COUNT(*) AS ROW_COUNT');
    const run = await world.restore({ target: 'copy_other', tables: ['users'] });
    await expect
      .poll(() => world.sent('SELECT /*+ SET_VAR') + world.sent('SELECT COUNT(*) AS ROW_COUNT'), { timeout: 15_000 })
      .toBeGreaterThan(sums);
    await world.lab.world.sql.query("INSERT INTO copy_other.users VALUES (7, 'eve')");
    expect(await world.lab.ended(run.id)).toMatchObject(
      failed('POSTCHECK_FAILED', /^1 table came back otherwise: users: 3 rows, and the original has 2$/),
    );
    expect(await world.copies()).toEqual([]);
  });

  it('cancelled in the middle, cancels the job and removes what it made; what stands is as it was', async () => {
    const before = await world.rows('shop.orders');
    world.lab.world.cluster.setFaults([{ id: 'held', kind: 'snapshot-delay', ms: 2_000_000 }]);
    const run = await world.restore({ target: 'copy_cancelled' });
    await world.comesTo('copy_cancelled', 'SNAPSHOTING');
    await cancelRun(world.lab.engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await world.lab.ended(run.id)).toMatchObject({ state: 'CANCELED' });
    expect(await world.copies()).toEqual([]);
    expect(await world.rows('shop.orders')).toEqual(before);
  });

  it.each(['RESTORE', 'CREATE DATABASE'])(
    'sends %s once, and finds its effect when the answer is lost',
    async (word) => {
      const before = world.sent(word);
      world.lab.world.cluster.setFaults([{ id: `lost-${word}`, kind: 'sql-drop-after', match: `^${word}`, times: 1 }]);
      const run = await world.restore({ target: 'copy_lost', tables: ['users'] });
      expect(await world.lab.ended(run.id)).toMatchObject({ state: 'SUCCEEDED' });
      expect(world.sent(word) - before).toBe(1);
      await world.lab.world.sql.query('DROP DATABASE copy_lost FORCE');
    },
  );

  it('switches off what would drop the partitions of the copy, and only there', async () => {
    await world.lab.world.sql.query('ALTER TABLE shop.orders SET ("dynamic_partition.enable" = "true")');
    await world.lab.fire('weekly');
    expect(await world.lab.ended((await world.restore({ target: 'copy_kept' })).id)).toMatchObject({
      state: 'SUCCEEDED',
    });
    const of = async (database: string) =>
      (
        await world.lab.world.sql.query(`SELECT PROPERTIES FROM information_schema.tables_config
WHERE TABLE_SCHEMA = '${database}' AND TABLE_NAME = 'orders'`)
      )[0]?.PROPERTIES;
    expect(await of('copy_kept')).toContain('"dynamic_partition.enable":"false"');
    expect(await of('shop')).toContain('"dynamic_partition.enable":"true"');
  });
});
