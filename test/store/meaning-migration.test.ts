import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/store/database.ts';
import * as core from '../../src/store/migrations/0001-core.ts';
import * as monitor from '../../src/store/migrations/0002-monitor.ts';
import * as slack from '../../src/store/migrations/0003-slack.ts';
import * as upgrades from '../../src/store/migrations/0004-upgrades.ts';
import * as meaning from '../../src/store/migrations/0008-meaning.ts';
import { listSteps } from '../../src/store/runs/runs.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/services.ts';
import { sampleOf, stepSamples } from '../helpers/step-samples.ts';

/** Kinds that were there before these columns: rows of theirs may be older. A kind that came later is none of them. */
const early = new Set(
  `
  inspectCluster recordCluster forgetCluster saveTopology changeCluster recordHost verifyHost attachNodes
  forgetHost pinHostKey inspectUpgrade verifyArchive awaitTablets awaitVersion guardNode recordUpgrade
  closeThisUpgrade closeUpgrades holdForPerson removeKept noteJournal createMetadataImage noteProcess stopForMove
  startForMove proveArchive sampleQueries measureBaseline compareQueries soak pauseTabletScheduling keepSchedulingPaused
  restoreTabletScheduling fetchArchive unpackRelease dropArchive removeStaged swapBinaries swapBack awaitNode
  startNode stopNode takeBackup switchOnClusterSnapshots switchOffClusterSnapshots`.split(/\s+/),
);
const samples = stepSamples.filter(({ kind }) => early.has(kind));

let database: TestDatabase;
let db: Database;

async function migrate(migrations: Record<string, Migration>): Promise<void> {
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest();
  if (error !== undefined) throw error;
}

async function addRun(id: string, state: string): Promise<void> {
  await sql`INSERT INTO run SET id = ${id}, operation = 'upgradeCluster', operation_version = 1, cluster_id = 'clu_1',
    cluster_name = 'prod-eu', environment = 'prod', state = ${state}, input = '{}', plan = '{}', plan_hash = '',
    requested_by_id = 'per_1', requested_by_name = 'kim', via = 'API', needs_replan = 0, created_at = NOW()`.execute(
    db,
  );
}

type OldStep = { kind: string; params?: object; facts?: object; started?: boolean; state?: string };

async function addSteps(runId: string, steps: readonly OldStep[]): Promise<void> {
  for (const [position, { kind, params, facts, started = false, state = 'done' }] of steps.entries()) {
    await sql`INSERT INTO run_step SET run_id = ${runId}, position = ${position}, phase = 'do', kind = ${kind},
      title = ${kind}, params = ${JSON.stringify(params ?? {})}, state = ${state},
      facts = ${facts === undefined ? null : JSON.stringify(facts)},
      started_at = ${started ? sql`NOW()` : sql`NULL`}`.execute(db);
  }
}

const hold: OldStep = { kind: 'holdForPerson', params: { message: 'be 1 runs "3.5.0". Look at it' }, started: true };

/** Steps as they were written before they said what they mean, of every kind that there was. */
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, poolSize: 1, answerMs: null });
  const old = { '0001': core, '0002': monitor, '0003': slack, '0004': upgrades };
  await migrate(old);
  await addRun('run_1', 'SUCCEEDED');
  await addSteps('run_1', [...samples, { kind: 'ofAnotherVersion' }, { kind: 'stopNode' }]);
  await addRun('run_2', 'RUNNING');
  await addSteps('run_2', [
    { kind: 'guardNode', facts: { version: '3.4.6-1a2b3c4' } },
    { kind: 'guardNode', facts: { version: null } },
    { kind: 'guardNode', facts: { version: '3.4.6' }, state: 'failed' },
    { kind: 'awaitVersion', facts: { startedAt: null, version: '3.5.0' } },
    { kind: 'awaitVersion' },
    { kind: 'awaitNode', facts: { version: '3.5.0' } },
  ]);
  for (const [id, state, later] of [
    ['run_3', 'PAUSED', false],
    ['run_4', 'PAUSED', true],
    ['run_5', 'RUNNING', false],
  ] as const) {
    await addRun(id, state);
    await addSteps(id, [hold, { kind: 'guardNode', state: 'pending', started: later }]);
  }
  await migrate({ ...old, '0008': meaning });
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

it('gives the steps that are there the meaning that their kinds give to new ones', async () => {
  const rows = (await listSteps(db, 'run_1')).slice(0, samples.length);
  expect(rows.map(({ kind, about, effect, leaves, removes }) => ({ kind, about, effect, leaves, removes }))).toEqual(
    samples.map(({ kind, about, effect, leaves = null, removes = null }) => ({
      ...{ kind, about, effect },
      ...{ leaves, removes },
    })),
  );
});

it('lets a kind that it does not know, and parameters that name nobody, be about the cluster or nobody by name', async () => {
  const [unknown, nobody] = (await listSteps(db, 'run_1')).slice(samples.length);
  expect(unknown).toMatchObject({ about: { kind: 'cluster', id: null, label: 'the cluster' }, effect: 'changes' });
  expect(nobody).toMatchObject({ about: { kind: 'node', id: null }, effect: sampleOf('stopNode').effect });
});

it('says what was seen where steps had seen it, and nothing elsewhere', async () => {
  const seen = (await listSteps(db, 'run_2')).map(({ observed }) => observed);
  expect(seen).toEqual(['3.4.6-1a2b3c4', null, null, '3.5.0', null, null]);
});

it('knows which runs wait for a person now', async () => {
  const held = async (runId: string) => (await listSteps(db, runId)).map((step) => step.hold);
  expect(await held('run_3')).toEqual(['be 1 runs "3.5.0". Look at it', null]);
  expect(await held('run_4')).toEqual([null, null]);
  expect(await held('run_5')).toEqual([null, null]);
});
