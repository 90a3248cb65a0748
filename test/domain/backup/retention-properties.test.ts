import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backupKinds, backupStates } from '../../../src/domain/backup/backup.ts';
import type { BackupTier, Keep } from '../../../src/domain/backup/policy.ts';
import { planRetention } from '../../../src/domain/backup/retention.ts';
import { type CataloguedBackup, findUsable } from '../../../src/domain/backup/usable.ts';
import { backup, friday, hour } from './catalogued.ts';

const keep: fc.Arbitrary<Keep> = fc.oneof(
  fc.record({ rule: fc.constant('COUNT' as const), count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ rule: fc.constant('AGE' as const), hours: fc.integer({ min: 1, max: 400 }) }),
  fc.record({
    rule: fc.constant('GFS' as const),
    ...{ days: fc.nat(4), weeks: fc.nat(4), months: fc.nat(3), years: fc.nat(2) },
  }),
);

const tierNames = ['weekly', 'daily'];
const tiers = fc.tuple(fc.array(keep, { maxLength: 3 }), fc.array(keep, { maxLength: 3 }));

function toTiers(keeps: readonly (readonly Keep[])[]): readonly BackupTier[] {
  return keeps.map((keep, at) => ({
    ...{
      name: tierNames[at] ?? '',
      kind: at === 0 ? 'FULL' : 'INCREMENTAL',
      cron: '0 3 * * *',
      jitterSeconds: 0,
      keep,
      verify: 'L1',
    },
  }));
}

const verification = fc.record({
  level: fc.constantFrom('L0' as const, 'L1' as const),
  at: fc.integer({ min: 0, max: 1000 }).map((ago) => new Date(friday.getTime() - ago * hour)),
  passed: fc.constantFrom(true, true, false, null),
  ...{ runId: fc.constant(null), message: fc.constant(''), objects: fc.constant(null), bytes: fc.constant(null) },
});

const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 8 }, { arbitrary: fc.constantFrom(...others), weight: 1 });

/** Backups of any kind: chains of any shape, times in any order and in the future, failures, pins, rows of others. */
const backups: fc.Arbitrary<readonly CataloguedBackup[]> = fc
  .array(
    fc.record({
      // equal times, and times to come
      hours: fc.integer({ min: -60, max: 900 }),
      kind: fc.constantFrom(...backupKinds),
      state: fc.oneof({ arbitrary: fc.constant('AVAILABLE' as const), weight: 6 }, fc.constantFrom(...backupStates)),
      base: fc.option(fc.nat(40)),
      database: mostly('sales', 'orders', 'gone', 'left'),
      tier: mostly<string | null>('weekly', 'daily', 'daily', 'daily', 'removed', null),
      policyId: mostly<string | null>('bpl_1', null, 'bpl_2'),
      origin: mostly<string | null>('1700000001', null, '42'),
      repository: mostly('nightly', 'hdfs'),
      checks: fc.array(verification, { maxLength: 3 }),
      backupTimestamp: mostly<string | null>('2026-11-20-03-00-00-000', null),
      openRun: mostly<number | null>(null, 7),
      pin: fc.option(fc.integer({ min: -5, max: 5 }), { freq: 6 }),
    }),
    { maxLength: 40 },
  )
  .map((drawn) =>
    drawn.map(({ hours, base, pin, kind, ...rest }, at) =>
      backup(`b${at}`, hours * hour, {
        ...rest,
        kind,
        baseId: kind === 'FULL' || base === null ? null : `b${base}`,
        pin: pin === null ? null : { reason: 'x', byName: 'Ana', until: new Date(friday.getTime() + pin * hour) },
      }),
    ),
  );

const situation = fc.record({
  backups,
  keeps: tiers,
  keepUsableFulls: fc.integer({ min: 1, max: 3 }),
  jumpHours: fc.constantFrom<number[]>(0, 0, -500, 48, 10_000),
});
type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

function plan({ backups, keeps, keepUsableFulls, jumpHours }: Situation) {
  return planRetention({
    policy: {
      id: 'bpl_1',
      content: {
        ...{ databases: ['*'], exceptDatabases: ['left'], timeZone: 'Europe/Berlin', keepUsableFulls },
        tiers: toTiers(keeps),
      },
    },
    backups,
    origin: '1700000001',
    databases: new Set(['sales', 'orders', 'left']),
    whyUnreachable: ({ repository }) => (repository === 'hdfs' ? 'hdfs is reached only through StarRocks' : null),
    now: new Date(friday.getTime() + jumpHours * hour),
  });
}

const ids = (rows: readonly { backup: CataloguedBackup }[]) => rows.map(({ backup }) => backup.id);
const runs = { numRuns: 400 };

it('decides about every backup exactly once, and says why', () => {
  fc.assert(
    fc.property(situation, (given) => {
      const made = plan(given);
      const all = [...ids(made.delete), ...ids(made.keep)];
      expect(new Set(all).size).toBe(all.length);
      expect(new Set(all)).toEqual(
        new Set(given.backups.filter(({ state }) => state !== 'DELETED').map(({ id }) => id)),
      );
      expect(made.delete.every(({ because }) => because !== '')).toBe(true);
      expect(made.keep.every(({ because }) => because.length > 0)).toBe(true);
    }),
    runs,
  );
});

