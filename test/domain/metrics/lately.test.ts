import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Counters } from '../../../src/domain/metrics/counters.ts';
import { deriveMeasurements } from '../../../src/domain/metrics/derive.ts';
import { countLately, type LatelyCounts, latelyMs, sumLately } from '../../../src/domain/metrics/lately.ts';
import type { MetricNode, Page } from '../../../src/domain/metrics/page.ts';

const start = Date.parse('2026-11-27T10:00:00Z');
const minute = 60_000;
const hour = 60 * minute;
const share = 'transactions_failed_share_lately';
const ended = 'transactions_ended_lately';

/** `cut`: the page broke off behind the failed ones, or before both. */
type Counted = { readonly failed: number; readonly ok: number; readonly cut?: 'BETWEEN' | 'BEFORE' } | string;
type Given = { readonly at: number; readonly leader?: string; readonly pages: Readonly<Record<string, Counted>> };

const pageOf = (page: Counted): Page =>
  typeof page === 'string'
    ? { problem: page }
    : {
        samples: [
          { name: 'starrocks_fe_txn_failed', labels: {}, value: page.failed },
          { name: 'starrocks_fe_txn_success', labels: {}, value: page.ok },
        ].slice(0, page.cut === undefined ? 2 : page.cut === 'BETWEEN' ? 1 : 0),
        ...(page.cut === undefined ? {} : { isCut: true }),
      };

/** Looks at three frontends, each of which leaves its counters to the next. */
function looks({ ids = ['fe1', 'fe2', 'fe3'], before = {} }: { ids?: readonly string[]; before?: Counters } = {}) {
  let counters = before;
  const nodes: readonly MetricNode[] = ids.map((id) => ({ id, kind: 'FRONTEND', alive: true, version: '3.5.0' }));
  return ({ at, leader = 'fe1', pages }: Given) => {
    const derived = deriveMeasurements({
      ...{ nodes, leader, facts: {}, at: new Date(start + at) },
      // Kept as JSON between two looks, by whatever process made the last one.
      before: JSON.parse(JSON.stringify(counters)),
      pages: new Map(Object.entries(pages).map(([id, page]) => [id, pageOf(page)])),
    });
    counters = derived.counters;
    const of = (name: string) =>
      derived.measurements.find(({ metric }) => metric === name)?.value ??
      derived.unknown.find(({ metric }) => metric === name)?.reason;
    return { share: of(share), ended: of(ended), counters };
  };
}

const one = (failed: number, ok: number): Record<string, Counted> => ({ fe1: { failed, ok } });

