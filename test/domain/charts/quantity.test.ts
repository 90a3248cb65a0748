import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quantity, scaleFor } from '../../../src/domain/charts/quantity.ts';
import { metricUnits } from '../../../src/domain/metrics/metric.ts';

it.each([
  [1.2 * 1_024 ** 3, 'BYTES', '1.2 GiB'],
  [0, 'BYTES', '0 B'],
  [512, 'BYTES', '512 B'],
  [1_536, 'BYTES_PER_SECOND', '1.5 KiB/s'],
  [12.4, 'SECONDS', '12.4 s'],
  [300, 'SECONDS', '5 min'],
  [90 * 3_600, 'SECONDS', '3.8 days'],
  [0.0123, 'SECONDS', '0.012 s'],
  [12_400, 'MILLISECONDS', '12.4 s'],
  [800, 'MILLISECONDS', '800 ms'],
  [0.85, 'SHARE', '85 %'],
  [1, 'SHARE', '100 %'],
  [0.9997, 'SHARE', '99.9 %'],
  [0.0004, 'SHARE', '0.04 %'],
  [3, 'DAYS', '3 days'],
  [1, 'DAYS', '1 day'],
  [7, 'COUNT', '7'],
  [12_345, 'COUNT', '12345'],
  [2_500_000, 'COUNT', '2.5 million'],
  [0.25, 'PER_SECOND', '0.25 /s'],
] as const)('writes %d %s as %s', (value, unit, words) => {
  expect(quantity(value, unit)).toBe(words);
});

it('writes every finite value short, and within 6 % of what it is', () => {
  const value = fc.double({ min: -1e15, max: 1e15, noNaN: true }).filter((each) => each === 0 || Math.abs(each) > 1e-4);
  fc.assert(
    fc.property(value, fc.constantFrom(...metricUnits), (number, unit) => {
      const words = quantity(number, unit);
      expect(words.length).toBeLessThan(25);
      const written = Number.parseFloat(words) * scaleFor(number, unit).factor;
      expect(Math.abs(written - number)).toBeLessThanOrEqual(Math.abs(number) * 0.06 + 1e-9);
    }),
  );
});