it('never deletes what is not the policy’s, of this cluster, at rest, unpinned and within reach', () => {
  fc.assert(
    fc.property(situation, (given) => {
      const now = friday.getTime() + given.jumpHours * hour;
      for (const { backup } of plan(given).delete) {
        expect(backup).toMatchObject({ policyId: 'bpl_1', origin: '1700000001', openRun: null, repository: 'nightly' });
        expect(['AVAILABLE', 'PARTIAL', 'BROKEN', 'DELETING']).toContain(backup.state);
        expect(backup.pin === null || (backup.pin.until?.getTime() ?? Number.POSITIVE_INFINITY) <= now).toBe(true);
        if (backup.state !== 'DELETING') expect(['sales', 'orders']).toContain(backup.database);
      }
    }),
    runs,
  );
});

it('leaves the floor of usable full backups, and the newest usable backup, of each database', () => {
  fc.assert(
    fc.property(situation, (given) => {
      const latest = friday.getTime() + given.jumpHours * hour + hour;
      const usable = findUsable(given.backups);
      const kept = plan(given).keep.map(({ backup }) => backup);
      const usableNow = findUsable(kept);
      const isOurs = ({ policyId, origin, startedAt }: CataloguedBackup) =>
        policyId === 'bpl_1' && origin === '1700000001' && startedAt.getTime() <= latest;
      for (const [, found] of Map.groupBy(given.backups.filter(isOurs), ({ database }) => database)) {
        const fulls = found.filter(({ id, kind }) => kind === 'FULL' && usable.has(id));
        const left = fulls.filter(({ id }) => usableNow.has(id));
        expect(left.length).toBeGreaterThanOrEqual(Math.min(given.keepUsableFulls, fulls.length));
        const newest = Math.max(
          ...found.filter(({ id }) => usable.has(id)).map(({ startedAt }) => startedAt.getTime()),
        );
        const newestNow = Math.max(
          ...found.filter(({ id }) => usableNow.has(id)).map(({ startedAt }) => startedAt.getTime()),
        );
        expect(newestNow).toBe(newest);
      }
    }),
    runs,
  );
});

it('leaves the base of every backup that stays, and deletes no base before what depends on it', () => {
  fc.assert(
    fc.property(situation, (given) => {
      const made = plan(given);
      const known = new Set([...ids(made.delete), ...ids(made.keep)]);
      const kept = new Set(ids(made.keep));
      for (const { backup } of made.keep)
        if (backup.baseId !== null && known.has(backup.baseId)) expect(kept).toContain(backup.baseId);
      // after each single deletion, wherever a run breaks off
      const left = new Map(given.backups.map((backup) => [backup.id, backup]));
      const chained = (backup: CataloguedBackup, seen: readonly string[] = []): boolean => {
        const base = backup.baseId === null ? undefined : left.get(backup.baseId);
        return base !== undefined && (seen.includes(base.id) || chained(base, [...seen, base.id]));
      };
      for (const { backup } of made.delete) {
        const needing = [...left.values()].filter(({ baseId, state }) => baseId === backup.id && state !== 'DELETED');
        expect(needing.every((other) => chained(other, [other.id]))).toBe(true);
        left.delete(backup.id);
      }
    }),
    runs,
  );
});

it('deletes nothing more when the plan was carried out, wholly or in part', () => {
  fc.assert(
    fc.property(situation, fc.nat(40), (given, done) => {
      const first = plan(given);
      const gone = new Set(ids(first.delete).slice(0, done));
      const second = plan({ ...given, backups: given.backups.filter(({ id }) => !gone.has(id)) });
      expect(ids(second.delete)).toEqual(ids(first.delete).filter((id) => !gone.has(id)));
    }),
    runs,
  );
});

it('never deletes more for a rule, a pin or a place of the floor more', () => {
  fc.assert(
    fc.property(situation, keep, fc.nat(1), fc.nat(39), (given, rule, which, pinned) => {
      const without = new Set(ids(plan(given).delete));
      const more: Situation[] = [
        {
          ...given,
          keeps: [
            which === 0 ? [...given.keeps[0], rule] : given.keeps[0],
            which === 1 ? [...given.keeps[1], rule] : given.keeps[1],
          ],
        },
        { ...given, keepUsableFulls: given.keepUsableFulls + 1 },
        {
          ...given,
          backups: given.backups.map((backup, at) =>
            at === pinned ? { ...backup, pin: { reason: 'x', byName: 'Ana', until: null } } : backup,
          ),
        },
      ];
      for (const each of more) expect(ids(plan(each).delete).filter((id) => !without.has(id))).toEqual([]);
    }),
    runs,
  );
});

it('never deletes more of what is there only because time goes by', () => {
  fc.assert(
    fc.property(situation, (given) => {
      // Pins end and times to come come: neither is what this is about.
      const backups = given.backups
        .filter(({ startedAt }) => startedAt <= friday)
        .map((backup) => ({ ...backup, pin: null }));
      const now = plan({ ...given, backups, jumpHours: 0 });
      expect(ids(plan({ ...given, backups, jumpHours: 100_000 }).delete)).toEqual(ids(now.delete));
    }),
    runs,
  );
});
