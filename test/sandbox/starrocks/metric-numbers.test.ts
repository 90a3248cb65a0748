import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrontendMetrics, createRateMeter, recordQuery } from '../../../sandbox/starrocks/frontend/metrics.ts';
import { javaDouble } from '../../../sandbox/starrocks/frontend/metrics-page/java-number.ts';
import { createReservoir, summaryOf } from '../../../sandbox/starrocks/frontend/metrics-page/reservoir.ts';

describe('a double as Java prints it', () => {
  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [12, '12.0'],
    [-2.625, '-2.625'],
    [9_999_999, '9999999.0'],
    [10_000_000, '1.0E7'],
    [12_500_000, '1.25E7'],
    [0.001, '0.001'],
    [0.00025, '2.5E-4'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ])('%d is %s', (value, text) => expect(javaDouble(value)).toBe(text));

  it('is the same number when it is read again', () => {
    fc.assert(fc.property(fc.double(), (value) => Object.is(Number(javaDouble(value)), value)));
  });
});

describe('a summary', () => {
  const at = (clock: { ms: number }) => createReservoir({ speed: 1, now: () => clock.ms });

  it('forgets old samples only when new ones come', () => {
    const clock = { ms: 0 };
    const reservoir = at(clock);
    for (let made = 0; made < 100; made++) reservoir.add(12_000);
    clock.ms = 3_600_000;
    expect(reservoir.read([0.95]).quantiles).toEqual([12_000]);
    reservoir.add(5);
    expect(reservoir.read([0.95]).quantiles).toEqual([5]);
  });

  it('may have a sum that falls, while its count never does', () => {
    const clock = { ms: 0 };
    const reservoir = at(clock);
    for (let made = 0; made < 10; made++) reservoir.add(1000);
    const before = Number(summaryOf(reservoir).sum);
    clock.ms = 600_000;
    reservoir.add(1);
    expect(Number(summaryOf(reservoir).sum)).toBeLessThan(before);
    expect(summaryOf(reservoir).count).toBe(11);
  });

  it('has quantiles that are samples, and grow with the share', () => {
    const samples = fc.array(fc.nat(), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(samples, fc.array(fc.nat(600_000), { minLength: 50, maxLength: 50 }), (values, gaps) => {
        const clock = { ms: 0 };
        const reservoir = at(clock);
        for (const [index, value] of values.entries()) {
          clock.ms += gaps[index] ?? 0;
          reservoir.add(value);
        }
        const { quantiles } = reservoir.read([0.5, 0.75, 0.95, 0.999]);
        expect(quantiles).toEqual(quantiles.toSorted((a, b) => a - b));
        for (const one of quantiles) expect(values).toContain(one);
      }),
    );
  });
});

it('computes rates each 15 s, of which those of the kinds of errors are wrong, as the real ones', () => {
  const metrics = createFrontendMetrics({ speed: 1 });
  const tick = createRateMeter(metrics);
  const failed = (end: 'analysis error' | 'internal error') => recordQuery(metrics, { ms: 1, end, slowMs: 5000 });
  tick(15);
  for (let made = 0; made < 12; made++) failed('analysis error');
  for (let made = 0; made < 20; made++) failed('internal error');
  tick(15);
  expect(metrics.rates).toMatchObject({ queries: 2, errors: 2, analysisErrors: 0.75, internalErrors: 1.25 });
  tick(15);
  expect(metrics.rates).toMatchObject({ queries: 0, errors: 0, analysisErrors: -1.25, internalErrors: -0.75 });
});

it('calls a query slow by how long it took, and only one that ended well', () => {
  const metrics = createFrontendMetrics({ speed: 1 });
  recordQuery(metrics, { ms: 5000, end: 'success', slowMs: 5000 });
  recordQuery(metrics, { ms: 5001, end: 'success', slowMs: 5000 });
  recordQuery(metrics, { ms: 9000, end: 'timeout', slowMs: 5000 });
  expect([metrics.slowQuery, metrics.querySuccess, metrics.queryTimeout]).toEqual([1, 2, 1]);
});
