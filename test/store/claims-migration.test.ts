import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { titleToShow } from '../../src/domain/alert.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import * as core from '../../src/store/migrations/0001-core.ts';
import * as monitor from '../../src/store/migrations/0002-monitor.ts';
import * as slack from '../../src/store/migrations/0003-slack.ts';
import * as claims from '../../src/store/migrations/0010-claims.ts';
import * as handling from '../../src/store/migrations/0019-alert-handling.ts';
import { listAlerts } from '../../src/store/reads/alerts.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/services.ts';

let database: TestDatabase;
let db: Database;

const before: readonly (readonly [title: string, mutedBy: string | null])[] = [
  ['be 10.0.0.11:9050 is down', 'cluster_unreachable'],
  ['fe [fd00::21]:9010 has never come up', 'run:run_9'],
  ['The frontends reach no leader', null],
  ['No frontend answers', null],
  ['The cluster cannot be observed', null],
  ['Something of another version', null],
];

async function run(migrations: Record<string, Migration>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

/** Alerts as they were written before their rules' words were kept with them. */
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, poolSize: 1, answerMs: null });
  await run({ '0001': core, '0002': monitor, '0003': slack });
  for (const [index, [title, mutedBy]] of before.entries()) {
    await sql`INSERT INTO alert SET id = ${`alr_${index}`}, fingerprint = '', rule = 'a_rule', severity = 'HIGH', cluster_id = 'clu_1',
      cluster_name = 'prod-eu', environment = 'prod', labels = '{}', title = ${title}, text = '', signal_state = 'RESOLVED',
      ack_reminded = 0, muted_by = ${mutedBy}, since = NOW(), opened_at = NOW(), last_seen_at = NOW(), count = 1, flaps = 0,
      revision = 1, changed_at = NOW()`.execute(db);
  }
  // With the columns that alerts are read with now.
  await run({ '0001': core, '0002': monitor, '0003': slack, '0010': claims, '0019': handling });
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

it('alerts from before are told in the past tense when they are over, and say why they are hidden', async () => {
  const alerts = (
    await listAlerts(db, { visibility: 'everywhere', filter: {}, page: { limit: 10, after: null } })
  ).toReversed();
  expect(alerts.map((alert) => titleToShow(alert))).toEqual([
    'be 10.0.0.11:9050 was down',
    'fe [fd00::21]:9010 had never come up',
    'The frontends reached no leader',
    'No frontend answered',
    'The cluster could not be observed',
    'Over: Something of another version',
  ]);
  expect(alerts.slice(0, 2).map(({ mute }) => mute)).toEqual([
    { kind: 'INHIBITED', by: 'cluster_unreachable', because: 'the whole cluster cannot be observed' },
    { kind: 'INHIBITED', by: 'run:run_9', because: 'run run_9 is working on the node' },
  ]);
});
