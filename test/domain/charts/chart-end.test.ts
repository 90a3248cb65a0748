import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chartEnd } from '../../../src/domain/charts/chart-end.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 28, 11) + seconds * 1_000);
const point = { at: at(0), mean: 1, min: 1, max: 1 };
const looks = (...seen: readonly boolean[]) => [seen.map((each) => (each ? point : null))];
const unheardMs = 30_000;
const hour = { from: at(0), to: at(60), stepMs: 15_000 };

it('a chart ends now, and not where its last step will end', () => {
  const long = { from: at(0), to: at(1_800), stepMs: 900_000 };
  expect(chartEnd(long, { now: at(1_000), series: looks(true, true), unheardMs })).toEqual({
    steps: 2,
    end: at(1_000),
  });
});

it('a last step that has only begun and was not looked at yet is no gap', () => {
  expect(chartEnd(hour, { now: at(46), series: looks(true, true, true, false), unheardMs })).toEqual({
    ...{ steps: 3, end: at(45) },
  });
});

it('what was not measured for longer than a look takes stays a gap', () => {
  expect(chartEnd(hour, { now: at(59), series: looks(true, false, false, false), unheardMs }).steps).toBe(2);
  expect(chartEnd(hour, { now: at(600), series: looks(true, false, false, false), unheardMs })).toEqual({
    ...{ steps: 4, end: at(60) },
  });
});

it('leaves out no value, ends neither before its beginning nor after now, and keeps what is in the past as it is', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 600 }),
      (seen, seconds) => {
        const now = at(seconds);
        const span = { from: at(0), to: at(seen.length * 15), stepMs: 15_000 };
        const known = seen.map((each, index) => each && at(index * 15) < now);
        const { steps, end } = chartEnd(span, { now, series: looks(...known), unheardMs });
        expect(steps).toBeGreaterThan(known.lastIndexOf(true));
        expect(+end).toBeGreaterThan(+span.from);
        expect(+end).toBeLessThanOrEqual(Math.max(+now, +at(15)));
        if (+now >= +span.to + unheardMs) expect(steps).toBe(seen.length);
      },
    ),
  );
});
