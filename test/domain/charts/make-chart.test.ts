import { expect, it } from 'vitest';
import { chart, noon } from './charts.ts';

const point = { at: noon, mean: 2, min: 1, max: 9 };

it.each([
  [null, 2, 'MEAN'],
  [{ value: 5, bad: 'OVER' } as const, 9, 'HIGHEST'],
  [{ value: 5, bad: 'UNDER' } as const, 1, 'LOWEST'],
])('draws with the limit %j the value %d of a step', (threshold, value, shows) => {
  const made = chart({ threshold, series: [{ label: 'a', points: [point, null] }] });
  expect(made.shows).toBe(shows);
  expect(made.lines[0]?.points.map((each) => each.value)).toEqual([value, null]);
  expect(made.lines[0]?.points[1]?.at).toEqual(new Date('2026-11-28T12:01:00Z'));
});

it.each([
  ['OVER', [9, 9, 1, null]],
  ['UNDER', [1, 1, 9, null]],
] as const)('goes on to the value that ended it, where %s is bad and both are in one step', (bad, values) => {
  const series = [{ label: 'a', points: [point, point, point, null] }];
  const threshold = { value: 5, bad } as const;
  const valuesOf = (endedAt: Date | null) =>
    chart({ threshold, series, ...(endedAt === null ? {} : { endedAt }) }).lines[0]?.points.map(({ value }) => value);
  const inThird = new Date(noon.getTime() + 150_000);
  expect(valuesOf(inThird)).toEqual(values);
  // The look was a moment before a new step began, in which nothing is measured yet.
  expect(valuesOf(new Date(noon.getTime() + 180_001))).toEqual(values);
  expect(valuesOf(null)?.[2]).toBe(values[0]);
  // What came after it ended is the worst of its step again.
  expect(valuesOf(new Date(noon.getTime() + 90_000))).toEqual([values[0], values[2], values[0], null]);
});

it('puts of many lines the worst eight on top and the lowest and highest of the others into a band', () => {
  const series = Array.from({ length: 11 }, (_, index) => ({
    label: `be ${index}`,
    points: [{ ...point, mean: index }, index === 1 ? null : { ...point, mean: 10 - index }],
  }));
  const { lines, rest } = chart({ series });
  expect(lines.map(({ label }) => label).slice(0, 2)).toEqual(['be 0', 'be 10']);
  expect(lines).toHaveLength(8);
  expect(rest?.count).toBe(3);
  expect(rest?.low.points.map(({ value }) => value)).toEqual([1, 4]);
  expect(rest?.high.points.map(({ value }) => value)).toEqual([6, 5]);
});
