import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../../src/domain/run.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin } from '../../helpers/engine.ts';
import { failed, startRestoreLab } from './restore-lab.ts';

let world: Awaited<ReturnType<typeof startRestoreLab>>;
beforeAll(async () => {
  world = await startRestoreLab();
});
afterEach(() => world.calm());
afterAll(() => world?.lab.close());

const refusalsOf = async (rest: Record<string, unknown>) => {
  const input = { clusterId: world.lab.clusterId, database: 'shop', tables: ['orders'], ...rest };
  const { userErrors } = await submit(world.lab.engine.ctx.engine, { operation: 'restoreTables', input, actor: admin });
  return userErrors.map(({ code, message }) => `${code} ${message}`);
};

const targetOf = ({ input }: Pick<Run, 'input'>) => String(input.target);

describe('a restore beside what stands', () => {
  it('brings full and incremental backup together, row by row, and compares with the original', async () => {
    const run = await world.lab.ended((await world.restore({ tables: ['orders', 'users'] })).id);
    expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null, postCheck: { passed: true } });
    const target = targetOf(run);
    expect(target).toMatch(/^shop__r\d{8}_\d{6}$/);
    for (const table of ['orders', 'users'])
      expect(await world.rows(`${target}.${table}`)).toEqual(await world.rows(`shop.${table}`));
    expect(run.postCheck?.checks.map(({ observed }) => observed)).toEqual([
      'SAME: 4 rows with the checksum of the original',
      'SAME: 2 rows with the checksum of the original',
    ]);
    const kinds = (await listSteps(world.lab.engine.ctx.db, run.id)).map(({ kind, state }) => `${kind} ${state}`);
    expect(kinds.filter((kind) => kind.startsWith('restoreSnapshot'))).toEqual([
      'restoreSnapshot done',
      'restoreSnapshot done',
    ]);
    await undoRun(world.lab.engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await world.lab.ended(run.id)).toMatchObject({ state: 'UNDONE' });
    expect(await world.copies()).toEqual([]);
    expect((await world.rows('shop.orders')).length).toBe(4);
  });

  it('says before it begins what each backup brings, how far it is, and what was checked; and sends nothing', async () => {
    const input = { clusterId: world.lab.clusterId, database: 'shop', tables: ['orders', 'users'], at: world.at };
    const options = { dryRun: true };
    const { plan, userErrors } = await submit(world.lab.engine.ctx.engine, {
      operation: 'restoreTables',
      input,
      actor: admin,
      options,
    });
    expect(userErrors).toEqual([]);
    const notes = plan?.notes.join('\n') ?? '';
    expect(notes).toMatch(
      /The nearest backup is of .* UTC; what was written until .* is not in it\nThere is no later backup/,
    );
    expect(notes).toMatch(/^The full backup shop_\S+ of .* brings 2 partitions of orders, users$/m);
    expect(notes).toMatch(/^The incremental backup shop_\S+ of .* brings 2 partitions of orders$/m);
    expect(notes).toContain('Check rights: PASS, granted');
    expect(notes).toContain('Check replicas: PASS, 1 replica on 1 living backend');
    expect(notes).toMatch(/^Check objects-verified: WARN, not looked at object by object: bak_/m);
    expect(await world.copies()).toEqual([]);
  });

  it('is refused into what stands, into databases of StarRocks, and for what no backup holds', async () => {
    expect(await refusalsOf({ target: 'shop' })).toEqual(['ALREADY_EXISTS name-free: shop is there already']);
    for (const target of ['information_schema', 'SYS', '_statistics_', ' sys'])
      expect(await refusalsOf({ target })).toEqual([
        expect.stringMatching(/^ALREADY_EXISTS name-free: .* StarRocks' own$/),
      ]);
    expect(await refusalsOf({ tables: ['gone'] })).toEqual([
      'PREFLIGHT_FAILED held-by-the-backups: gone: it did not stand there at that moment',
    ]);
    expect(await refusalsOf({ at: '2020-01-01T00:00Z' })).toEqual([
      'NOT_FOUND No backup of shop can be gone back to that is as old as 2020-01-01 00:00 UTC',
    ]);
    expect(await refusalsOf({ at: '2099-01-01T00:00Z' })).toEqual(['INVALID_INPUT 2099-01-01T00:00Z lies ahead']);
    expect(await refusalsOf({ replicas: 3 })).toEqual(['PREFLIGHT_FAILED replicas: 3 replicas on 1 living backend']);
    expect(await world.copies()).toEqual([]);
  });
});

describe('a restore that goes wrong', () => {
  it('touches nothing of a database that somebody made under its name meanwhile', async () => {
    world.lab.world.cluster.setFaults([
      { id: 'late', kind: 'sql-delay', match: '^CREATE DATABASE `copy_late`', ms: 2_000, times: 1 },
    ]);
    const run = await world.restore({ target: 'copy_late' });
    const making = async () =>
      (await listSteps(world.lab.engine.ctx.db, run.id)).find(({ kind }) => kind === 'makeTarget')?.state;
    await expect.poll(making, { timeout: 15_000 }).toBe('applying');
    await world.lab.world.sql.query('CREATE DATABASE copy_late');
    expect(await world.lab.ended(run.id)).toMatchObject(failed('SQL_FAILED', /database exists/));
    expect(await world.copies()).toEqual(['copy_late']);
    await world.lab.world.sql.query('DROP DATABASE copy_late FORCE');
  });

  it('removes its own empty database when StarRocks refuses the statement', async () => {
    world.lab.world.cluster.setFaults([
      { id: 'no', kind: 'sql-error', match: '^RESTORE', code: 5064, sqlState: '42000', message: 'no', times: 1 },
    ]);
    const run = await world.restore({ target: 'copy_refused' });
    expect(await world.lab.ended(run.id)).toMatchObject(failed('SQL_FAILED', /no/));
    expect(await world.copies()).toEqual([]);
  });
});
