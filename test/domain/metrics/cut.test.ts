import fc from 'fast-check';
import { expect, it } from 'vitest';
import { catalogue } from '../../../src/domain/metrics/catalogue/index.ts';
import { cutToLimit, mostSubjects } from '../../../src/domain/metrics/cut.ts';
import { deriveMeasurements } from '../../../src/domain/metrics/derive.ts';
import { isMetricRule } from '../../../src/domain/rules/rule.ts';
import { shippedRules } from '../../../src/domain/rules/shipped/index.ts';

const many = catalogue.filter(({ scope }) => mostSubjects[scope] !== undefined);
const start = new Date('2026-11-27T10:00:00Z');

it('keeps the worst of too many subjects, on the side on which a rule looks', () => {
  for (const { on } of shippedRules.filter(isMetricRule)) {
    const metric = many.find(({ name }) => name === on.metric);
    if (metric !== undefined)
      expect([metric.name, metric.isWorseLow ?? false]).toEqual([on.metric, on.compare === 'BELOW']);
  }
  fc.assert(
    fc.property(
      fc.constantFrom(...many),
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 400 }),
      (metric, values) => {
        const all = values.map((value, at) => ({ metric: metric.name, subject: { job: `${at}` }, value }));
        const kept = cutToLimit(all, catalogue);
        expect(kept).toHaveLength(Math.min(values.length, mostSubjects[metric.scope] ?? 0));
        const badness = ({ value }: { value: number }) => (metric.isWorseLow ? -value : value);
        const left = all.filter((each) => !kept.includes(each));
        if (left.length > 0) expect(Math.max(...left.map(badness))).toBeLessThanOrEqual(Math.min(...kept.map(badness)));
      },
    ),
    { numRuns: 50 },
  );
});

it('leaves every subject to the rules, however many there are', () => {
  const values = Array.from({ length: 900 }, (_, at) => ({
    subject: { job: `shop.load_${at}` },
    value: at < 899 ? 1 : 0,
  }));
  const { measurements } = deriveMeasurements({
    ...{ nodes: [], leader: null, before: {}, pages: new Map(), at: start },
    facts: { routine_load_running: { atMs: start.getTime(), values } },
  });
  expect(measurements.filter(({ value }) => value === 0)).toEqual([
    { metric: 'routine_load_is_running', subject: { job: 'shop.load_899' }, value: 0 },
  ]);
  expect(cutToLimit(measurements, catalogue)).toContainEqual(expect.objectContaining({ value: 0 }));
});
