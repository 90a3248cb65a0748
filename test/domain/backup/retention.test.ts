import { describe, expect, it } from 'vitest';
import type { Verification } from '../../../src/domain/backup/backup.ts';
import type { BackupTier } from '../../../src/domain/backup/policy.ts';
import { planRetention, type RetentionQuestion } from '../../../src/domain/backup/retention.ts';
import type { CataloguedBackup } from '../../../src/domain/backup/usable.ts';
import { backup, day, friday, hour } from './catalogued.ts';

const incremental = { kind: 'INCREMENTAL', tier: 'daily' } as const;

function tier(name: string, rest: Partial<BackupTier> = {}): BackupTier {
  return {
    name,
    kind: 'FULL',
    cron: '0 3 * * *',
    jitterSeconds: 0,
    keep: [{ rule: 'COUNT', count: 1 }],
    verify: 'L1',
    ...rest,
  };
}

function plan(
  backups: readonly CataloguedBackup[],
  {
    tiers = [tier('weekly'), tier('daily', { kind: 'INCREMENTAL' })],
    keepUsableFulls = 1,
    ...rest
  }: Partial<RetentionQuestion> & {
    tiers?: readonly BackupTier[];
    keepUsableFulls?: number;
  } = {},
) {
  const content = { databases: ['*'], exceptDatabases: [], timeZone: 'Europe/Berlin', tiers, keepUsableFulls };
  const made = planRetention({
    policy: { id: 'bpl_1', content },
    backups,
    origin: '1700000001',
    databases: new Set(['sales']),
    whyUnreachable: () => null,
    now: friday,
    ...rest,
  });
  return {
    deleted: made.delete.map(({ backup }) => backup.id),
    why: new Map(made.delete.map(({ backup, because }) => [backup.id, because])),
    kept: new Map(made.keep.map(({ backup, because }) => [backup.id, because.map(({ message }) => message)])),
    rules: new Map(made.keep.map(({ backup, because }) => [backup.id, because.map(({ rule }) => rule)])),
  };
}

function check(passed: boolean | null, at: Date, level: 'L0' | 'L1' = 'L1'): Verification {
  return { level, at, runId: null, passed, message: '', objects: null, bytes: null };
}

describe('the rules of a tier', () => {
  const four = [1, 2, 3, 4].map((n) => backup(`b${n}`, n * 7 * day));

  it('keeps the newest by count and says which place each has', () => {
    const { deleted, kept } = plan(four, { tiers: [tier('weekly', { keep: [{ rule: 'COUNT', count: 2 }] })] });
    expect(deleted).toEqual(['b4', 'b3']);
    expect(kept.get('b2')).toEqual(['number 2 of the newest 2 (weekly)']);
  });

  it('keeps by age, measured from the newest usable backup, and the newest one beyond', () => {
    const { deleted, kept, why } = plan(four, { tiers: [tier('weekly', { keep: [{ rule: 'AGE', hours: 168 }] })] });
    expect(kept.get('b2')).toEqual(['not older than 7 days (weekly)']);
    expect(kept.get('b3')).toEqual(['the newest one older than 7 days (weekly)']);
    expect(deleted).toEqual(['b4']);
    expect(why.get('b4')).toBe(
      'no rule of weekly keeps it any more; the one of 2026-11-20 12:00 UTC is newer and usable',
    );
  });

  it('keeps the newest of each week by the calendar of the policy', () => {
    // Sunday 22 November, 23:30 UTC, is Monday in Berlin.
    const sunday = backup('sunday', friday.getTime() - Date.parse('2026-11-22T23:30:00Z'));
    const earlier = backup('earlier', friday.getTime() - Date.parse('2026-11-22T22:30:00Z'));
    const keep = [{ rule: 'GFS', days: 0, weeks: 4, months: 0, years: 0 } as const];
    const { kept } = plan([sunday, earlier], { tiers: [tier('weekly', { keep })] });
    expect(kept.get('sunday')).toContain('newest of 2026-W48 (weekly, 4 weeks)');
    expect(kept.get('earlier')).toEqual(['newest of 2026-W47 (weekly, 4 weeks)']);
  });

  it('counts only usable ones: a failed and a partial one fill no place', () => {
    const failed = backup('failed', day, { checks: [check(false, friday)] });
    const partial = backup('partial', 2 * day, { state: 'PARTIAL' });
    const { deleted, kept } = plan([failed, partial, backup('good', 3 * day), backup('old', 4 * day)]);
    expect(deleted).toEqual(['old']);
    expect(kept.get('failed')).toEqual([
      'not usable, and not older than the newest 1 usable (weekly)',
      'it is not usable, but sales has no newer usable backup',
    ]);
    expect(kept.has('partial')).toBe(true);
  });

  it('deletes a partial one once a usable one is newer and no rule holds it', () => {
    expect(plan([backup('good', day), backup('partial', 9 * day, { state: 'PARTIAL' })]).why.get('partial')).toBe(
      'it is partial, no rule of weekly keeps it any more, and the one of 2026-11-26 12:00 UTC is newer and usable',
    );
  });
});

