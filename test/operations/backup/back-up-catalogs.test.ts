import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import type { SqlRow, StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { externalCatalogs } from '../../../src/domain/backup/external-catalogs.ts';
import { findRecoveryPoints } from '../../../src/domain/backup/recovery-point.ts';
import { planBackUpCatalogs } from '../../../src/operations/backup/back-up-catalogs/plan.ts';
import { databasesOf } from '../../../src/operations/backup/run-backup-policy/plan.ts';
import { awaitTurn } from '../../../src/operations/backup/take/await-turn.ts';
import { takeBackup } from '../../../src/operations/backup/take/take-backup.ts';
import type { EngineContext } from '../../../src/steps/define.ts';
import { newestBackupAt } from '../../../src/store/backups/backups.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { type Engine, startEngine } from '../../helpers/engine.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

const facts = {
  ...{
    runMode: null,
    version: '3.5.0',
    databases: [],
    catalogs: ['lake', 'crm'],
    takesMaterialized: false,
    runningJob: null,
  },
  repositories: [
    {
      ...{ id: '1', name: 'vault', isReadOnly: false, location: 's3://bucket/prod', broker: null },
      ...{ createdAt: '2026-11-27 10:00:00', errorMessage: null },
    },
  ],
};
const asked = { timeoutSeconds: 600 };

describe('the plan of backing external catalogs up', () => {
  it('says in its summary and first in its notes that secrets are written in clear', () => {
    expect(planBackUpCatalogs(asked, facts)).toMatchObject({
      summary: 'Back all external catalogs up to vault; THEIR SECRETS ARE WRITTEN THERE IN CLEAR',
      notes: expect.arrayContaining([expect.stringContaining('everybody who can read s3://bucket/prod')]),
    });
    const plan = planBackUpCatalogs(asked, { ...facts, runningJob: 'the backup by_hand' });
    expect('notes' in plan ? plan.notes : []).toContain(
      'Waits first for the backup by_hand: the whole cluster runs one such job at a time',
    );
  });

  it('refuses an older version, an unknown catalog, none at all, and not knowing', () => {
    const refusal = (input: object, changed: object) => {
      const result = planBackUpCatalogs({ ...asked, ...input }, { ...facts, ...changed });
      return 'refusals' in result ? result.refusals.map(({ code }) => code) : [];
    };
    expect(refusal({}, { version: '3.3.15' })).toEqual(['PRECONDITION_FAILED']);
    expect(refusal({}, { version: null })).toEqual(['PRECONDITION_FAILED']);
    expect(refusal({ catalogs: ['lake', 'sea'] }, {})).toEqual(['NOT_FOUND']);
    expect(refusal({}, { catalogs: [] })).toEqual(['PRECONDITION_FAILED']);
    expect(refusal({}, { catalogs: null })).toEqual(['PRECONDITION_FAILED']);
  });

  it('is never made by a policy, whatever that one names', () => {
    expect(databasesOf({ databases: [externalCatalogs, '*'], exceptDatabases: [] }, ['shop'])).toEqual(['shop']);
  });
});

describe('backUpCatalogs', () => {
  let world: World;
  let engine: Engine;
  let managed: Managed;
  let root: Sql;
  let clusterId: string;

  beforeAll(async () => {
    world = await startWorld({ starwarden: false, slack: false, speed: 20, version: '3.5.0' });
    engine = await startEngine();
    managed = manage(world, engine);
    const [frontend] = world.describe().cluster.frontends;
    if (frontend === undefined) throw new Error('no frontend');
    root = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
    clusterId = await managed.register('catalogs');
    for (const name of ['lake', 'crm'])
      await root.query(
        `CREATE EXTERNAL CATALOG ${name} PROPERTIES ("type" = "hive", "aws.s3.secret_key" = "IN-CLEAR-${name}")`,
      );
    engine.work();
  });
  afterEach(() => world.faults.clear());
  afterAll(async () => {
    root?.close();
    await engine?.close();
    await world?.stop();
  });

  const start = (extra: Record<string, unknown> = {}) => managed.ask('backUpCatalogs', { clusterId, ...extra });
  const mark = async () => (await logLines(world.describe().logs.statements)).length;
  const sentSince = async (from: number) => {
    const texts = (await logLines(world.describe().logs.statements, from)).map((line) => String(line.text).trim());
    return texts.filter((text) => /^(BACKUP|CANCEL)/.test(text)).map((text) => text.split('\n')[0]);
  };
  const rowOf = (runId: string) => engine.ctx.connections.catalogue.findOfRun(runId, externalCatalogs);

  it('takes all of them, remembers their names, and counts as no backup of a database', async () => {
    const from = await mark();
    const run = await engine.until((await start()).id);
    expect(run).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(await sentSince(from)).toEqual(['BACKUP EXTERNAL CATALOGS (`crm`, `lake`)']);
    const row = await rowOf(run.id);
    expect(row).toMatchObject({ state: 'AVAILABLE', kind: 'FULL', tableCount: 0, verifiedAt: expect.any(Date) });
    const content = await engine.ctx.connections.catalogue.readContent(row?.id ?? '');
    expect(content?.held.tables.map(({ name, type }) => `${type} ${name}`).toSorted()).toEqual([
      'EXTERNAL_CATALOG crm',
      'EXTERNAL_CATALOG lake',
    ]);
    const backups = await engine.ctx.connections.catalogue.listCatalogued({ clusterId });
    expect(findRecoveryPoints({ databases: [], backups, policies: [], now: new Date() })).toEqual([]);
    expect(await newestBackupAt(engine.ctx.db, clusterId)).toBeNull();
    const stored = JSON.stringify([run, row, content, await listSteps(engine.ctx.db, run.id)]);
    expect(stored).not.toContain('IN-CLEAR-');
  });

  it('sends one statement when its answer is lost, and takes only the one that is named', async () => {
    const from = await mark();
    await world.faults.add({ kind: 'sql-drop-after', match: '^BACKUP', times: 1 });
    const run = await engine.until((await start({ catalogs: ['lake'] })).id);
    expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null });
    expect(await sentSince(from)).toEqual(['BACKUP EXTERNAL CATALOGS (`lake`)']);
  });

  const row = (SnapshotName: string, State: string): SqlRow => ({
    ...{ JobId: '-1', SnapshotName, DbName: '', State, CreateTime: 'x', Timeout: '600' },
  });
  const context = (attempts: number): EngineContext => ({
    ...{ runId: 'run_1', clusterId: 'clu_1', signal: AbortSignal.timeout(5_000), startedAt: null, attempts },
    ...{ applied: false, waitingLanes: 0, now: () => new Date(), log: () => undefined },
    earlier: async () => ({
      kind: 'chooseObjects',
      facts: {
        ...{
          backupId: 'bak_1',
          kind: 'FULL',
          snapshot: 'ours',
          lookedAt: '2026-11-27T10:00:00.000Z',
          leftOut: [],
          foreign: [],
        },
        objects: [{ type: 'EXTERNAL_CATALOG', name: 'lake', partitions: null }],
      },
    }),
  });
  const given = {
    ...{ database: externalCatalogs, repository: 'vault', kind: 'FULL' as const, objects: null, policyId: null },
    ...{ tier: null, snapshot: null, timeoutSeconds: 600 },
  };

  /** A frontend with one job about catalogs, and with a restore of them. */
  function frontend(backups: readonly SqlRow[], restores: readonly SqlRow[] = []) {
    const sent: string[] = [];
    const query: StarRocksSql['query'] = async ({ name, text, effect }) => {
      if (effect === 'change') sent.push(text);
      if (name === 'show-backup') return text.includes('information_schema') ? backups : [];
      if (name === 'show-restore') return text.includes('information_schema') ? restores : [];
      return [];
    };
    return { sql: { query }, sent };
  }
  const ports = (sql: Pick<StarRocksSql, 'query'>) => ({ ...engine.ctx.connections.portsFor(clusterId), sql });

  it('waits for the one job of the cluster, whosever it is, and for a restore of catalogs', async () => {
    const check = (sql: Pick<StarRocksSql, 'query'>) =>
      awaitTurn.check({ database: externalCatalogs }, ports(sql), context(0));
    expect(await check(frontend([row('by_hand', 'SAVE_META')]).sql)).toMatchObject({
      progress: { message: 'Waits for the backup by_hand (SAVE_META), which Starwarden did not start' },
    });
    expect(await check(frontend([], [{ Label: 'back', DbName: '', State: 'COMMIT' }]).sql)).toMatchObject({
      progress: { message: 'Waits for the restore of back (COMMIT), which Starwarden did not start' },
    });
    expect(await check(frontend([row('by_hand', 'FINISHED'), row('other', 'CANCELLED')]).sql)).toEqual({
      state: 'done',
    });
  });

  it('makes no backup of a database wait', async () => {
    const sql = { query: async () => [row('by_hand', 'SAVE_META')] };
    expect(await awaitTurn.check({ database: 'sales' }, ports(sql), context(0))).toEqual({ state: 'done' });
  });

  it('cancels a job only when it is ours', async () => {
    const stop = async (job: SqlRow) => {
      const { sql, sent } = frontend([job]);
      await takeBackup.stop?.(given, ports(sql), context(1));
      return sent;
    };
    expect(await stop(row('ours', 'UPLOAD_INFO'))).toEqual(['CANCEL BACKUP FOR EXTERNAL CATALOG']);
    expect(await stop(row('by_hand', 'UPLOAD_INFO'))).toEqual([]);
    expect(await stop(row('ours', 'FINISHED'))).toEqual([]);
  });
});
