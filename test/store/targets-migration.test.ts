import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, migrate, openDatabase } from '../../src/store/database.ts';
import * as core from '../../src/store/migrations/0001-core.ts';
import * as monitor from '../../src/store/migrations/0002-monitor.ts';
import * as slack from '../../src/store/migrations/0003-slack.ts';
import * as upgrades from '../../src/store/migrations/0004-upgrades.ts';
import * as endings from '../../src/store/migrations/0005-endings.ts';
import * as readiness from '../../src/store/migrations/0007-readiness.ts';
import { findRun } from '../../src/store/runs/runs.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/services.ts';

let database: TestDatabase;
let db: Database;

const until0007: Record<string, Migration> = {
  '0001-core': core,
  '0002-monitor': monitor,
  '0003-slack': slack,
  '0004-upgrades': upgrades,
  '0005-endings': endings,
  '0007-readiness': readiness,
};

const plan = '{"operation":"x","operationVersion":1,"summary":"s","steps":[],"notes":[],"hash":"h"}';

const runs = [
  ['run_1', 'registerCluster', 'CANCELED'],
  ['run_2', 'restartNode', 'SUCCEEDED'],
  ['run_3', 'registerCluster', 'RUNNING'],
] as const;

/** A database as the version before left it, with runs of its own. */
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, poolSize: 1, answerMs: null });
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => until0007 },
  }).migrateToLatest();
  if (error !== undefined) throw error;
  for (const [id, operation, state] of runs) {
    await sql`INSERT INTO run SET id = ${id}, operation = ${operation}, operation_version = 1, cluster_id = 'clu_1',
      cluster_name = 'prod-eu', environment = 'prod', state = ${state}, input = '{}', plan = ${plan}, plan_hash = 'h',
      requested_by_id = 'per_1', requested_by_name = 'ana', via = 'API', needs_replan = 0, created_at = NOW()`.execute(
      db,
    );
  }
  await migrate(db);
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

describe('runs from before a run said what kind of target it has', () => {
  it.each([
    ['run_1', 'new-cluster'],
    ['run_2', 'cluster'],
    ['run_3', 'new-cluster'],
  ])('%s is about a %s, and still about its cluster', async (id, targetKind) => {
    expect(await findRun(db, id)).toMatchObject({
      targetKind,
      clusterId: 'clu_1',
      clusterName: 'prod-eu',
      environment: 'prod',
    });
  });

  it('and one that is written without the column is about its cluster', async () => {
    await sql`INSERT INTO run SET id = 'run_4', operation = 'restartNode', operation_version = 1, cluster_id = 'clu_1',
      cluster_name = 'prod-eu', environment = 'prod', state = 'QUEUED', input = '{}', plan = ${plan}, plan_hash = 'h',
      requested_by_id = 'per_1', requested_by_name = 'ana', via = 'API', needs_replan = 0, created_at = NOW()`.execute(
      db,
    );
    expect(await findRun(db, 'run_4')).toMatchObject({ targetKind: 'cluster' });
  });
});

describe('a run about several clusters', () => {
  const parent = { target_kind: 'clusters', cluster_id: null, cluster_name: null, environment: null };

  const insertLike = async (id: string, change: Record<string, string | null>) => {
    const { number: _number, ...row } = await db
      .selectFrom('run')
      .selectAll()
      .where('id', '=', 'run_2')
      .executeTakeFirstOrThrow();
    await db
      .insertInto('run')
      .values({ ...row, id, ...change })
      .execute();
  };

  it('is the parent of one run for each of them', async () => {
    await insertLike('run_fleet', parent);
    await insertLike('run_child_1', { parent_id: 'run_fleet' });
    await insertLike('run_child_2', { parent_id: 'run_fleet', cluster_id: 'clu_2', cluster_name: 'prod-us' });
    const children = await db
      .selectFrom('run')
      .select(['id', 'cluster_name'])
      .where('parent_id', '=', 'run_fleet')
      .orderBy('id')
      .execute();
    expect(children).toEqual([
      { id: 'run_child_1', cluster_name: 'prod-eu' },
      { id: 'run_child_2', cluster_name: 'prod-us' },
    ]);
    expect(await findRun(db, 'run_child_2')).toMatchObject({ targetKind: 'cluster', clusterName: 'prod-us' });
  });

  it.each([
    ['names a cluster', { ...parent, cluster_id: 'clu_1' }],
    ['has an environment', { ...parent, environment: 'prod' }],
    ['has a parent', { ...parent, parent_id: 'run_fleet' }],
  ])('is refused by the table where it %s', async (_name, change) => {
    await expect(insertLike('run_wrong', change)).rejects.toThrow('run_target');
  });

  it('is no run of one cluster without the cluster, nor of a kind that nobody knows', async () => {
    await expect(insertLike('run_wrong', { cluster_id: null })).rejects.toThrow('run_target');
    await expect(insertLike('run_wrong', { target_kind: 'galaxy' })).rejects.toThrow('run_target');
  });
});