describe('what holds a backup whatever the tiers say', () => {
  const newest = backup('newest', hour);
  const old = (rest: Partial<CataloguedBackup>) => backup('old', 90 * day, rest);

  it.each<[string, Partial<CataloguedBackup>, Partial<RetentionQuestion>, string]>([
    ['a run that makes it', { state: 'RUNNING' }, {}, 'BEING_MADE'],
    ['an open run', { openRun: 12 }, {}, 'RUN_OPEN'],
    ['another policy', { policyId: 'bpl_2' }, {}, 'OTHER_POLICY'],
    ['no policy', { policyId: null }, {}, 'OTHER_POLICY'],
    ['another cluster', { origin: '42' }, {}, 'OTHER_CLUSTER'],
    ['an unknown cluster', { origin: null }, {}, 'OTHER_CLUSTER'],
    ['this cluster being unknown', {}, { origin: null }, 'OTHER_CLUSTER'],
    ['a pin', { pin: { reason: 'audit', until: null, byName: 'Ana' } }, {}, 'PINNED'],
    ['a dropped database', { database: 'gone' }, {}, 'DATABASE_GONE'],
    ['databases that nobody knows', {}, { databases: null }, 'DATABASE_GONE'],
    ['a tier that is gone', { tier: 'monthly' }, {}, 'TIER_GONE'],
    ['a repository out of reach', {}, { whyUnreachable: () => 'nightly is on HDFS' }, 'UNREACHABLE'],
    ['a time to come', { startedAt: new Date('2027-01-01'), snapshotAt: null }, {}, 'IN_FUTURE'],
    [
      'the end of a pin to come',
      { pin: { reason: 'audit', until: new Date(friday.getTime() + 1), byName: 'Ana' } },
      {},
      'PINNED',
    ],
  ])('stays: %s', (_, rest, question, rule) => {
    const { deleted, rules } = plan([newest, old(rest)], question);
    expect(deleted).toEqual([]);
    expect(rules.get('old')).toContain(rule);
  });

  it('stays no longer when its pin is over', () => {
    expect(plan([newest, old({ pin: { reason: 'audit', until: friday, byName: 'Ana' } })]).deleted).toEqual(['old']);
  });

  it('leaves what the policy does not cover any more to a person', () => {
    const content = {
      databases: ['orders'],
      exceptDatabases: [],
      timeZone: 'UTC',
      tiers: [tier('weekly')],
      keepUsableFulls: 1,
    };
    const { kept, deleted } = plan([newest, old({})], { policy: { id: 'bpl_1', content } });
    expect(deleted).toEqual([]);
    expect(kept.get('old')).toEqual(['sales is not in the policy any more: a person decides about its backups']);
  });

  it('keeps the floor of usable full backups of each database', () => {
    const three = [newest, backup('b2', 50 * day), backup('b3', 60 * day, { checks: [check(false, friday)] }), old({})];
    const { kept, deleted } = plan(three, { keepUsableFulls: 3 });
    expect(kept.get('old')).toEqual(['usable full backup 3 of the 3 of sales that always stay']);
    expect(deleted).toEqual(['b3']);
  });

  it('keeps the base of whatever stays, and deletes what depends before its base', () => {
    const base = backup('base', 40 * day);
    const kept1 = backup('i1', 2 * day, { ...incremental, baseId: 'base' });
    const other = backup('base2', 80 * day);
    const gone = backup('i2', 70 * day, { ...incremental, baseId: 'base2' });
    const made = plan([newest, base, kept1, other, gone]);
    expect(made.kept.get('base')).toEqual(['needed by the incremental backup of 2026-11-25 12:00 UTC']);
    expect(made.deleted).toEqual(['i2', 'base2']);
  });

  it('keeps the newest chain of a database when every full one after it failed', () => {
    const base = backup('base', 40 * day);
    const chain = backup('chain', 30 * day, { ...incremental, baseId: 'base' });
    const failed = backup('failed', day, { checks: [check(false, friday)] });
    const { deleted, rules } = plan([base, chain, failed], {
      tiers: [tier('weekly', { keep: [] }), tier('daily', { keep: [] })],
    });
    expect(deleted).toEqual([]);
    expect(rules.get('chain')).toEqual(['NEWEST']);
    expect(rules.get('base')).toEqual(['FLOOR', 'NEEDED']);
    expect(rules.get('failed')).toEqual(['NOTHING_NEWER']);
  });

  it('leaves one that was complete once in its tier after it was found damaged', () => {
    const damaged = backup('damaged', 5 * hour, { state: 'BROKEN' });
    const tiers = [tier('weekly', { keep: [{ rule: 'AGE', hours: 24 }] })];
    expect(plan([newest, damaged], { tiers }).kept.get('damaged')).toEqual(['not older than 24 hours (weekly)']);
    expect(plan([newest, damaged]).why.get('damaged')).toContain('it is broken, no rule of weekly');
  });

  it('deletes what never became complete only when a newer usable one is there', () => {
    const broken = backup('broken', 5 * hour, { state: 'BROKEN', backupTimestamp: null });
    expect(plan([newest, broken]).why.get('broken')).toBe(
      'it never became complete, and the one of 2026-11-27 11:00 UTC is newer and usable',
    );
    expect(plan([backup('before', day), broken]).deleted).toEqual([]);
  });

  it('brings a deletion that broke off to its end, but not under what needs it', () => {
    const deleting = backup('d', 30 * day, { state: 'DELETING', tier: 'monthly' });
    expect(plan([newest, deleting]).why.get('d')).toBe('its deletion was begun and broke off');
    const needs = backup('i', day, { ...incremental, baseId: 'd', pin: { reason: 'x', until: null, byName: 'Ana' } });
    expect(plan([newest, deleting, needs]).rules.get('d')).toEqual(['NEEDED']);
  });

  it('deletes nothing because a clock jumped ahead or backups stopped', () => {
    const backups = [1, 2, 3].map((n) => backup(`b${n}`, n * day));
    const tiers = [tier('weekly', { keep: [{ rule: 'AGE', hours: 168 }] })];
    expect(plan(backups, { tiers, now: new Date('2036-01-01') }).deleted).toEqual([]);
  });

  it('takes the newest told result of a level, and lets no lower level heal it', () => {
    const [before, after] = [new Date(friday.getTime() - hour), friday];
    const usable = (...checks: Verification[]) =>
      !plan([backup('a', hour, { checks }), backup('b', day)]).kept.has('b');
    expect(usable(check(false, before), check(true, after))).toBe(true);
    expect(usable(check(false, before), check(null, after))).toBe(false);
    expect(usable(check(false, before), check(true, after, 'L0'))).toBe(false);
    expect(usable(check(true, before), check(false, after, 'L0'))).toBe(false);
    expect(usable(check(false, before, 'L0'), check(true, after))).toBe(true);
  });
});

