import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/domain/access.ts';
import type { Backup } from '../../../src/domain/backup/backup.ts';
import type { BackupPolicy } from '../../../src/domain/backup/policy.ts';
import { policyHash } from '../../../src/domain/backup/policy-rules.ts';
import type { RetentionPlan } from '../../../src/domain/backup/retention.ts';
import { templateOf } from '../../../src/domain/backup/template.ts';
import { observeRetention } from '../../../src/operations/backup/deletion/observe.ts';
import { readContent } from '../../../src/store/backups/content.ts';
import { armPolicy, createPolicy } from '../../../src/store/backups/policies.ts';
import { toFiring } from '../../../src/store/schedules/schedule-rows.ts';
import { repository } from '../../helpers/backup-world.ts';
import { LabDatabase, type Rows } from '../../helpers/backups/lab-database.ts';
import { type PolicyLab, startPolicyLab } from '../../helpers/backups/policy-lab.ts';
import { comparable, restoredRows, wantedRows } from '../../helpers/backups/restored-rows.ts';
import { changesOfDay, createTables, writeRows } from './life-of-tables.ts';

/*
 * Three weeks of the shipped policy, on a clock that jumps from one time to the next: schedules, runs, backups, verification
 * and deletion are the real ones. What each backup holds is read from its objects by the test itself, and compared with a copy
 * of the rows that was kept when it was taken.
 */

const days = 21;
const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];
/** After the latest moment to which the jitter of the template may put off a backup; retention has none, and is not made up for. */
const lateMs = { backup: 6 * minuteMs, retention: minuteMs } as const;

let lab: PolicyLab;
let databases: readonly LabDatabase[];
let policy: BackupPolicy;
let owner: Actor;
let start: Date;
/** The rows of all databases when a backup was taken, by its id. */
const rowsOf = new Map<string, Rows>();
let retention: RetentionPlan;

beforeAll(async () => {
  lab = await startPolicyLab();
  owner = await lab.person('ana', 'ADMIN');
  const { s3, sql } = lab.world;
  await sql.query('DROP DATABASE shop FORCE');
  await sql.query(`DROP REPOSITORY ${repository.name}`);
  await lab.carryOut(
    'createRepository',
    {
      clusterId: lab.clusterId,
      name: repository.name,
      location: repository.location,
      readOnly: false,
      s3: {
        endpoint: s3.endpoint,
        region: s3.region,
        pathStyle: true,
        accessKey: s3.user.accessKey,
        secretKey: s3.user.secretKey,
      },
    },
    owner,
  );
  databases = [new LabDatabase(sql, 'shop'), new LabDatabase(sql, 'web')];
  for (const database of databases) await createTables(database);
  start = nextSunday(lab.clock.now());
  lab.clock.moveTo(start);
  policy = await createPolicy(
    lab.engine.ctx.db,
    {
      clusterId: lab.clusterId,
      name: 'standard',
      content: templateOf({ repository: repository.name, databases: ['*'] }),
    },
    { actor: owner, requestId: null },
  );
}, 120_000);
afterAll(() => lab?.close());

