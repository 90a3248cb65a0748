import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CataloguedBackup, findUsable, momentOf } from '../../../src/domain/backup/usable.ts';
import { type Chain, findChain, isChain, type NoChain } from '../../../src/domain/restore/chain.ts';
import { nameCopy } from '../../../src/domain/restore/copy-name.ts';
import { backup, day, friday, hour } from '../backup/catalogued.ts';

const ago = (ms: number) => new Date(friday.getTime() - ms);
const at = (ms: number) => ({ at: ago(ms) });
const failed = {
  level: 'L1',
  at: friday,
  runId: null,
  passed: false,
  message: 'gone',
  objects: null,
  bytes: null,
} as const;
const words = (found: Chain | NoChain) =>
  isChain(found) ? [found.full.id, found.chosen.id] : [found.why, found.before, found.after];

const week = [
  backup('full1', 7 * day),
  backup('inc1', 6 * day, { kind: 'INCREMENTAL', baseId: 'full1' }),
  backup('nothing', 5 * day, { kind: 'INCREMENTAL', baseId: 'full1', snapshot: null }),
  backup('some', 4 * day + hour, { isSelection: true }),
  backup('inc2', 4 * day, { kind: 'INCREMENTAL', baseId: 'full1' }),
  backup('full2', 2 * day),
  backup('other', day, { database: 'users' }),
];
const find = (wanted: Parameters<typeof findChain>[0]['wanted'], backups: readonly CataloguedBackup[] = week) =>
  findChain({ backups, database: 'sales', wanted });

describe('the chain of a moment', () => {
  it.each([
    ['the full backup itself', 7 * day, ['full1', 'full1']],
    ['the incremental one before it, with its full one', 6 * day - 1, ['full1', 'inc1']],
    ['one that has nothing of its own, with its full one', 5 * day, ['full1', 'nothing']],
    ['no backup of some tables only', 4 * day + 1, ['full1', 'nothing']],
    ['the newest one, for now', 0, ['full2', 'full2']],
  ])('is %s', (_what, before, wanted) => {
    expect(words(find(at(before)))).toEqual(wanted);
  });

  it('says how far the moment is from the one asked for, on both sides', () => {
    expect(find(at(3 * day))).toMatchObject({ moment: ago(4 * day), next: ago(2 * day) });
    expect(find(at(day))).toMatchObject({ moment: ago(2 * day), next: null });
  });

  it('is refused before the first backup, with the first one there is', () => {
    expect(words(find(at(8 * day)))).toEqual([
      'No backup of sales can be gone back to that is as old as 2026-11-19 12:00 UTC',
      null,
      ago(7 * day),
    ]);
  });

  it('is that of the very backup that is named, one of some tables too', () => {
    expect(words(find({ backupId: 'inc1' }))).toEqual(['full1', 'inc1']);
    expect(words(find({ backupId: 'some' }))).toEqual(['some', 'some']);
    expect(words(find({ backupId: 'other' }))[0]).toBe('sales has no backup other in the history');
  });

  it('is refused for a backup whose full one is damaged or gone, with the moments around it', () => {
    const damaged = week.map((each) => (each.id === 'full1' ? { ...each, checks: [failed] } : each));
    const gone = week.filter(({ id }) => id !== 'full1');
    expect(words(find({ backupId: 'inc2' }, damaged))).toEqual([
      'The backup inc2 cannot be restored without its full backup full1: a check found it damaged (gone)',
      null,
      ago(2 * day),
    ]);
    expect(words(find({ backupId: 'inc2' }, gone))[0]).toMatch(/without its full backup full1: it is deleted$/);
    const broken = week.map((each) =>
      each.id === 'inc2' ? { ...each, state: 'PARTIAL' as const, problem: 'less' } : each,
    );
    expect(words(find({ backupId: 'inc2' }, broken))[0]).toBe(
      'The backup inc2 cannot be restored: it is PARTIAL: less',
    );
  });

  it('is of the newest usable moment that is not younger, whatever the history', () => {
    const state = fc.constantFrom('AVAILABLE' as const, 'AVAILABLE' as const, 'PARTIAL' as const, 'BROKEN' as const);
    const one = fc.record({
      state,
      isFull: fc.boolean(),
      base: fc.nat(20),
      ago: fc.nat(500),
      isSelection: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), fc.nat(500), (given, asked) => {
        const backups = given.map(({ isFull, base, ago: hours, ...rest }, index) =>
          backup(String(index), hours * hour, {
            ...rest,
            kind: isFull ? 'FULL' : 'INCREMENTAL',
            baseId: isFull ? null : String(base),
          }),
        );
        const found = find(at(asked * hour), backups);
        const usable = findUsable(backups);
        const moments = backups.filter((each) => usable.has(each.id) && !each.isSelection).map(momentOf);
        const best = Math.max(...moments.filter((moment) => moment <= ago(asked * hour).getTime()));
        if (isChain(found)) {
          expect(found.moment.getTime()).toBe(best);
          expect(usable.has(found.full.id) && found.full.kind === 'FULL').toBe(true);
          expect(found.chosen.kind === 'FULL' ? found.chosen.id : found.chosen.baseId).toBe(found.full.id);
        } else if (best !== Number.NEGATIVE_INFINITY) expect(found.why).toMatch(/not based on a full backup/);
        const later = moments.filter((moment) => moment > ago(asked * hour).getTime());
        if (isChain(found)) expect(found.next?.getTime() ?? Number.POSITIVE_INFINITY).toBe(Math.min(...later));
      }),
    );
  });

  it('is found among 10,000 backups within a fifth of a second', () => {
    const many = Array.from({ length: 10_000 }, (_each, index) =>
      index % 7 === 0
        ? backup(`b${index}`, (10_000 - index) * hour, { checks: [{ ...failed, passed: true }] })
        : backup(`b${index}`, (10_000 - index) * hour, { kind: 'INCREMENTAL', baseId: `b${index - (index % 7)}` }),
    );
    // The best of several: others may work on the machine meanwhile.
    const took = Array.from({ length: 8 }, () => {
      const from = performance.now();
      expect(words(find(at(5_000.5 * hour), many))).toEqual(['b4998', 'b4999']);
      return performance.now() - from;
    });
    expect(Math.min(...took)).toBeLessThan(200);
  });
});

describe('the name of a copy', () => {
  it('says of what and of when, and is never longer than StarRocks takes', () => {
    expect(nameCopy('sales', new Date('2026-11-28T09:56:12.345Z'))).toBe('sales__r20261128_095612');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (name) => {
        const copy = nameCopy(name, friday);
        return copy.length <= 256 && copy.isWellFormed() && copy.endsWith('__r20261127_120000');
      }),
    );
    expect(nameCopy(`${'x'.repeat(300)}a`, friday)).not.toBe(nameCopy(`${'x'.repeat(300)}b`, friday));
  });
});
