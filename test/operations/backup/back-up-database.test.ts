import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import type { SqlRow, StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { AppError } from '../../../src/errors.ts';
import { takeBackup } from '../../../src/operations/backup/take/take-backup.ts';
import { pauseTabletScheduling } from '../../../src/operations/node/steps/scheduling.ts';
import { cancelRun, retryRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import type { EngineContext } from '../../../src/steps/define.ts';
import { findLockHolder, listSteps } from '../../../src/store/runs/runs.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

let world: World;
let engine: Engine;
let managed: Managed;
let root: Sql;
let clusterId: string;

beforeAll(async () => {
  world = await startWorld({ starwarden: false, slack: false, speed: 20 });
  engine = await startEngine();
  managed = manage(world, engine);
  const [frontend] = world.describe().cluster.frontends;
  if (frontend === undefined) throw new Error('no frontend');
  root = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
  clusterId = await managed.register('backups');
  engine.work();
});

afterEach(() => world.faults.clear());

afterAll(async () => {
  root?.close();
  await engine?.close();
  await world?.stop();
});

const start = (extra: Record<string, unknown> = {}) =>
  managed.ask('backUpDatabase', { clusterId, database: 'sales', ...extra });

async function refusalsOf(input: Record<string, unknown>): Promise<string[]> {
  const result = await submit(engine.ctx.engine, {
    operation: 'backUpDatabase',
    input: { clusterId, ...input },
    actor: admin,
  });
  return result.userErrors.map(({ code, message }) => `${code} ${message}`);
}

async function statementsSince(from: number): Promise<string[]> {
  const lines = (await logLines(world.describe().logs.statements, from)).map((line) => String(line.text).trim());
  return lines.filter((text) => /^(BACKUP|CANCEL)/.test(text)).map((text) => text.split(/\s+/).slice(0, 2).join(' '));
}

const taking = async (runId: string) =>
  (await listSteps(engine.ctx.db, runId)).find(({ kind }) => kind === 'takeBackup');

const mark = async () => (await logLines(world.describe().logs.statements)).length;

const context = (attempts: number): EngineContext => ({
  ...{
    runId: 'run_1',
    clusterId,
    signal: AbortSignal.timeout(5_000),
    startedAt: null,
    attempts,
    applied: false,
    waitingLanes: 0,
  },
  now: () => new Date(),
  log: () => undefined,
  earlier: async () => ({
    kind: 'chooseObjects',
    facts: {
      backupId: 'bak_1',
      kind: 'FULL',
      snapshot: 'again',
      objects: null,
      leftOut: [],
      lookedAt: '2026-11-27T09:00:00.000Z',
      foreign: [],
    },
  }),
});

describe('backUpDatabase', () => {
  it('refuses a database without tables, one that does not exist, and a repository that does not', async () => {
    await root.query('CREATE DATABASE empty_one');
    expect(await refusalsOf({ database: 'empty_one' })).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED empty_one has no tables/),
    ]);
    expect(await refusalsOf({ database: 'nowhere' })).toEqual([expect.stringMatching(/^NOT_FOUND/)]);
    expect(await refusalsOf({ database: 'sales', repository: 'attic' })).toEqual([
      expect.stringMatching(/^NOT_FOUND There is no repository attic; there are: backups/),
    ]);
  });

  it('refuses the databases of StarRocks itself, however they are written', async () => {
    for (const database of ['_statistics_', 'information_schema', 'INFORMATION_SCHEMA', 'sys', ' sys'])
      expect(await refusalsOf({ database })).toEqual([
        expect.stringMatching(/^INVALID_INPUT .* is a database of StarRocks' own/),
      ]);
  });

  it('backs up a database whatever characters its name is made of', async () => {
    const name = `it's "mine"; a\\b -- c`;
    await root.query(`CREATE DATABASE \`${name}\``);
    await root.query(`CREATE TABLE \`${name}\`.one (id INT NOT NULL) DUPLICATE KEY (id)
DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
    const run = await engine.until((await start({ database: name })).id);
    expect(run).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    await root.query(`DROP DATABASE \`${name}\` FORCE`);
  });

  it('sends one BACKUP and finds the job again when the answer to it is lost', async () => {
    const from = await mark();
    await world.faults.add({ kind: 'sql-drop-after', match: '^BACKUP', times: 1 });
    const run = await engine.until((await start()).id);
    expect(run).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(await statementsSince(from)).toEqual(['BACKUP SNAPSHOT']);
  });

  it('starts by the hash of a dry run: the name of the snapshot is made when its turn comes', async () => {
    const request = { operation: 'backUpDatabase', input: { clusterId, database: 'sales' }, actor: admin };
    const { plan } = await submit(engine.ctx.engine, { ...request, options: { dryRun: true } });
    const { run, userErrors } = await submit(engine.ctx.engine, { ...request, options: { planHash: plan?.hash } });
    expect(userErrors).toEqual([]);
    expect(await engine.until(run?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('refuses a name that is used', async () => {
    expect((await engine.until((await start({ snapshot: 'nightly' })).id)).state).toBe('SUCCEEDED');
    expect(await refusalsOf({ database: 'sales', snapshot: 'nightly' })).toEqual([
      expect.stringMatching(/^ALREADY_EXISTS The name nightly is used/),
    ]);
  });

  it('cancelled in the middle, cancels the job of StarRocks, says so, and frees the cluster', async () => {
    const from = await mark();
    await world.faults.add({ kind: 'upload-delay', ms: 60_000 });
    const run = await start({ snapshot: 'given_up' });
    await expect.poll(async () => (await taking(run.id))?.progress?.message).toMatch(/UPLOADING/);
    await cancelRun(engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await engine.until(run.id)).toMatchObject({ state: 'CANCELED' });
    expect(await statementsSince(from)).toEqual(['BACKUP SNAPSHOT', 'CANCEL BACKUP']);
    const [job] = await root.query('SHOW BACKUP FROM sales');
    expect(job).toMatchObject({ SnapshotName: 'given_up', State: 'CANCELLED' });
    expect(await findLockHolder(engine.ctx.db, clusterId)).toBeNull();
    const backup = await engine.ctx.connections.catalogue.findOfRun(run.id, 'sales');
    expect(backup).toMatchObject({ verifiedAt: null, backupTimestamp: null });
  });

  it('says so when its job cannot be cancelled, instead of trying for ever', async () => {
    await world.faults.add({ kind: 'upload-delay', ms: 600_000 });
    const run = await start();
    await expect.poll(async () => (await taking(run.id))?.progress?.message).toMatch(/UPLOADING/);
    await world.faults.add({ kind: 'sql-error', match: '^CANCEL BACKUP', message: 'not today' });
    await cancelRun(engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await engine.until(run.id)).toMatchObject({
      state: 'FAILED',
      failure: { message: expect.stringMatching(/Could not be stopped, and may still go on: .*not today/) },
    });
    expect(await findLockHolder(engine.ctx.db, clusterId)).toBeNull();
    await world.faults.clear();
    await root.query('CANCEL BACKUP FROM sales');
  });

  it('does not take an old job of the same name for its own', async () => {
    await root.query('BACKUP SNAPSHOT sales.twice TO backups');
    await root.query('CANCEL BACKUP FROM sales');
    await expect
      .poll(async () => (await root.query('SHOW BACKUP FROM sales'))[0])
      .toMatchObject({ SnapshotName: 'twice', State: 'CANCELLED' });
    const from = await mark();
    const run = await engine.until((await start({ snapshot: 'twice' })).id);
    expect(await statementsSince(from)).toEqual(['BACKUP SNAPSHOT']);
    expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null });
  });

  it('fails with the words of StarRocks when it is refused, and goes on when retried after it was mended', async () => {
    const from = await mark();
    await world.faults.add({ kind: 'sql-error', match: '^BACKUP', message: 'Repository is being migrated', times: 1 });
    const run = await engine.until((await start()).id);
    expect(run).toMatchObject({
      state: 'FAILED',
      failure: { code: 'SQL_FAILED', message: expect.stringContaining('Repository is being migrated') },
    });
    await world.faults.clear();
    await retryRun(engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await statementsSince(from)).toEqual(['BACKUP SNAPSHOT', 'BACKUP SNAPSHOT']);
  });

  it('is no backup when the repository cannot tell that it is whole', async () => {
    const run = await start({ snapshot: 'doubted' });
    await expect
      .poll(async () => (await taking(run.id))?.state, { timeout: 15_000, interval: 10 })
      .toMatch(/applying|done/);
    await world.faults.add({ kind: 'sql-error', match: 'SHOW SNAPSHOT', message: 'bucket is away' });
    const ended = await engine.until(run.id);
    expect(ended).toMatchObject({ state: 'FAILED', failure: { message: expect.stringContaining('bucket is away') } });
    expect(await engine.ctx.connections.catalogue.findOfRun(run.id, 'sales')).toMatchObject({ verifiedAt: null });
  });

  it('does not fail for what frontends say while a leader leaves, and sends no second BACKUP', async () => {
    const from = await mark();
    await world.faults.add({ kind: 'sql-drop-after', match: '^BACKUP', times: 1 });
    await world.faults.add({
      kind: 'sql-error',
      match: '^SHOW BACKUP',
      message: 'Socket is closed by peer.',
      times: 3,
    });
    await world.faults.add({ kind: 'sql-error', match: '^SHOW SNAPSHOT', message: 'Environment is closed.', times: 4 });
    expect(await engine.until((await start()).id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    expect(await statementsSince(from)).toEqual(['BACKUP SNAPSHOT']);
  });

  it('takes a BACKUP that is refused when it is sent again for done, if its job is there', async () => {
    const refused = new AppError('SQL_FAILED', 'back-up-database was refused: a job is running');
    const job = {
      JobId: '1',
      SnapshotName: 'again',
      DbName: 'sales',
      State: 'SNAPSHOTING',
      CreateTime: 'x',
      Timeout: '600',
    };
    const apply = (attempts: number, jobs: readonly SqlRow[]) => {
      const query: StarRocksSql['query'] = async ({ name }) => {
        if (name === 'back-up-database') throw refused;
        return jobs;
      };
      return takeBackup.apply(
        {
          ...{ database: 'sales', repository: 'backups', kind: 'FULL', objects: null, policyId: null, tier: null },
          ...{ snapshot: null, timeoutSeconds: 600 },
        },
        { ...engine.ctx.connections.portsFor(clusterId), sql: { query } },
        context(attempts),
      );
    };
    await expect(apply(1, [job])).resolves.toBeUndefined();
    // Whoever began in between is waited for.
    for (const attempts of [0, 1])
      await expect(apply(attempts, [{ ...job, SnapshotName: 'another' }])).rejects.toMatchObject({
        message: 'Waits for the backup another (SNAPSHOTING), which began before ours',
        retryable: true,
      });
    await expect(apply(1, [{ ...job, SnapshotName: 'another', State: 'FINISHED' }])).rejects.toBe(refused);
    await expect(apply(0, [job])).rejects.toBe(refused); // never sent before: the job is somebody else's
  });

  it('finds its snapshot in the repository when its answer was lost and a later backup has taken its place', async () => {
    const later = {
      ...{ JobId: '2', SnapshotName: 'later', DbName: 'sales', State: 'FINISHED', CreateTime: 'x', Timeout: '600' },
    };
    const check = (attempts: number, row: SqlRow) =>
      takeBackup.check(
        {
          ...{ database: 'sales', repository: 'backups', kind: 'FULL', objects: null, policyId: null, tier: null },
          ...{ snapshot: null, timeoutSeconds: 600 },
        },
        {
          ...engine.ctx.connections.portsFor(clusterId),
          sql: { query: async ({ name }) => (name === 'show-snapshot' ? [row] : [later]) },
        },
        context(attempts),
      );
    const whole = { Snapshot: 'again', Timestamp: '2026-11-27-09-38-34-376', Status: 'OK' };
    const none = { Snapshot: 'again', Timestamp: '', Status: 'ERROR: no snapshot' };
    expect(await check(1, whole)).toMatchObject({ state: 'done' });
    expect(await check(1, none)).toMatchObject({ state: 'todo' });
    expect(await check(0, whole)).toMatchObject({ state: 'blocked', code: 'ALREADY_EXISTS' });
  });

  it('does not take the absence of a leader for a scheduler that is as it should be', async () => {
    const follower = {
      ...{ Name: 'f', IP: '192.0.2.1', EditLogPort: '9010', HttpPort: '8030', QueryPort: '9030', RpcPort: '9020' },
      ...{
        Role: 'FOLLOWER',
        ClusterId: '1',
        Join: 'false',
        Alive: 'true',
        ReplayedJournalId: '7',
        Version: '3.5.0-37c7c51',
      },
    };
    const query: StarRocksSql['query'] = async ({ name }) => (name === 'show-frontends' ? [follower] : []);
    const ports = { ...engine.ctx.connections.portsFor(clusterId), sql: { query } };
    await expect(pauseTabletScheduling.check({}, ports, context(0))).rejects.toMatchObject({
      code: 'SQL_UNREACHABLE',
      retryable: true,
    });
  });

  it('waits for a job that it did not start, says so, and leaves it alone', async () => {
    const from = await mark();
    await world.faults.add({ kind: 'upload-delay', ms: 60_000 });
    await root.query('BACKUP SNAPSHOT sales.by_hand TO backups');
    const run = await start();
    await expect
      .poll(async () => (await listSteps(engine.ctx.db, run.id))[1]?.progress?.message, { timeout: 15_000 })
      .toMatch(/^Waits for the backup by_hand \([A-Z_]+\), which Starwarden did not start$/);
    expect(await engine.ctx.connections.catalogue.findOfRun(run.id, 'sales')).toMatchObject({ state: 'SCHEDULED' });
    await world.faults.clear();
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await statementsSince(from)).toEqual(['BACKUP SNAPSHOT', 'BACKUP SNAPSHOT']);
  });

  it('tells the truth when its job is cancelled by somebody else, and takes another name when it is retried', async () => {
    await world.faults.add({ kind: 'upload-delay', ms: 60_000 });
    const run = await start();
    await expect.poll(async () => (await taking(run.id))?.progress?.message, { timeout: 15_000 }).toMatch(/UPLOADING/);
    await root.query('CANCEL BACKUP FROM sales');
    expect(await engine.until(run.id)).toMatchObject({
      state: 'FAILED',
      failure: { code: 'SQL_FAILED', message: expect.stringContaining('StarRocks gave the backup up') },
    });
    const { catalogue } = engine.ctx.connections;
    const broken = await catalogue.findOfRun(run.id, 'sales');
    expect(broken).toMatchObject({ state: 'BROKEN', snapshot: expect.any(String), finishedAt: expect.any(Date) });
    await world.faults.clear();
    await retryRun(engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    const whole = await catalogue.findOfRun(run.id, 'sales');
    expect(whole).toMatchObject({ state: 'AVAILABLE' });
    expect(whole?.snapshot).not.toBe(broken?.snapshot);
    expect(await catalogue.find(broken?.id ?? '')).toMatchObject({ state: 'BROKEN' });
  });

  it('takes some tables and partitions, and remembers what the snapshot holds', async () => {
    await root.query(`CREATE TABLE sales.parted (d DATE, v INT) PARTITION BY RANGE(d) (PARTITION p1 VALUES LESS THAN
("2026-01-01"), PARTITION p2 VALUES LESS THAN ("2027-01-01")) DISTRIBUTED BY HASH(d) BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
    expect(await refusalsOf({ database: 'sales', tables: ['nope'] })).toEqual(['NOT_FOUND sales has no nope']);
    expect(await refusalsOf({ database: 'sales', partitions: ['p1'] })).toEqual([
      expect.stringMatching(/^INVALID_INPUT Partitions can be named where exactly one table is/),
    ]);
    const run = await engine.until((await start({ tables: ['parted'], partitions: ['p1'] })).id);
    expect(run).toMatchObject({ state: 'SUCCEEDED' });
    const backup = await engine.ctx.connections.catalogue.findOfRun(run.id, 'sales');
    expect(backup).toMatchObject({ state: 'AVAILABLE', tableCount: 1, partitionCount: 1, origin: expect.any(String) });
    expect(backup).toMatchObject({
      isSelection: true,
      notHeld: expect.arrayContaining([expect.stringMatching(/^Tables: .*orders/)]),
    });
    const content = await engine.ctx.connections.catalogue.readContent(backup?.id ?? '');
    expect(content?.held.tables.map(({ name, partitions }) => [name, partitions.map((each) => each.name)])).toEqual([
      ['parted', ['p1']],
    ]);
    expect(content?.database.tables.map(({ name }) => name)).toContain('orders');
  });

  it('says before and after what becomes of materialized views, by the setting of the leader', async () => {
    await root.query('CREATE DATABASE kinds');
    await root.query(`CREATE TABLE kinds.one (id INT NOT NULL) DUPLICATE KEY (id)
DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
    await root.query(`CREATE MATERIALIZED VIEW kinds.mv DISTRIBUTED BY HASH(id) BUCKETS 1 REFRESH MANUAL
PROPERTIES ("replication_num" = "1") AS SELECT id FROM kinds.one`);
    const input = { clusterId, database: 'kinds' };
    const preview = async () => {
      const request = { operation: 'backUpDatabase', input, actor: admin, options: { dryRun: true } };
      return (await submit(engine.ctx.engine, request)).plan;
    };
    const set = (value: boolean) =>
      root.query(`ADMIN SET FRONTEND CONFIG ("enable_backup_materialized_view" = "${value}")`);
    const without = await preview();
    expect(without?.notes).toContain(
      'Not held: Materialized views, because enable_backup_materialized_view is false: mv',
    );
    await set(true);
    const withThem = await preview();
    expect(withThem?.notes.join('\n')).not.toMatch(/[Mm]aterialized/);
    expect(withThem?.hash).toBe(without?.hash);
    const run = await engine.until((await start({ database: 'kinds' })).id);
    const whole = await engine.ctx.connections.catalogue.findOfRun(run.id, 'kinds');
    expect(whole).toMatchObject({ state: 'AVAILABLE', tableCount: 2 });
    expect(whole?.notHeld.join('\n')).not.toMatch(/[Mm]aterialized/);
    await set(false);
    await world.faults.add({ kind: 'sql-error', match: '^ADMIN SHOW FRONTEND CONFIG', message: 'not today' });
    await world.faults.add({ kind: 'sql-error', match: '^SHOW PROC', message: 'not today' });
    const unknown = await preview();
    expect(unknown?.notes).toContainEqual(expect.stringMatching(/^Not held: Materialized views, perhaps, .*: mv$/));
    expect(unknown?.notes).toContainEqual(expect.stringMatching(/^Not known: whether backends are down/));
    expect(unknown?.hash).toBe(without?.hash);
  });

  it('belongs to its cluster again when that is registered anew', async () => {
    const { catalogue } = engine.ctx.connections;
    const before = (await catalogue.list({ clusterId })).map(({ id }) => id);
    expect(before.length).toBeGreaterThan(3);
    await managed.finish((await managed.ask('unregisterCluster', { clusterId })).id);
    const again = await managed.register('backups-again');
    expect(again).not.toBe(clusterId);
    const left = (await catalogue.list({ clusterId })).map(({ origin }) => origin);
    expect(left.every((origin) => origin === null)).toBe(true);
    expect((await catalogue.list({ clusterId: again })).map(({ id }) => id).toSorted()).toEqual(before.toSorted());
    clusterId = again;
  });

  it('goes on with the job of StarRocks when the leader dies in the middle', async () => {
    const from = await mark();
    await world.faults.add({ kind: 'upload-delay', ms: 60_000 });
    const run = await start({ snapshot: 'outlives' });
    await expect.poll(async () => (await taking(run.id))?.progress?.message, { timeout: 15_000 }).toMatch(/UPLOADING/);
    const leader = (await root.query('SHOW FRONTENDS')).find(({ Role }) => Role === 'LEADER');
    const name = world.describe().hosts.find(({ address }) => address === leader?.IP)?.name ?? '';
    await world.kill(name);
    await world.faults.clear();
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    expect(await statementsSince(from)).toEqual(['BACKUP SNAPSHOT']);
    await world.start(name);
  });
});