describe('three weeks of the shipped policy', () => {
  it('takes at every time the backup that is due, with the rows of its moment', async () => {
    for (let day = 0; day < days; day += 1) {
      await at(day, '00:10', 0);
      for (const database of databases) await changesOfDay(database, day);
      print(`day ${day + 1} of ${days}`);
      for (const [time, what] of timesOf(day)) {
        for (const database of databases) await writeRows(database, day, time);
        const before = new Map(databases.map((database) => [database.name, database.rows()]));
        const known = new Set((await lab.backups()).map(({ id }) => id));
        await at(day, time, what === 'retention' ? lateMs.retention : lateMs.backup);
        const taken = (await lab.backups()).filter(({ id }) => !known.has(id));
        if (what === 'retention') expect(taken).toEqual([]);
        else expect(taken.map(({ database }) => database).toSorted(), `${day} ${time}`).toEqual(['shop', 'web']);
        for (const backup of taken) {
          rowsOf.set(backup.id, before.get(backup.database) ?? new Map());
          await expectWhole(backup);
        }
      }
      if (day === 0) await arm();
    }
  }, 900_000);

  it('deletes by the rules once it is armed, and says of each backup that stays why it does', async () => {
    const { reading } = lab.engine.ctx.connections;
    const facts = await observeRetention(
      { clusterId: lab.clusterId, policyId: policy.id },
      reading(lab.clusterId, AbortSignal.timeout(30_000)),
    );
    if (facts === null) throw new Error('the policy is gone');
    retention = facts.plan;
    for (const { backup, because } of retention.delete) print(`goes   ${nameOf(backup)}: ${because}`);
    for (const { backup, because } of retention.keep)
      print(`stays  ${nameOf(backup)}: ${because.map(({ message }) => message).join('; ')}`);
    const all = await lab.backups();
    expect(all.filter(({ state }) => state === 'DELETED').length).toBeGreaterThan(100);
    expect(facts.blockers).toEqual([]);
    for (const database of ['shop', 'web']) {
      const kept = all.filter((backup) => backup.database === database && backup.state === 'AVAILABLE');
      expect(kept.filter(({ tier }) => tier === 'weekly').length, database).toBe(3);
      expect(kept.filter(({ tier }) => tier === 'daily').length, database).toBeGreaterThanOrEqual(7);
      expect(kept.filter(({ tier }) => tier === 'daily').length, database).toBeLessThanOrEqual(9);
      // Those of a day before the last deletion, the one before them, and those that came after it.
      expect(kept.filter(({ tier }) => tier === 'six-hourly').length, database).toBeLessThanOrEqual(9);
    }
    expect(retention.keep.filter(({ because }) => because.length === 0)).toEqual([]);
  });

  it('can still give back the rows of the moment of every backup that stays', async () => {
    const kept = (await lab.backups()).filter(({ state }) => state !== 'DELETED');
    for (const backup of kept) await expectWhole(backup);
    expect(kept.length).toBeGreaterThan(20);
  }, 60_000);

  it('leaves no object that belongs to no backup, and misses none', async () => {
    const keys = await lab.bucket.list('');
    const kept = new Set(
      (await lab.backups()).flatMap(({ state, snapshot }) =>
        state === 'DELETED' || snapshot === null ? [] : [snapshot],
      ),
    );
    const snapshots = new Set(keys.flatMap((key) => /^__ss_([^/]+)\//.exec(key)?.[1] ?? []));
    expect([...snapshots].toSorted()).toEqual([...kept].toSorted());
    expect(keys.filter((key) => !key.startsWith('__ss_'))).toEqual(['__repo_info']);
  });

  it('fired every time once, and left nothing out', async () => {
    const rows = await lab.engine.ctx.db.selectFrom('schedule_firing').selectAll().execute();
    const outcomes = Map.groupBy(rows.map(toFiring), ({ outcome }) => outcome);
    const counts = Object.fromEntries([...outcomes].map(([outcome, firings]) => [outcome, firings.length]));
    // Of each day five backups, of each week one more; retention: once as a dry run, then for real.
    expect(counts).toEqual({ STARTED: days * 5 + 3 + (days - 1), DRY_RUN: 1 });
  });
});

/** What is due on a day, in order. */
function timesOf(day: number): readonly (readonly [string, string])[] {
  const times = [
    ['00:30', 'six-hourly'],
    ['03:00', 'daily'],
    ['05:00', 'retention'],
    ['06:30', 'six-hourly'],
    ['12:30', 'six-hourly'],
    ['18:30', 'six-hourly'],
  ] as const;
  const weekly = ['01:00', 'weekly'] as const;
  return day % 7 === 0 ? [times[0], weekly, ...times.slice(1)] : times;
}

async function at(day: number, time: string, late: number): Promise<void> {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  await lab.passTo(new Date(start.getTime() + day * dayMs + hours * hourMs + minutes * minuteMs + late));
}

/** Looks at the plan that the first dry run left, and agrees to it as another person than the owner. */
async function arm(): Promise<void> {
  const { db } = lab.engine.ctx;
  const firing = await db.selectFrom('schedule_firing').selectAll().where('outcome', '=', 'DRY_RUN').executeTakeFirst();
  expect(firing?.plan).toContain('Nothing to delete');
  const another = await lab.person('ben', 'ADMIN');
  const contentHash = policyHash(policy.content);
  const arming = { policyId: policy.id, contentHash, confirm: policy.name, approvalEnvironments: ['dev'] };
  policy = await armPolicy(db, arming, { actor: another, requestId: null });
}

/** The chain of this backup gives back exactly the rows that the database had. */
async function expectWhole(backup: Backup): Promise<void> {
  const { db } = lab.engine.ctx;
  expect(backup, nameOf(backup)).toMatchObject({ state: 'AVAILABLE', problem: null });
  const content = await readContent(db, backup.id);
  if (content === null) throw new Error(`nobody knows what ${nameOf(backup)} holds`);
  const base = (await lab.backups()).find(({ id }) => id === backup.baseId);
  const rows = rowsOf.get(backup.id);
  if (rows === undefined) throw new Error(`the test has no rows for ${nameOf(backup)}`);
  const restored = await restoredRows(lab.bucket, {
    content,
    snapshot: backup.snapshot,
    base: backup.kind === 'FULL' ? null : (base?.snapshot ?? null),
  });
  expect(comparable(restored, rows), nameOf(backup)).toEqual(wantedRows(rows));
}

function nameOf({ database, tier, snapshotAt, startedAt, kind }: Backup): string {
  return `${(snapshotAt ?? startedAt).toISOString().slice(0, 16)} ${database} ${tier} ${kind}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function nextSunday(from: Date): Date {
  const midnight = Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate());
  return new Date(midnight + (7 - from.getUTCDay()) * dayMs);
}
