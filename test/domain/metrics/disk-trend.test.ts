import fc from 'fast-check';
import { expect, it } from 'vitest';
import { daysUntilFull } from '../../../src/domain/metrics/disk-trend.ts';

const hour = 3_600_000;
const gib = 1_024 ** 3;
const falling = (perDayBytes: number, hours: number, startBytes = 1_000 * gib) =>
  Array.from({ length: hours + 1 }, (_, index) => ({
    atMs: index * hour,
    freeBytes: startBytes - (perDayBytes * index) / 24,
  }));

it('says when a disk that fills evenly is full', () => {
  expect(daysUntilFull(falling(24 * gib, 48), 96 * gib)).toEqual({ days: expect.closeTo(4, 6) });
  expect(daysUntilFull(falling(24 * gib, 48), 0)).toEqual({ days: 0 });
});

it('knows nothing of a disk that stands still, empties, fills for ever, or was seen for too short', () => {
  expect(daysUntilFull(falling(0, 48), gib)).toEqual({ because: 'it does not fill', isNone: true });
  expect(daysUntilFull(falling(-gib, 48), gib)).toEqual({ because: 'it does not fill', isNone: true });
  expect(daysUntilFull(falling(1, 48), gib)).toEqual({
    because: 'it would not be full within ten years',
    isNone: true,
  });
  const short = { because: 'fewer than six hours of its free space are known' };
  expect(daysUntilFull([], gib)).toEqual(short);
  expect(daysUntilFull(falling(gib, 5), gib)).toEqual(short);
  expect(daysUntilFull(falling(gib, 48).slice(0, 1), gib)).toEqual(short);
});

it('is not led astray by one clean-up', () => {
  const cleaned = falling(24 * gib, 60).map((point) =>
    point.atMs < 50 * hour ? point : { ...point, freeBytes: point.freeBytes + 400 * gib },
  );
  const told = daysUntilFull(cleaned, 240 * gib);
  expect('days' in told && told.days > 8 && told.days < 16).toBe(true);
});

it('never says NaN, a negative time or another time for another order of the same points', () => {
  const point = fc.record({
    atMs: fc.integer({ min: 0, max: 72 * hour }),
    freeBytes: fc.integer({ min: 0, max: 2 ** 50 }),
  });
  fc.assert(
    fc.property(fc.array(point, { maxLength: 40 }), fc.integer({ min: 0, max: 2 ** 50 }), (points, now) => {
      const told = daysUntilFull(points, now);
      if ('days' in told) {
        expect(told.days).toBeGreaterThanOrEqual(0);
        expect(told.days).toBeLessThanOrEqual(3_650);
        const reversed = daysUntilFull(points.toReversed(), now);
        expect('days' in reversed && Math.abs(reversed.days - told.days) <= 1e-6 * (1 + told.days)).toBe(true);
      } else expect(told.because).not.toBe('');
    }),
  );
});

it('says less time for less room', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 999 }), (perDay, room) => {
      const [less, more] = [room, room + 1].map((gibs) => daysUntilFull(falling(perDay * gib, 30), gibs * gib));
      if (less !== undefined && more !== undefined && 'days' in less && 'days' in more)
        expect(less.days).toBeLessThan(more.days);
    }),
  );
});
