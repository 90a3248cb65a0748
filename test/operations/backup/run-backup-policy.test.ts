import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import type { Backup } from '../../../src/domain/backup/backup.ts';
import type { BackupTier } from '../../../src/domain/backup/policy.ts';
import { templateOf } from '../../../src/domain/backup/template.ts';
import { newId } from '../../../src/ids.ts';
import { retryRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { type Managed, manage } from '../../helpers/world.ts';

let world: World;
let engine: Engine;
let managed: Managed;
let root: Sql;
let clusterId: string;
let policyId: string;

const tier = (name: string, kind: BackupTier['kind']): BackupTier => ({
  ...{ name, kind, cron: '0 1 * * 0', jitterSeconds: 0, keep: [{ rule: 'COUNT', count: 3 }], verify: 'L0' },
});

beforeAll(async () => {
  world = await startWorld({ starwarden: false, slack: false, speed: 40, frontends: 1 });
  engine = await startEngine();
  managed = manage(world, engine);
  const { frontends, repository } = world.describe().cluster;
  const [frontend] = frontends;
  if (frontend === undefined) throw new Error('no frontend');
  root = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
  clusterId = await managed.register('policies');
  policyId = newId('bpl');
  const content = {
    ...templateOf({ repository, databases: ['shop', 'crm'] }),
    tiers: [tier('weekly', 'FULL'), tier('daily', 'INCREMENTAL')],
  };
  await engine.ctx.db
    .insertInto('backup_policy')
    .values({
      ...{ id: policyId, cluster_id: clusterId, name: 'shipped', content: JSON.stringify(content) },
      ...{ owner_id: 'per_1', owner_name: 'Owner', created_at: new Date(), changed_at: new Date() },
    })
    .execute();
  for (const database of ['shop', 'crm']) {
    await root.query(`CREATE DATABASE ${database}`);
    await root.query(`CREATE TABLE ${database}.parted (d DATE, v INT) PARTITION BY RANGE(d) (PARTITION p1 VALUES LESS THAN
("2026-01-01"), PARTITION p2 VALUES LESS THAN ("2027-01-01")) DISTRIBUTED BY HASH(d) BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
    await root.query(`INSERT INTO ${database}.parted VALUES ('2025-05-05', 1), ('2026-05-05', 2)`);
  }
  engine.work();
});

afterAll(async () => {
  root?.close();
  await engine?.close();
  await world?.stop();
});

const ask = (name: string) => managed.ask('runBackupPolicy', { clusterId, policyId, tier: name });

async function run(name: string): Promise<Backup | null> {
  const { id } = await ask(name);
  expect(await engine.until(id)).toMatchObject({ state: 'SUCCEEDED' });
  return engine.ctx.connections.catalogue.findOfRun(id, 'shop');
}

const heldBy = async (backup: Backup | null) => {
  const content = await engine.ctx.connections.catalogue.readContent(backup?.id ?? '');
  return content?.held.tables.map(({ name, partitions }) => `${name} ${partitions.map((each) => each.name).join(',')}`);
};

describe('runBackupPolicy', () => {
  it('takes a full backup where there is none to build on, then only what changed, then nothing', async () => {
    const first = await run('daily');
    expect(first).toMatchObject({ kind: 'FULL', state: 'AVAILABLE', tier: 'daily', policyId, baseId: null });
    expect(await heldBy(first)).toEqual(['parted p1,p2']);
    await root.query("INSERT INTO shop.parted VALUES ('2026-06-06', 3)");
    await root.query(
      `CREATE TABLE shop.late (id INT) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
    );
    const second = await run('daily');
    expect(second).toMatchObject({ kind: 'INCREMENTAL', state: 'AVAILABLE', baseId: first?.id });
    expect((await heldBy(second))?.toSorted()).toEqual(['late late', 'parted p2']);
    const full = await run('weekly');
    expect(full).toMatchObject({ kind: 'FULL', tableCount: 2, partitionCount: 3 });
    const nothing = await run('daily');
    expect(nothing).toMatchObject({ kind: 'INCREMENTAL', state: 'AVAILABLE', snapshot: null, baseId: full?.id });
    // What was found damaged is no base any more, nor is one that another cluster made.
    const found = { level: 'L1', at: new Date(), run_id: null, passed: 0, message: 'objects are missing' };
    await engine.ctx.db
      .insertInto('backup_verification')
      .values({ ...found, backup_id: full?.id ?? '' })
      .execute();
    const onFirst = await run('daily');
    expect(onFirst).toMatchObject({ kind: 'INCREMENTAL', state: 'AVAILABLE', baseId: first?.id });
    await engine.ctx.db
      .updateTable('backup')
      .set({ origin: '4711' })
      .where('id', '=', first?.id ?? '')
      .execute();
    expect(await run('daily')).toMatchObject({ kind: 'FULL', state: 'AVAILABLE', baseId: null, isSelection: false });
  });

  it('goes on with the other databases when one fails, and takes only that one again when it is retried', async () => {
    await root.query('DROP DATABASE crm FORCE');
    const { id } = await ask('weekly');
    expect(await engine.until(id)).toMatchObject({
      state: 'FAILED',
      failure: { message: expect.stringMatching(/^1 of 2 failed\. crm: /) },
    });
    const { catalogue } = engine.ctx.connections;
    const shop = await catalogue.findOfRun(id, 'shop');
    expect(shop).toMatchObject({ state: 'AVAILABLE' });
    expect(await catalogue.findOfRun(id, 'crm')).toMatchObject({ state: 'BROKEN' });
    await root.query('CREATE DATABASE crm');
    await root.query(
      `CREATE TABLE crm.one (id INT) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
    );
    await retryRun(engine.ctx.engine, { runId: id, actor: admin });
    expect(await engine.until(id)).toMatchObject({ state: 'SUCCEEDED' });
    expect((await catalogue.findOfRun(id, 'shop'))?.id).toBe(shop?.id);
    expect(await catalogue.findOfRun(id, 'crm')).toMatchObject({ state: 'AVAILABLE' });
  });

  it('refuses a policy of another cluster and a tier that it has not', async () => {
    const refusals = async (input: Record<string, unknown>) => {
      const request = {
        operation: 'runBackupPolicy',
        input: { clusterId, policyId, tier: 'daily', ...input },
        actor: admin,
      };
      return (await submit(engine.ctx.engine, request)).userErrors.map(({ code, message }) => `${code} ${message}`);
    };
    expect(await refusals({ tier: 'hourly' })).toEqual([
      'NOT_FOUND shipped has no tier hourly; there are: weekly, daily',
    ]);
    expect(await refusals({ policyId: newId('bpl') })).toEqual([
      expect.stringMatching(/^NOT_FOUND There is no backup policy/),
    ]);
  });
});