it('plans 10,000 backups in well under 0.3 s', () => {
  const backups = Array.from({ length: 10_000 }, (_, n) =>
    n % 28 === 0 || n < 28
      ? backup(`f${n}`, n * 6 * hour)
      : backup(`i${n}`, n * 6 * hour, { ...incremental, baseId: n % 3 === 0 ? 'f0' : `f${n - (n % 28)}` }),
  );
  const tiers = [
    tier('weekly', { keep: [{ rule: 'GFS', days: 7, weeks: 5, months: 12, years: 10 }] }),
    tier('daily', {
      keep: [
        { rule: 'AGE', hours: 168 },
        { rule: 'COUNT', count: 50 },
      ],
    }),
  ];
  // What it costs the processor, since others work on the machine at the same time.
  const tries = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    expect(plan(backups, { tiers }).deleted.length).toBeGreaterThan(9_000);
    return process.cpuUsage(before).user / 1_000;
  });
  expect(Math.min(...tries)).toBeLessThan(300);
});

describe('what newer backups never push out', () => {
  const passed = (level: 'L0' | 'L1', ok: boolean | null): Verification => ({
    ...{ level, at: friday, runId: null, passed: ok, message: '', objects: null, bytes: null },
  });

  it('is the newest one that was verified, and the newest full one that was verified as far as any', () => {
    const made = plan([
      backup('today', hour, { checks: [passed('L1', null)] }),
      backup('yesterday', day, { checks: [passed('L0', true), passed('L1', null)] }),
      backup('before', 2 * day, { checks: [passed('L0', true), passed('L1', null)] }),
      backup('whole', 60 * day, { checks: [passed('L1', true)] }),
      backup('older', 70 * day, { checks: [passed('L1', true)] }),
    ]);
    expect(made.deleted).toEqual(['older', 'before']);
    expect(made.rules.get('yesterday')).toEqual(['VERIFIED']);
    expect(made.rules.get('whole')).toEqual(['VERIFIED']);
  });

  it('is the last one, when the clock of the leader is behind or ahead', () => {
    for (const off of [-60 * day, 60 * day]) {
      const last = backup('last', hour, { snapshotAt: new Date(friday.getTime() - hour + off) });
      const made = plan([last, backup('one', 2 * day), backup('two', 3 * day)]);
      expect(made.deleted).toEqual(['two', 'one']);
    }
  });
});