describe('what is counted over hours', () => {
  it('tells of loads that come every hour and all fail', () => {
    const look = looks({ ids: ['fe1'] });
    expect(look({ at: 0, pages: one(700, 9_000) }).share).toBe('OF_NOTHING');
    const shares: (number | string | undefined)[] = [];
    for (let at = minute; at <= 6 * hour; at += minute) {
      const failed = 700 + Math.floor(at / hour);
      shares.push(look({ at, pages: one(failed, 9_000) }).share);
    }
    expect(shares.slice(0, 59)).toEqual(Array.from({ length: 59 }, () => 'OF_NOTHING'));
    expect(new Set(shares.slice(59, 119))).toEqual(new Set(['OF_FEW']));
    expect(new Set(shares.slice(119))).toEqual(new Set([1]));
  });

  it('forgets what is older than its hours, and never counts what was there before the first look', () => {
    const look = looks({ ids: ['fe1'] });
    look({ at: 0, pages: one(5, 5) });
    expect(look({ at: minute, pages: one(7, 7) })).toMatchObject({ share: 0.5, ended: 4 });
    expect(look({ at: latelyMs, pages: one(7, 7) })).toMatchObject({ share: 0.5 });
    expect(look({ at: latelyMs + minute, pages: one(7, 7) })).toMatchObject({ share: 'OF_NOTHING', ended: 0 });
  });

  it('knows what came in a gap, and says that it does not know after one that is too long', () => {
    const look = looks({ ids: ['fe1'] });
    look({ at: 0, pages: one(0, 0) });
    expect(look({ at: hour, pages: one(3, 1) })).toMatchObject({ share: 0.75, ended: 4 });
    expect(look({ at: 5 * hour, pages: one(9, 1) })).toMatchObject({ share: 'NO_LOOK_BEFORE', ended: 0 });
    // Enough of it is enough, also soon after the gap.
    expect(look({ at: 5 * hour + minute, pages: one(11, 1) }).share).toBe(1);
    expect(look({ at: 7 * hour, pages: one(11, 1) }).share).toBe(1);
    expect(look({ at: 8.1 * hour, pages: one(11, 1) }).share).toBe('OF_NOTHING');
  });

  it.each(['BETWEEN', 'BEFORE'] as const)('counts what came while a page broke off %s', (cut) => {
    const look = looks({ ids: ['fe1'] });
    look({ at: 0, pages: one(5, 5) });
    expect(look({ at: minute, pages: one(6, 6) })).toMatchObject({ share: 0.5, ended: 2 });
    look({ at: 2 * minute, pages: { fe1: { failed: 8, ok: 7, cut } } });
    expect(look({ at: 3 * minute, pages: one(9, 7) })).toMatchObject({ share: 4 / 6, ended: 6 });
  });

  it('goes on over a frontend that starts anew, and counts what the new process counted', () => {
    const look = looks({ ids: ['fe1'] });
    look({ at: 0, pages: one(50, 900) });
    expect(look({ at: minute, pages: one(51, 900) }).ended).toBe(1);
    expect(look({ at: 2 * minute, pages: { fe1: 'no answer' } }).share).toBe('NODE_SILENT');
    expect(look({ at: 3 * minute, pages: one(1, 0) })).toMatchObject({ share: 1, ended: 2 });
  });

  it('goes on when another frontend leads, whatever becomes of the one that led', () => {
    const look = looks();
    const rest = { fe3: { failed: 4, ok: 9 } };
    look({ at: 0, pages: { fe1: { failed: 10, ok: 10 }, fe2: { failed: 3, ok: 70 }, ...rest } });
    look({ at: minute, pages: { fe1: { failed: 12, ok: 10 }, fe2: { failed: 3, ok: 70 }, ...rest } });
    const moved = { fe1: 'no answer', fe2: { failed: 3, ok: 71 }, ...rest };
    expect(look({ at: 2 * minute, leader: 'fe2', pages: moved })).toMatchObject({ share: 2 / 3, ended: 3 });
    expect(look({ at: 3 * minute, leader: '', pages: moved }).share).toBe('NO_LEADER');
    expect(look({ at: 4 * minute, leader: 'fe1', pages: moved }).share).toBe('NODE_SILENT');
  });

  it('begins anew with what a version kept that did not count it', () => {
    const before = {
      fe1: { atMs: start - minute, values: { starrocks_fe_txn_failed: 2, starrocks_fe_txn_success: 5 } },
    };
    const look = looks({ ids: ['fe1'], before });
    expect(look({ at: 0, pages: one(9, 9) }).ended).toBe(0);
    expect(look({ at: minute, pages: one(10, 9) }).ended).toBe(1);
  });

  it('never counts more than came, nor what is older, and keeps no more than two spans for each five minutes', () => {
    const steps = fc.array(fc.record({ ms: fc.integer({ min: 1_000, max: 40 * minute }), count: fc.nat({ max: 5 }) }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(steps, (given) => {
        let counts: LatelyCounts | undefined = countLately(undefined, null, start);
        let atMs = start;
        const came: { afterMs: number; upToMs: number; count: number }[] = [];
        for (const { ms, count } of given) {
          const beforeMs = atMs;
          atMs += ms;
          came.push({ afterMs: beforeMs, upToMs: atMs, count });
          counts = countLately(counts, { beforeMs, atMs, by: { a: count } }, atMs);
          const seen = sumLately(counts, ['a'], atMs);
          const sum = (is: (each: (typeof came)[number]) => boolean) =>
            came.filter(is).reduce((total, each) => total + each.count, 0);
          expect(seen).toBeLessThanOrEqual(sum(({ upToMs }) => atMs - upToMs < latelyMs));
          expect(seen).toBeGreaterThanOrEqual(sum(({ afterMs }) => atMs - afterMs <= latelyMs - 5 * minute));
          expect(counts.grown.a?.length ?? 0).toBeLessThanOrEqual(2 * (latelyMs / (5 * minute)) + 2);
        }
      }),
      { numRuns: 60 },
    );
  });
});
