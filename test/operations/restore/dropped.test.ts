import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { admin } from '../../helpers/engine.ts';
import { failed, startRestoreLab } from './restore-lab.ts';

let world: Awaited<ReturnType<typeof startRestoreLab>>;
let orders: readonly unknown[] = [];
beforeAll(async () => {
  world = await startRestoreLab();
  orders = await world.rows('shop.orders');
});
afterEach(() => world.calm());
afterAll(() => world?.lab.close());

const inputOf = (tables: readonly string[], rest: Record<string, unknown> = {}) => ({
  ...{ clusterId: world.lab.clusterId, database: 'shop', tables },
  ...rest,
});
const bringBack = (tables: readonly string[], rest: Record<string, unknown> = {}) =>
  world.lab.ask('restoreDroppedTables', inputOf(tables, rest));
const refusalsOf = async (input: Record<string, unknown>) => {
  const { userErrors } = await submit(world.lab.engine.ctx.engine, {
    ...{ operation: 'restoreDroppedTables', input, actor: admin },
  });
  return userErrors.map(({ code, message }) => `${code} ${message}`);
};
const root = (text: string) => world.lab.world.sql.query(text);
const tables = async () => (await root('SHOW TABLES FROM shop')).map((row) => String(Object.values(row)[0]));

describe('tables that were dropped', () => {
  it('are refused while something stands under their names, and in databases that are not there', async () => {
    expect(await refusalsOf(inputOf(['orders', 'users']))).toEqual([
      'ALREADY_EXISTS name-free: orders, users stands in shop',
    ]);
    expect(await refusalsOf({ ...inputOf(['orders']), database: 'sys' })).toHaveLength(1);
    expect(world.sent('RESTORE')).toBe(0);
  });

  it('come back under their own names from both backups, row by row, and others stay as they are', async () => {
    await root('DROP TABLE shop.orders');
    const users = await world.rows('shop.users');
    const run = await world.lab.ended((await bringBack(['orders'])).id);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(run.postCheck?.checks.map(({ observed }) => observed)).toEqual([
      'COUNTED: 4 rows; not compared, since the table that it was is gone',
    ]);
    expect(await world.rows('shop.orders')).toEqual(orders);
    expect(await world.rows('shop.users')).toEqual(users);
    expect(world.sent('RESTORE')).toBe(2);
    // Others may have written to it.
    const asked = undoRun(world.lab.engine.ctx.engine, { runId: run.id, actor: admin });
    await expect(asked).rejects.toThrow(/written to the tables since/);
    expect(await world.rows('shop.orders')).toEqual(orders);
    await root('DROP TABLE shop.orders');
  });

  it('are not there when StarRocks refuses the statement', async () => {
    world.lab.world.cluster.setFaults([
      { id: 'late', kind: 'sql-error', code: 5064, sqlState: '42000', message: 'no', match: '^RESTORE', times: 1 },
    ]);
    const run = await bringBack(['orders']);
    await expect.poll(() => world.sent('RESTORE'), { timeout: 15_000 }).toBeGreaterThan(0);
    expect(await world.lab.ended(run.id)).toMatchObject(failed('SQL_FAILED', /no/));
    expect(await tables()).not.toContain('orders');
  });

  it('stay where only the full backup of two came back, and the end of the run names them', async () => {
    const all = await world.lab.engine.ctx.connections.catalogue.list({ clusterId: world.lab.clusterId });
    const incremental = all.find(({ kind }) => kind === 'INCREMENTAL');
    const match = `^RESTORE SNAPSHOT .*${incremental?.snapshot}`;
    world.lab.world.cluster.setFaults([
      { id: 'second', kind: 'sql-error', code: 5064, sqlState: '42000', message: 'no more', match, times: 1 },
    ]);
    const before = world.sent('RESTORE');
    const ended = await world.lab.ended((await bringBack(['orders'])).id);
    expect(ended).toMatchObject(failed('SQL_FAILED', /no more/));
    expect(ended.postCheck?.checks.map(({ observed }) => observed)).toEqual(['orders stands in shop']);
    expect(world.sent('RESTORE') - before).toBe(2);
    expect(world.sent('DROP')).toBe(0);
    expect(await tables()).toEqual(['orders', 'users']);
  });
});
