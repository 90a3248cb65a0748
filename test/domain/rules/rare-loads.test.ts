import { expect, it } from 'vitest';
import type { Measurement } from '../../../src/domain/metrics/measurement.ts';
import type { Unknown } from '../../../src/domain/metrics/unknown.ts';
import { whenInWords } from '../../../src/domain/rules/in-words.ts';
import { judgeMetricRule } from '../../../src/domain/rules/judge-metric.ts';
import { tryOut } from '../../../src/domain/rules/try-out.ts';
import { gap, look, measured, metricRule } from './builders.ts';

const rule = metricRule('rare_load_failures');
const minute = 60_000;
const start = Date.parse('2026-11-27T00:00:00Z');
const lately = (value: number) => measured('transactions_failed_share_lately', {}, value);
const now = (value: number) => measured('transactions_failed_share', {}, value);

type Seen = { readonly measurements: readonly Measurement[]; readonly unknown?: readonly Unknown[] };

/** What a rule would have told of looks a minute apart. */
function told(seenAt: (minutes: number) => Seen, { minutes, name = rule.name }: { minutes: number; name?: string }) {
  const looks = Array.from({ length: minutes }, (_, index) => ({
    at: new Date(start + index * minute),
    unknown: [],
    ...seenAt(index),
  }));
  const { clusterId, nodes, effective } = look({});
  return tryOut(metricRule(name), looks, { clusterId, nodes, effective, stepMs: minute }).firings.map(
    ({ firedAt, until }) => [
      (firedAt.getTime() - start) / minute,
      until === null ? null : (until.getTime() - start) / minute,
    ],
  );
}

/** Hourly loads, of which these fail; each is judged over the last three. */
function hourly(fails: readonly boolean[]) {
  return (minutes: number): Seen => {
    const came = Math.floor(minutes / 60) + 1;
    const last = fails.slice(Math.max(0, came - 3), came);
    const value = last.filter(Boolean).length / last.length;
    const isNow = minutes % 60 === 0;
    return {
      measurements: [...(last.length > 1 ? [lately(value)] : []), ...(isNow ? [now(fails[came - 1] ? 1 : 0)] : [])],
      unknown: [
        ...(last.length > 1 ? [] : [gap('transactions_failed_share_lately', {}, 'OF_FEW')]),
        ...(isNow ? [] : [gap('transactions_failed_share', {}, 'OF_NOTHING')]),
      ],
    };
  };
}

it('tells of hourly loads that all fail, of which load_failures hears nothing, and ends when they are well again', () => {
  const fails = [false, false, false, true, true, true, true, false, false, false, false];
  expect(told(hourly(fails), { minutes: 600, name: 'load_failures' })).toEqual([]);
  // Two of three had failed at minute 240; then five quiet minutes. Two of three were well again at minute 480.
  expect(told(hourly(fails), { minutes: 600 })).toEqual([[246, 480]]);
});

it('tells of no single load that fails', () => {
  const fails = Array.from({ length: 12 }, (_, hour) => hour === 5);
  expect(told(hourly(fails), { minutes: 700 })).toEqual([]);
});

it('leaves loads that come every few minutes to load_failures, also after a time in which most failed', () => {
  const busy = (minutes: number): Seen => ({
    measurements: [lately(minutes < 300 ? 0.9 : 0.6), ...(minutes % 4 === 0 ? [now(minutes < 300 ? 1 : 0)] : [])],
  });
  expect(told(busy, { minutes: 400 })).toEqual([]);
});

it('stays open while loads come again, and for hours after too few came to judge them', () => {
  const few = gap('transactions_failed_share_lately', {}, 'OF_FEW');
  const seenAt = (minutes: number): Seen => {
    if (minutes < 60) return { measurements: [lately(1)] };
    // Loads come often now, and most of what came in three hours failed all the same.
    if (minutes < 120) return { measurements: [lately(0.7), now(0)] };
    return { measurements: [], unknown: [few] };
  };
  expect(told(seenAt, { minutes: 400 })).toEqual([[5, 299]]);
});

it('does not end by what nobody can tell', () => {
  const seenAt = (minutes: number): Seen =>
    minutes < 60
      ? { measurements: [lately(1)] }
      : { measurements: [], unknown: [gap('transactions_failed_share_lately', {}, 'NO_LOOK_BEFORE')] };
  expect(told(seenAt, { minutes: 600 })).toEqual([[5, null]]);
});

it('says in words when it begins', () => {
  expect(whenInWords(rule)).toContain('no look meanwhile had a value of transactions_failed_share');
  const { conditions } = judgeMetricRule(rule, look({ measurements: [lately(1), now(1)] }));
  expect(conditions).toMatchObject([{ onlyGoesOn: true }]);
});
