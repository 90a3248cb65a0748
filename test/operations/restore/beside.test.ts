import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../../src/domain/run.ts';
import { cancelRun, undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin } from '../../helpers/engine.ts';
import { type FaultLab, startFaultLab } from '../backup/fault-lab.ts';

let lab: FaultLab;
let at = '';

beforeAll(async () => {
  lab = await startFaultLab({ speed: 500 });
  for (const rights of [
    'CREATE DATABASE ON CATALOG default_catalog',
    'CREATE TABLE, DROP ON ALL DATABASES',
    'INSERT, ALTER, DROP ON ALL TABLES IN ALL DATABASES',
  ])
    await lab.world.sql.query(`GRANT ${rights} TO USER 'starwarden'@'%'`);
  await lab.world.sql.query(`CREATE TABLE shop.gone (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)
BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
  await lab.fire('weekly');
  await lab.world.sql.query("INSERT INTO shop.orders VALUES (3, '2025-02-09', 'Oslo')");
  await lab.world.sql.query('ALTER TABLE shop.orders ADD PARTITION p202504 VALUES LESS THAN ("2025-05-01")');
  await lab.world.sql.query("INSERT INTO shop.orders VALUES (4, '2025-04-09', NULL)");
  await lab.world.sql.query('DROP TABLE shop.gone FORCE');
  await lab.fire('daily');
  at = new Date().toISOString();
});

afterEach(() => {
  lab.world.cluster.setFaults([]);
  lab.world.s3.faults.clear();
});
afterAll(() => lab?.close());

const restore = (rest: Record<string, unknown> = {}) =>
  lab.ask('restoreTables', { clusterId: lab.clusterId, database: 'shop', tables: ['orders'], ...rest });

const refusalsOf = async (rest: Record<string, unknown>) => {
  const input = { clusterId: lab.clusterId, database: 'shop', tables: ['orders'], ...rest };
  const { userErrors } = await submit(lab.engine.ctx.engine, { operation: 'restoreTables', input, actor: admin });
  return userErrors.map(({ code, message }) => `${code} ${message}`);
};

const targetOf = ({ input }: Pick<Run, 'input'>) => String(input.target);
const rows = (table: string) => lab.world.sql.query(`SELECT * FROM ${table} ORDER BY id`);
const databases = async () => (await lab.world.sql.query('SHOW DATABASES')).map((row) => String(Object.values(row)[0]));
const copies = async () => (await databases()).filter((name) => name.includes('__r') || name.startsWith('copy'));
const restoring = (target: string) => async () =>
  (await lab.world.sql.query(`SHOW RESTORE FROM ${target}`).catch(() => []))[0]?.State ?? null;
const sent = (start: string) =>
  lab.world.cluster.statements().filter(({ user, text }) => user === 'starwarden' && text.trim().startsWith(start))
    .length;
const failed = (code: string, message: RegExp) => ({
  ...{ state: 'FAILED', failure: { code, message: expect.stringMatching(message) } },
});

/** Waits until the job of StarRocks is in this state. */
const comesTo = (target: string, state: string) => expect.poll(restoring(target), { timeout: 15_000 }).toBe(state);

describe('a restore beside what stands', () => {
  it('brings full and incremental backup together, row by row, and compares with the original', async () => {
    const run = await lab.ended((await restore({ tables: ['orders', 'users'] })).id);
    expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null, postCheck: { passed: true } });
    const target = targetOf(run);
    expect(target).toMatch(/^shop__r\d{8}_\d{6}$/);
    for (const table of ['orders', 'users'])
      expect(await rows(`${target}.${table}`)).toEqual(await rows(`shop.${table}`));
    expect(run.postCheck?.checks.map(({ observed }) => observed)).toEqual([
      'SAME: 4 rows with the checksum of the original',
      'SAME: 2 rows with the checksum of the original',
    ]);
    const kinds = (await listSteps(lab.engine.ctx.db, run.id)).map(({ kind, state }) => `${kind} ${state}`);
    expect(kinds.filter((kind) => kind.startsWith('restoreSnapshot'))).toEqual([
      'restoreSnapshot done',
      'restoreSnapshot done',
    ]);
    await undoRun(lab.engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await lab.ended(run.id)).toMatchObject({ state: 'UNDONE' });
    expect(await copies()).toEqual([]);
    expect((await rows('shop.orders')).length).toBe(4);
  });

  it('says before it begins what each backup brings, how far it is, and what was checked; and sends nothing', async () => {
    const input = { clusterId: lab.clusterId, database: 'shop', tables: ['orders', 'users'], at };
    const options = { dryRun: true };
    const { plan, userErrors } = await submit(lab.engine.ctx.engine, {
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
    expect(notes).toContain('Check replicas: PASS, 1 replica on 1 living backend');
    expect(notes).toMatch(/^Check objects-verified: WARN, not looked at object by object: bak_/m);
    expect(await copies()).toEqual([]);
  });

  it('brings back what was dropped, and never calls the same what it did not compare', async () => {
    await lab.world.sql.query("INSERT INTO shop.orders VALUES (5, '2025-01-09', 'Lima')");
    const [first] = await lab.engine.ctx.connections.catalogue.list({ clusterId: lab.clusterId });
    const run = await lab.ended(
      (await restore({ tables: ['orders', 'gone'], backupId: first?.id, target: 'copy_of_first' })).id,
    );
    expect(run).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(run.postCheck?.checks.map(({ observed }) => observed)).toEqual([
      'COUNTED: 2 rows; not compared, since the original has changed since',
      'COUNTED: 0 rows; not compared, since the original is not there',
    ]);
    expect((await rows('copy_of_first.orders')).map(({ id }) => Number(id))).toEqual([1, 2]);
    await lab.world.sql.query('DROP DATABASE copy_of_first FORCE');
  });

  it('brings a whole database back, and leaves what was dropped before its moment out', async () => {
    const input = { clusterId: lab.clusterId, database: 'shop', target: 'copy_of_all' };
    expect(await lab.ended((await lab.ask('restoreDatabase', input)).id)).toMatchObject({ state: 'SUCCEEDED' });
    const tables = await lab.world.sql.query('SHOW TABLES FROM copy_of_all');
    expect(tables.map((row) => Object.values(row)[0])).toEqual(['orders', 'users']);
    await lab.world.sql.query('DROP DATABASE copy_of_all FORCE');
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
    expect(await copies()).toEqual([]);
  });
});

describe('a restore that goes wrong', () => {
  it('touches nothing of a database that somebody made under its name meanwhile', async () => {
    lab.world.cluster.setFaults([
      { id: 'late', kind: 'sql-delay', match: '^CREATE DATABASE `copy_late`', ms: 2_000, times: 1 },
    ]);
    const run = await restore({ target: 'copy_late' });
    const making = async () =>
      (await listSteps(lab.engine.ctx.db, run.id)).find(({ kind }) => kind === 'makeTarget')?.state;
    await expect.poll(making, { timeout: 15_000 }).toBe('applying');
    await lab.world.sql.query('CREATE DATABASE copy_late');
    expect(await lab.ended(run.id)).toMatchObject(failed('SQL_FAILED', /database exists/));
    expect(await copies()).toEqual(['copy_late']);
    await lab.world.sql.query('DROP DATABASE copy_late FORCE');
  });

  it('removes its own empty database when StarRocks refuses the statement', async () => {
    lab.world.cluster.setFaults([
      { id: 'no', kind: 'sql-error', match: '^RESTORE', code: 5064, sqlState: '42000', message: 'no', times: 1 },
    ]);
    const run = await restore({ target: 'copy_refused' });
    expect(await lab.ended(run.id)).toMatchObject(failed('SQL_FAILED', /no/));
    expect(await copies()).toEqual([]);
  });

  it('keeps a table of somebody else in its database, and says so', async () => {
    lab.world.cluster.setFaults([{ id: 'held', kind: 'snapshot-delay', ms: 2_000_000 }]);
    const run = await restore({ target: 'copy_shared' });
    await comesTo('copy_shared', 'SNAPSHOTING');
    await lab.world.sql.query(`CREATE TABLE copy_shared.theirs (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)
BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
    await lab.world.sql.query('DROP TABLE copy_shared.orders');
    lab.world.cluster.setFaults([]);
    expect(await lab.ended(run.id)).toMatchObject(failed('SQL_FAILED', /StarRocks gave the restore up: \[NOT_FOUND/));
    const tables = await lab.world.sql.query('SHOW TABLES FROM copy_shared');
    expect(tables.map((row) => Object.values(row)[0])).toEqual(['theirs']);
    await lab.world.sql.query('DROP DATABASE copy_shared FORCE');
  });

  it('shows tasks that fail on a backend, and gives up what does not move', async () => {
    lab.world.s3.faults.add({ kind: 'internal-error', match: '^GET .*__ss_content' });
    const run = await restore({ target: 'copy_stuck' });
    const step = async () =>
      (await listSteps(lab.engine.ctx.db, run.id)).find(
        ({ kind, state }) => kind === 'restoreSnapshot' && state === 'applying',
      );
    await expect.poll(async () => (await step())?.progress?.message, { timeout: 20_000 }).toMatch(/tasks failed/);
    const { progress, position } = (await step()) ?? {};
    const memo = { ...progress?.memo, since: new Date(Date.now() - 700_000).toISOString() };
    await lab.engine.ctx.db
      .updateTable('run_step')
      .set({ progress: JSON.stringify({ ...progress, memo }) })
      .where('run_id', '=', run.id)
      .where('position', '=', position ?? -1)
      .execute();
    // As every entry does, so that whoever drives the run reads its steps anew.
    await lab.engine.ctx.db.updateTable('run').set({ revision: 100_000 }).where('id', '=', run.id).execute();
    const before = sent('CANCEL RESTORE');
    expect(await lab.ended(run.id)).toMatchObject(failed('SQL_FAILED', /nothing has moved for 10 min/));
    expect(sent('CANCEL RESTORE') - before).toBe(1);
    expect(await copies()).toEqual([]);
  });

  it('fails, and leaves nothing, when the copy is not the same as the original', async () => {
    lab.world.cluster.setFaults([
      { id: 'slow', kind: 'sql-delay', match: 'COUNT[^;]*FROM `copy_other`', ms: 1_500, times: 1 },
    ]);
    const sums = sent('SELECT /*+ SET_VAR') + sent('SELECT COUNT(*) AS ROW_COUNT');
    const run = await restore({ target: 'copy_other', tables: ['users'] });
    await expect
      .poll(() => sent('SELECT /*+ SET_VAR') + sent('SELECT COUNT(*) AS ROW_COUNT'), { timeout: 15_000 })
      .toBeGreaterThan(sums);
    await lab.world.sql.query("INSERT INTO copy_other.users VALUES (7, 'eve')");
    expect(await lab.ended(run.id)).toMatchObject(
      failed('POSTCHECK_FAILED', /^1 table came back otherwise: users: 3 rows, and the original has 2$/),
    );
    expect(await copies()).toEqual([]);
  });

  it('cancelled in the middle, cancels the job and removes what it made; what stands is as it was', async () => {
    const before = await rows('shop.orders');
    lab.world.cluster.setFaults([{ id: 'held', kind: 'snapshot-delay', ms: 2_000_000 }]);
    const run = await restore({ target: 'copy_cancelled' });
    await comesTo('copy_cancelled', 'SNAPSHOTING');
    await cancelRun(lab.engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await lab.ended(run.id)).toMatchObject({ state: 'CANCELED' });
    expect(await copies()).toEqual([]);
    expect(await rows('shop.orders')).toEqual(before);
  });

  it.each(['RESTORE', 'CREATE DATABASE'])(
    'sends %s once, and finds its effect when the answer is lost',
    async (word) => {
      const before = sent(word);
      lab.world.cluster.setFaults([{ id: `lost-${word}`, kind: 'sql-drop-after', match: `^${word}`, times: 1 }]);
      const run = await restore({ target: 'copy_lost', tables: ['users'] });
      expect(await lab.ended(run.id)).toMatchObject({ state: 'SUCCEEDED' });
      expect(sent(word) - before).toBe(1);
      await lab.world.sql.query('DROP DATABASE copy_lost FORCE');
    },
  );

  it('switches off what would drop the partitions of the copy, and only there', async () => {
    await lab.world.sql.query('ALTER TABLE shop.orders SET ("dynamic_partition.enable" = "true")');
    await lab.fire('weekly');
    expect(await lab.ended((await restore({ target: 'copy_kept' })).id)).toMatchObject({ state: 'SUCCEEDED' });
    const of = async (database: string) =>
      (
        await lab.world.sql.query(`SELECT PROPERTIES FROM information_schema.tables_config
WHERE TABLE_SCHEMA = '${database}' AND TABLE_NAME = 'orders'`)
      )[0]?.PROPERTIES;
    expect(await of('copy_kept')).toContain('"dynamic_partition.enable":"false"');
    expect(await of('shop')).toContain('"dynamic_partition.enable":"true"');
  });
});
