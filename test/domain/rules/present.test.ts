import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quantity } from '../../../src/domain/charts/quantity.ts';
import { metricUnits } from '../../../src/domain/metrics/metric.ts';
import { presentOf } from '../../../src/domain/rules/present.ts';
import { valueInWords } from '../../../src/domain/rules/value-words.ts';
import { disk, look, measured, metricRule, override } from './builders.ts';

const used = (nodeId: string, value: number) => measured('disk_used_share', disk(nodeId), value);

it('shows the subject that is nearest to its own threshold', () => {
  const rule = metricRule('disk_filling');
  const measurements = [used('nod_1', 0.7), used('nod_2', 0.4)];
  expect(presentOf(rule, look({ measurements }))).toMatchObject({
    ...{ value: 0.7, threshold: 0.85, subject: disk('nod_1') },
    words: '70 % of /data1 on be 10.0.0.11:9050, 15 % below 85 %',
  });
  const scope = { kind: 'node', clusterId: 'clu_1', nodeId: 'nod_2' } as const;
  const overrides = [override('disk_filling', { limits: { threshold: 0.3, clear: 0.2 } }, { scope })];
  expect(presentOf(rule, look({ measurements }, { overrides }))?.words).toBe(
    '40 % of /data1 on be 10.0.0.12:9050, 10 % over 30 %',
  );
});

it('knows nothing where nothing was measured or the rule is off', () => {
  const rule = metricRule('disk_filling');
  expect(presentOf(rule, look({}))).toBeNull();
  const overrides = [override('disk_filling', { isOff: true })];
  expect(presentOf(rule, look({ measurements: [used('nod_1', 0.7)] }, { overrides }))).toBeNull();
});

it('measures the other way where a small value is bad', () => {
  const job = measured('routine_load_is_running', { job: 'sales.orders' }, 0);
  expect(presentOf(metricRule('routine_load_not_running'), look({ measurements: [job] }))).toMatchObject({
    ...{ distance: -1, words: '0 of sales.orders, 1 below 1' },
  });
});

it.each([
  [0.925, 'SHARE', '93 %'],
  [0.0123, 'SHARE', '1.2 %'],
  [12_400, 'MILLISECONDS', '12.4 s'],
  [250, 'MILLISECONDS', '250 ms'],
  [3, 'SECONDS', '3 s'],
  [3 * 2 ** 30, 'BYTES', '3.0 GiB'],
  [2 ** 20, 'BYTES_PER_SECOND', '1.0 MiB per second'],
  [1_204_000, 'COUNT', '1,204,000'],
  [0.5, 'PER_SECOND', '0.5 per second'],
  [2.25, 'DAYS', '2.25 days'],
  [1, 'DAYS', '1 day'],
  [0.9997, 'SHARE', '99.9 %'],
  [1, 'SHARE', '100 %'],
  [0.0004, 'SHARE', '0.04 %'],
  [0.002, 'PER_SECOND', '0.002 per second'],
  [0.3, 'MILLISECONDS', '0.3 ms'],
] as const)('says %d %s as %s', (value, unit, words) => {
  expect(valueInWords(value, unit)).toBe(words);
});

it.each(metricUnits.filter((unit) => !unit.startsWith('BYTES')))(
  'says 0 of nothing only, and 100 %% of all only: %s',
  (unit) => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 0.999999, noNaN: true }), (value) => {
        for (const words of [valueInWords(value, unit), ...(value < 1e-5 ? [] : [quantity(value, unit)])]) {
          expect(Number.parseFloat(words)).not.toBe(0);
          expect(words).not.toBe('100 %');
        }
      }),
    );
  },
);
