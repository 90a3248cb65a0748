import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/store/database.ts';
import * as core from '../../src/store/migrations/0001-core.ts';
import * as monitor from '../../src/store/migrations/0002-monitor.ts';
import * as slack from '../../src/store/migrations/0003-slack.ts';
import * as upgrades from '../../src/store/migrations/0004-upgrades.ts';
import * as endings from '../../src/store/migrations/0005-endings.ts';
import * as readiness from '../../src/store/migrations/0007-readiness.ts';
import * as meaning from '../../src/store/migrations/0008-meaning.ts';
import * as targets from '../../src/store/migrations/0009-targets.ts';
import * as claims from '../../src/store/migrations/0010-claims.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/services.ts';

/*
 * The server makes a change of a table in no transaction, so a migration that is broken off has left what it had changed so far. Each of
 * these is broken off behind each of its statements, begun anew, and must come to the same tables and rows as one that nobody broke off.
 */

/** What changes something; to look costs nothing, and may be done any number of times. */
const change = /^\s*(ALTER|CREATE|UPDATE|INSERT|DELETE|DROP)\b/i;

/** Changing statements after which the process ends; null = it lives on. */
let livesFor: number | null = null;
let changesMade = 0;
let before: TestDatabase;
let trial: TestDatabase;
let db: Database;
let old: Database;

beforeAll(async () => {
  before = await createTestDatabase();
  trial = await createTestDatabase();
  old = openDatabase({ url: before.url, poolSize: 1, answerMs: null });
  db = openDatabase({
    url: trial.url,
    poolSize: 1,
    answerMs: null,
    onStatement: (statement) => {
      if (!change.test(statement)) return;
      changesMade += 1;
      if (changesMade === livesFor) throw new Error('the process ended');
    },
  });
  const earlier: readonly Migration[] = [core, monitor, slack, upgrades, endings, readiness];
  for (const migration of earlier) await migration.up(old);
  await fillWithRows(old);
});

afterAll(async () => {
  await db?.destroy();
  await old?.destroy();
  await trial?.drop();
  await before?.drop();
});

async function fillWithRows(on: Database): Promise<void> {
  for (const [id, operation, state] of [
    ['run_1', 'registerCluster', 'SUCCEEDED'],
    ['run_2', 'upgradeCluster', 'PAUSED'],
  ])
    await sql`INSERT INTO run SET id = ${id}, operation = ${operation}, operation_version = 1, cluster_id = 'clu_1',
      cluster_name = 'prod-eu', environment = 'prod', state = ${state}, input = '{}', plan = '{}', plan_hash = '', lease_owner = 'w',
      requested_by_id = 'per_1', requested_by_name = 'kim', via = 'API', needs_replan = 0, created_at = NOW()`.execute(
      on,
    );
  const params = { nodeId: 'nod_1', label: 'be 10.0.0.1:9050', message: 'Look at it' };
  for (const [position, kind] of [
    'stopNode',
    'swapBinaries',
    'swapBack',
    'guardNode',
    'takeBackup',
    'holdForPerson',
  ].entries())
    await sql`INSERT INTO run_step SET run_id = 'run_2', position = ${position}, phase = 'do', kind = ${kind}, title = ${kind},
      params = ${JSON.stringify(params)}, state = 'done', facts = '{"version":"3.4.6"}', started_at = NOW()`.execute(
      on,
    );
  await sql`INSERT INTO alert SET id = 'alr_1', fingerprint = '', rule = 'node_down', severity = 'HIGH', cluster_id = 'clu_1',
    cluster_name = 'prod-eu', environment = 'prod', labels = '{}', title = 'be 10.0.0.1:9050 is down', text = '', signal_state = 'RESOLVED',
    ack_reminded = 0, muted_by = 'run:run_2', since = NOW(), opened_at = NOW(), last_seen_at = NOW(), count = 1, flaps = 0,
    revision = 1, changed_at = NOW()`.execute(on);
  await sql`INSERT INTO slack_card SET id = 'msg_1', kind = 'RUN', subject_id = 'run_2', channel = 'C1', shown_revision = 0,
    state = 'QUEUED', attempts = 0, next_try_at = NOW(), plain = 0, may_repeat = 0, lease_owner = 'b', created_at = NOW()`.execute(
    on,
  );
  await sql`INSERT INTO slack_line SET id = 'msg_2', card_id = 'msg_1', line_key = 'end:1', text = 'It ended', broadcast = 0,
    state = 'QUEUED', attempts = 0, next_try_at = NOW(), may_repeat = 0, lease_owner = 'b', created_at = NOW()`.execute(
    on,
  );
}

/** The table as a statement makes it, which names its columns, indexes and checks; and its rows. */
async function readTable(on: Database, table: string) {
  const { rows } = await sql<{ 'Create Table': string }>`SHOW CREATE TABLE ${sql.table(table)}`.execute(on);
  return {
    made: rows[0]?.['Create Table'] ?? '',
    rows: (await sql`SELECT * FROM ${sql.table(table)}`.execute(on)).rows,
  };
}

async function readTables(on: Database, tables: readonly string[]) {
  return Object.fromEntries(await Promise.all(tables.map(async (table) => [table, await readTable(on, table)])));
}

/** Makes the tables of the trial what they were before the migration. */
async function beginAgain(tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    await sql`DROP TABLE IF EXISTS ${sql.table(table)}`.execute(db);
    await sql.raw((await readTable(old, table)).made).execute(db);
    await sql`INSERT INTO ${sql.table(table)} SELECT * FROM ${sql.table(`${before.name}.${table}`)}`.execute(db);
  }
  changesMade = 0;
}

/** In their order: each begins with what the one before it came to. */
describe.each<[name: string, migration: Migration, tables: readonly string[], atLeast: number]>([
  ['0008', meaning, ['run', 'run_step'], 15],
  ['0009', targets, ['run'], 5],
  ['0010', claims, ['run', 'probe', 'alert', 'slack_card', 'slack_line'], 15],
])('migration %s', (_name, migration, tables, atLeast) => {
  afterAll(() => migration.up(old));

  it('comes to the same when it is broken off behind any of its statements and begun anew', async () => {
    await beginAgain(tables);
    await migration.up(db);
    const count = changesMade;
    const whole = await readTables(db, tables);
    expect(count).toBeGreaterThanOrEqual(atLeast);
    for (let last = 1; last <= count; last += 1) {
      await beginAgain(tables);
      livesFor = last;
      await expect(migration.up(db)).rejects.toThrow('the process ended');
      livesFor = null;
      await migration.up(db);
      expect(await readTables(db, tables), `broken off behind statement ${last}`).toEqual(whole);
    }
  });
});
