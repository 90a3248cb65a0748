import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Measured } from '../../../src/domain/metrics/measurement.ts';
import { alignTo, mergePoints, type Points, pointsOf, rollUp } from '../../../src/domain/metrics/points.ts';

const start = Date.UTC(2026, 2, 1, 12);
const at = (seconds: number) => new Date(start + seconds * 1_000);

function look(seconds: number, values: Readonly<Record<string, number>>): Measured {
  const measurements = Object.entries(values).map(([nodeId, value]) => ({ metric: 'm', subject: { nodeId }, value }));
  return { at: at(seconds), measurements };
}

function pointsIn(looks: readonly Measured[]): Points {
  const points = pointsOf(looks).get('m');
  if (points === undefined) throw new Error('nothing was measured');
  return points;
}

const key = (nodeId: string) => `[["nodeId","${nodeId}"]]`;

describe('a series for reading', () => {
  it('has mean, least and greatest of each step, and nothing where nothing was measured', () => {
    const points = pointsIn([look(0, { a: 1 }), look(15, { a: 3, b: 7 }), look(120, { a: 10 })]);
    const range = { from: at(0), to: at(180), stepMs: 60_000 };
    expect(alignTo([points], key('a'), range)).toEqual([
      { at: at(0), mean: 2, min: 1, max: 3 },
      null,
      { at: at(120), mean: 10, min: 10, max: 10 },
    ]);
    expect(alignTo([points], key('b'), range)).toEqual([{ at: at(0), mean: 7, min: 7, max: 7 }, null, null]);
    expect(alignTo([points], key('c'), range)).toEqual([null, null, null]);
  });

  it('begins at a multiple of the step, so that two readers see the same steps', () => {
    const points = pointsIn([look(70, { a: 1 })]);
    const series = alignTo([points], key('a'), { from: at(65), to: at(130), stepMs: 60_000 });
    expect(series).toEqual([{ at: at(60), mean: 1, min: 1, max: 1 }, null]);
  });

  it('is the same when a look is told twice', () => {
    const points = pointsIn([look(0, { a: 1 }), look(15, { a: 3 })]);
    const range = { from: at(0), to: at(60), stepMs: 60_000 };
    expect(alignTo([points, points], key('a'), range)).toEqual(alignTo([points], key('a'), range));
  });
});

const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1_000_000, max: 1_000_000 }), {
  minLength: 1,
  maxLength: 200,
});

it('keeps the least and the greatest value when points are rolled up, and means between them', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 90 }), (given, gapS) => {
      const points = pointsIn(given.map((value, index) => look(index * gapS, { a: value })));
      const range = { from: at(0), to: at(given.length * gapS + 300), stepMs: 3_600_000 };
      const rolled = rollUp(points, 300_000);
      const [exact, coarse] = [alignTo([points], key('a'), range), alignTo([rolled], key('a'), range)];
      for (const [index, point] of exact.entries()) {
        expect(coarse[index]?.min).toBe(point?.min);
        expect(coarse[index]?.max).toBe(point?.max);
      }
      for (const point of coarse) {
        if (point === null) continue;
        expect(point.mean).toBeGreaterThanOrEqual(point.min);
        expect(point.mean).toBeLessThanOrEqual(point.max);
      }
    }),
  );
});

it('has each look once when points of several times are put together, in whatever order they come', () => {
  fc.assert(
    fc.property(values, fc.nat(), (given, cut) => {
      const looks = given.map((value, index) =>
        look(index * 15, index % 3 === 0 ? { a: value } : { a: value, b: value }),
      );
      const place = cut % given.length;
      const parts = [looks.slice(place), looks.slice(0, place)].filter((part) => part.length > 0).map(pointsIn);
      const whole = pointsIn(looks);
      const merged = mergePoints(parts);
      expect(merged.times).toEqual(whole.times);
      for (const subject of whole.subjects) {
        const range = { from: at(0), to: at(given.length * 15), stepMs: 15_000 };
        expect(alignTo([merged], subject, range)).toEqual(alignTo([whole], subject, range));
      }
    }),
  );
});
