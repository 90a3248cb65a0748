import { afterAll, beforeAll, expect, it } from 'vitest';
import { backupsBy } from '../../../src/domain/backup/watch.ts';
import { newId } from '../../../src/ids.ts';
import { type Database, openDatabase, type Reader } from '../../../src/store/database.ts';
import { toJson } from '../../../src/store/json.ts';
import { readBackupWatch } from '../../../src/store/reads/backup-watch.ts';
import { createMigratedDatabase, type TestDatabase } from '../../helpers/services.ts';
import { policy } from '../../monitor/rules/backup-builders.ts';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createMigratedDatabase();
  db = openDatabase({ url: database.url, poolSize: 2 });
});
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

const at = (hour: number) => new Date(Date.UTC(2026, 10, 1, hour));

async function insertPolicy(clusterId: string): Promise<string> {
  const id = newId('bpl');
  const owner = { owner_id: 'per_1', owner_name: 'Ana', created_at: at(0), changed_at: at(0) };
  await db
    .insertInto('backup_policy')
    .values({
      id,
      cluster_id: clusterId,
      name: 'nightly',
      open_name: 'nightly',
      content: toJson(policy.content),
      ...owner,
    })
    .execute();
  return id;
}

async function insertBackups(clusterId: string, policyId: string, databases: readonly string[], count: number) {
  const rows = databases.flatMap((name) =>
    Array.from({ length: count }, (_, hour) => ({
      ...{ id: newId('bak'), cluster_id: clusterId, run_id: 'run_1', database_name: name, repository: 'r' },
      ...{ snapshot: `${name}_${hour}`, state: 'AVAILABLE', policy_id: policyId, started_at: at(hour) },
      kind: hour % 4 === 0 ? 'FULL' : 'INCREMENTAL',
    })),
  );
  await db.insertInto('backup').values(rows).execute();
  const [newest] = rows.filter(({ database_name: name }) => name === databases[0]).slice(-1);
  await db
    .insertInto('backup_verification')
    .values({ backup_id: newest?.id ?? '', level: 'L1', at: at(99), passed: 0, message: 'not whole' })
    .execute();
}

it('costs a probe of a cluster without policies one statement', async () => {
  let statements = 0;
  const counting: Reader = {
    selectFrom: ((...args: Parameters<Database['selectFrom']>) => {
      statements += 1;
      return db.selectFrom(...args);
    }) as Database['selectFrom'],
  };
  expect(await readBackupWatch(counting, newId('clu'))).toBeNull();
  expect(statements).toBe(1);
});

it('reads the newest of each database and kind, with their verifications, however many there are', async () => {
  const clusterId = newId('clu');
  const policyId = await insertPolicy(clusterId);
  await insertBackups(clusterId, policyId, ['sales', 'stock'], 100);
  const watch = await readBackupWatch(db, clusterId);
  expect(watch?.backups).toHaveLength(2 * (16 + 16));
  expect(watch?.policies).toMatchObject([{ id: policyId, name: 'nightly' }]);
  const own = watch?.policies[0] === undefined ? [] : backupsBy(watch.policies[0], { ...watch, database: 'sales' });
  expect(own[0]).toMatchObject({ snapshot: 'sales_99', checks: [{ level: 'L1', passed: false }] });
  expect(Math.abs((watch?.now.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
});

it('reads of each part of a policy when it is due, and what came of its last time', async () => {
  const clusterId = newId('clu');
  const policyId = await insertPolicy(clusterId);
  const schedule = newId('sch');
  const text = { operation: 'runBackupPolicy', input: '{}', cron: '0 3 * * *', time_zone: 'UTC', when_missed: 'SKIP' };
  const people = { owner_id: 'per_1', owner_name: 'Ana', content_hash: 'x'.repeat(64), jitter_seconds: 0 };
  const times = { slot_at: at(30), due_at: at(31), created_at: at(0), changed_at: at(0), state: 'ACTIVE' };
  const place = {
    id: schedule,
    name: 'nightly daily',
    cluster_id: clusterId,
    policy_id: policyId,
    policy_part: 'daily',
  };
  await db
    .insertInto('schedule')
    .values({ ...place, ...text, ...people, ...times })
    .execute();
  const firing = { schedule_id: schedule, run_id: null, asked_by_name: null };
  await db
    .insertInto('schedule_firing')
    .values([
      { ...firing, slot_at: at(3), outcome: 'STARTED', decided_at: at(3) },
      {
        ...firing,
        slot_at: at(27),
        outcome: 'SKIPPED',
        reason_code: 'HELD',
        reason: 'held by Ana',
        decided_at: at(27),
      },
    ])
    .execute();
  expect((await readBackupWatch(db, clusterId))?.parts).toMatchObject([
    {
      ...{ policyId, part: 'daily', state: 'ACTIVE', dueAt: at(31) },
      last: { slotAt: at(27), outcome: 'SKIPPED', reason: { code: 'HELD', message: 'held by Ana' } },
    },
  ]);
});
