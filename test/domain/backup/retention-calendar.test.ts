import fc from 'fast-check';
import { expect, it } from 'vitest';
import { coversDatabase, planRetention } from '../../../src/domain/backup/retention.ts';
import { templateOf } from '../../../src/domain/backup/template.ts';
import { type CataloguedBackup, findUsable, isVerified, momentOf } from '../../../src/domain/backup/usable.ts';
import { nextTimes } from '../../../src/domain/cron.ts';
import { backup, day, hour } from './catalogued.ts';

/** Over both changes of the clocks of Berlin in a year. */
const begins = ['2026-03-02T00:00:00Z', '2026-10-05T00:00:00Z'];
const weeks = 9;
type Mishap = 'FAILS' | 'DAMAGED' | 'UNVERIFIED' | 'CLOCK_BEHIND' | 'CLOCK_AHEAD';

const life = fc.record({
  begin: fc.constantFrom(...begins),
  /** From which week on, and for how many, what goes wrong with the full ones or with all. */
  mishaps: fc.array(
    fc.record({
      what: fc.constantFrom<Mishap[]>('FAILS', 'DAMAGED', 'UNVERIFIED', 'CLOCK_BEHIND', 'CLOCK_AHEAD'),
      of: fc.constantFrom('weekly', 'daily', 'six-hourly', 'all'),
      week: fc.nat(weeks),
      long: fc.integer({ min: 1, max: 6 }),
    }),
    { maxLength: 4 },
  ),
  renamed: fc.option(fc.record({ week: fc.nat(weeks), tier: fc.constantFrom('weekly', 'daily') })),
  /** Days on which retention does not run. */
  idle: fc.array(fc.nat(7 * weeks), { maxLength: 20 }),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

const template = { ...templateOf({ repository: 'nightly', databases: ['sales'] }), timeZone: 'Europe/Berlin' };

/** Reading cron takes longer than all the rest. */
const timesFrom = new Map(
  begins.map((begin) => {
    const after = new Date(begin);
    const end = after.getTime() + 7 * weeks * day;
    const times = template.tiers.flatMap(({ name, kind, cron }) =>
      nextTimes({ cron, timeZone: template.timeZone }, { after, count: 5 * 7 * weeks }).map((at) => ({
        ...{ name, kind, at: at.getTime() },
      })),
    );
    return [begin, times.filter(({ at }) => at < end).sort((a, b) => a.at - b.at || (a.kind < b.kind ? -1 : 1))];
  }),
);

/** Lives through the weeks and calls `look` with what was there before and is left after each retention. */
function live(
  { begin, mishaps, renamed, idle }: Life,
  look: (left: readonly CataloguedBackup[], before: readonly CataloguedBackup[]) => void,
): void {
  const start = new Date(begin);
  const times = timesFrom.get(begin) ?? [];
  let there: readonly CataloguedBackup[] = [];
  let pruned = 0;
  for (const { name, kind, at } of times) {
    const days = Math.floor((at - start.getTime()) / day);
    if (days > pruned) {
      if (!idle.includes(days)) {
        const left = prune(there, { at, renamed: renamed !== null && days >= 7 * renamed.week ? renamed.tier : null });
        look(left, there);
        there = left;
      }
      pruned = days;
    }
    const now = mishaps.filter(
      ({ of, week, long }) => (of === 'all' || of === name) && days >= 7 * week && days < 7 * (week + long),
    );
    const has = (what: Mishap) => now.some((mishap) => mishap.what === what);
    const usable = findUsable(there);
    const base = there
      .filter((each) => each.kind === 'FULL' && usable.has(each.id))
      .toSorted((a, b) => momentOf(b) - momentOf(a))[0];
    const off = has('CLOCK_BEHIND') ? -40 * day : has('CLOCK_AHEAD') ? 40 * day : 0;
    const isIncremental = kind === 'INCREMENTAL' && base !== undefined;
    const check = { level: 'L1', at: new Date(at + hour), message: '', objects: 3, bytes: 9, runId: null } as const;
    const made = backup(`${name}-${at}`, 0, {
      ...{ tier: name, kind: isIncremental ? 'INCREMENTAL' : 'FULL', baseId: isIncremental ? base.id : null },
      ...{ startedAt: new Date(at), snapshotAt: new Date(at + off), finishedAt: new Date(at + hour / 2) },
      state: has('FAILS') || has('DAMAGED') ? 'BROKEN' : 'AVAILABLE',
      backupTimestamp: has('FAILS') ? null : 'x',
      checks: has('FAILS') ? [] : [{ ...check, passed: has('DAMAGED') ? false : has('UNVERIFIED') ? null : true }],
    });
    there = [...there, made];
  }
}

function prune(
  backups: readonly CataloguedBackup[],
  { at, renamed }: { at: number; renamed: string | null },
): readonly CataloguedBackup[] {
  const tiers = template.tiers.map((tier) => (tier.name === renamed ? { ...tier, name: 'new' } : tier));
  const plan = planRetention({
    policy: { id: 'bpl_1', content: { ...template, tiers } },
    backups,
    origin: '1700000001',
    databases: new Set(['sales']),
    whyUnreachable: () => null,
    now: new Date(at),
  });
  const gone = new Set(plan.delete.map(({ backup: { id } }) => id));
  return backups.filter(({ id }) => !gone.has(id));
}

const newestOf = (backups: readonly CataloguedBackup[]) => backups.toSorted((a, b) => momentOf(b) - momentOf(a))[0];

it('never loses a way back in months of failures, wrong clocks, changes of the hour and renamed tiers', () => {
  expect(coversDatabase(template, 'sales')).toBe(true);
  fc.assert(
    fc.property(life, (given) => {
      live(given, (left, before) => {
        const [usableLeft, usable] = [findUsable(left), findUsable(before)];
        const ids = new Set(left.map(({ id }) => id));
        const good = before.filter(({ id }) => usable.has(id));
        // What is usable and stays, stays usable: no base goes.
        for (const { id } of good) if (ids.has(id)) expect(usableLeft).toContain(id);
        const byTrueTime = good.toSorted((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
        if (byTrueTime[0] !== undefined) expect(usableLeft).toContain(byTrueTime[0].id);
        const fulls = good.filter(({ kind }) => kind === 'FULL');
        const left2 = left.filter(({ id, kind }) => kind === 'FULL' && usableLeft.has(id));
        expect(left2.length).toBeGreaterThanOrEqual(Math.min(2, fulls.length));
        const byId = new Map(before.map((each) => [each.id, each]));
        const verified = newestOf(good.filter((each) => isVerified(each, byId)));
        if (verified !== undefined) expect(ids).toContain(verified.id);
        const full = newestOf(fulls.filter((each) => isVerified(each, byId)));
        if (full !== undefined) expect(ids).toContain(full.id);
        // Within what the policy promises, nothing usable goes.
        const newest = byTrueTime[0]?.startedAt.getTime() ?? 0;
        for (const { id, tier, startedAt } of good) {
          const age = newest - startedAt.getTime();
          const keptFor = tier === 'weekly' ? 28 * day : tier === 'daily' ? 7 * day : day;
          if (age <= keptFor - hour) expect(ids).toContain(id);
        }
      });
    }),
    { numRuns: 12 },
  );
});

it('keeps the old full backup while all newer ones fail for five weeks, and lets go of it when they do not', () => {
  const given: Life = {
    begin: begins[0] ?? '',
    mishaps: [{ what: 'FAILS', of: 'weekly', week: 1, long: 5 }],
    renamed: null,
    idle: [],
  };
  let most = 0;
  live(given, (left) => {
    const usable = findUsable(left);
    most = Math.max(most, left.filter(({ id, kind }) => kind === 'INCREMENTAL' && usable.has(id)).length);
    const newest = newestOf(left.filter(({ id }) => usable.has(id)));
    expect(newest).toBeDefined();
  });
  // 7 days of daily ones and the one beyond, 24 hours of four and the one beyond.
  expect(most).toBeLessThanOrEqual(8 + 1 + 5 + 1 + 4);
  expect(most).toBeGreaterThanOrEqual(12);
});
