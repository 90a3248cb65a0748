import { describe, expect, it } from 'vitest';
import { firingsInWords, type PastLook, tryOut } from '../../../src/domain/rules/try-out.ts';
import { at, disk, gap, look, measured, metricRule } from './builders.ts';

const rule = metricRule('disk_filling');
const { clusterId, nodes, effective } = look({});
const stepMs = 60_000;

/** One look a minute; null = nothing was known then. */
function tried(values: readonly (number | null)[]) {
  const looks = values.map(
    (value, minutes): PastLook => ({
      at: new Date(at.getTime() + minutes * stepMs),
      measurements: value === null ? [] : [measured('disk_used_share', disk('nod_1'), value)],
      unknown: value === null ? [gap('disk_used_share', disk('nod_1'), 'NODE_SILENT')] : [],
    }),
  );
  return tryOut(rule, looks, { clusterId, nodes, effective, stepMs });
}

const minutesOf = (values: readonly (number | null)[]) =>
  tried(values).firings.map(({ since, firedAt, until }) =>
    [since, firedAt, until].map((time) => (time === null ? null : (time.getTime() - at.getTime()) / stepMs)),
  );

describe('a rule tried out on the past', () => {
  it('fires after it has held for its time, and ends below the second threshold only', () => {
    expect(minutesOf([0.8, 0.9, 0.9, 0.9, 0.84, 0.9, 0.82, 0.9, 0.8])).toEqual([[1, 3, 6]]);
  });

  it('fires twice when it was over in between, and still fires at the end', () => {
    expect(minutesOf([0.9, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9])).toEqual([
      [0, 2, 3],
      [4, 6, null],
    ]);
  });

  it('neither begins nor ends anything by what was not known', () => {
    const values = [0.9, 0.9, 0.9, null, null, null, null, 0.9, 0.1];
    expect(minutesOf(values)).toEqual([[0, 2, 8]]);
    expect(tried(values)).toMatchObject({ unknownLooks: 4, firstUnknown: 'it did not answer' });
  });

  it('is told in one sentence', () => {
    expect(firingsInWords([], { most: 3 })).toBe('would not have fired');
    const { firings } = tried([0.9, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9]);
    expect(firingsInWords(firings, { most: 1 })).toBe(
      'would have fired 2 times: be 10.0.0.11:9050 /data1 from 2026-11-27 10:00 UTC for 3 min, and 1 more',
    );
  });
});
