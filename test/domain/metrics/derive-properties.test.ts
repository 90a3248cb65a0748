import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../src/domain/metrics/catalogue/index.ts';
import { deriveMeasurements, type Look } from '../../../src/domain/metrics/derive.ts';
import { subjectKey } from '../../../src/domain/metrics/measurement.ts';
import type { MetricNode, Page, PageSample } from '../../../src/domain/metrics/page.ts';
import { wantedFamilies } from '../../../src/domain/metrics/wanted.ts';

/** Each is two looks at four nodes with all metrics, so a hundred would take long. */
const numRuns = 40;
const families = [...wantedFamilies(catalogue)];
const labelNames = ['type', 'state', 'mode', 'path', 'db', 'user', 'name', 'job', 'quantile', 'device', 'status'];
const labelValues = [
  ...['used', 'max', 'time', 'count', 'idle', 'user', 'failed', 'total', 'is_master', '0.95', '0.99'],
  ...['/data1', '/data2', 'shop', 'root', 'load', 'alter', 'PENDING', 'clone'],
];

const values = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 1_000_000 }) },
  { weight: 2, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1) },
);

const samples: fc.Arbitrary<PageSample> = fc.record({
  name: fc.constantFrom(...families),
  labels: fc.dictionary(fc.constantFrom(...labelNames), fc.constantFrom(...labelValues), { maxKeys: 2 }),
  value: values,
});

const pages: fc.Arbitrary<Page> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ samples: fc.array(samples, { maxLength: 60 }) }) },
  { weight: 1, arbitrary: fc.constant({ problem: 'no answer in 3 s' }) },
);

const ids = ['a', 'b', 'c', 'd'];
const nodes = fc.tuple(
  ...ids.map((id) =>
    fc.record<MetricNode>({
      id: fc.constant(id),
      kind: fc.constantFrom('FRONTEND', 'BACKEND', 'COMPUTE_NODE'),
      alive: fc.boolean(),
      version: fc.constantFrom('3.2.1', '3.5.0-37c7c51', 'MAIN-RELEASE', null),
    }),
  ),
);

const start = new Date('2026-11-27T10:00:00Z');
const facts: Look['facts'] = {
  connection_limit: { atMs: start.getTime(), values: [{ subject: { nodeId: 'a' }, value: 100 }] },
  memory_limit_bytes: { atMs: start.getTime(), values: [{ subject: { nodeId: 'b' }, value: 1_000 }] },
};

/** Two looks at the same nodes; the second is what is judged. */
const worlds = fc
  .record({
    nodes,
    leader: fc.constantFrom(...ids, null),
    first: fc.tuple(...ids.map(() => pages)),
    second: fc.tuple(...ids.map(() => pages)),
    seconds: fc.integer({ min: 1, max: 70 }),
  })
  .map(({ first, second, seconds, ...world }) => {
    const look = (read: readonly Page[]): Look => ({
      ...{ ...world, facts, before: {}, at: start },
      pages: new Map(ids.flatMap((id, index) => (read[index] === undefined ? [] : [[id, read[index]]]))),
    });
    const { counters } = deriveMeasurements(look(first));
    return { ...look(second), before: counters, at: new Date(start.getTime() + seconds * 1_000), seconds };
  });

const units = new Map(catalogue.map((metric) => [metric.name, metric]));
const isOfLimit = (name: string) => name.endsWith('_of_limit');
const keyed = (look: Look) =>
  new Map(
    deriveMeasurements(look).measurements.map((each) => [`${each.metric} ${subjectKey(each.subject)}`, each.value]),
  );

describe('whatever the pages say', () => {
  it('every value is finite, and a share is between 0 and 1 unless it is one of a limit', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        for (const { metric, value } of deriveMeasurements(world).measurements) {
          expect(Number.isFinite(value)).toBe(true);
          if (units.get(metric)?.unit !== 'SHARE') continue;
          expect(value, metric).toBeGreaterThanOrEqual(0);
          if (!isOfLimit(metric)) expect(value, metric).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns },
    );
  });

  it('a value is measured or unknown, never both, and at most once', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { measurements, unknown } = deriveMeasurements(world);
        const all = [...measurements, ...unknown].map(({ metric, subject }) => `${metric} ${subjectKey(subject)}`);
        expect(new Set(all).size).toBe(all.length);
      }),
      { numRuns },
    );
  });

  it('the order of nodes and samples does not matter', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const turned = [...world.pages].toReversed().map(([id, page]) => {
          return [id, 'problem' in page ? page : { samples: page.samples.toReversed() }] as const;
        });
        const other = { ...world, nodes: world.nodes.toReversed(), pages: new Map(turned) };
        const [left, right] = [keyed(world), keyed(other)];
        expect([...right.keys()].toSorted()).toEqual([...left.keys()].toSorted());
        for (const [key, value] of left) expect(right.get(key)).toBeCloseTo(value, 6);
        expect(deriveMeasurements(other).counters).toEqual(deriveMeasurements(world).counters);
      }),
      { numRuns },
    );
  });

  it('a node that is silent changes nothing about the values of the others', () => {
    fc.assert(
      fc.property(worlds, fc.constantFrom(...ids), (world, silent) => {
        const others = (look: Look) =>
          deriveMeasurements(look).measurements.filter(
            ({ subject }) => subject.nodeId !== undefined && subject.nodeId !== silent,
          );
        const without = { ...world, pages: new Map(world.pages).set(silent, { problem: 'no answer in 3 s' }) };
        expect(others(without)).toEqual(others(world));
      }),
      { numRuns },
    );
  });
});

describe('counters', () => {
  const totals = fc.array(fc.nat({ max: 1_000_000 }), { minLength: 2, maxLength: 8 });

  it('that fall are never a negative rate, nor one above what they counted since', () => {
    fc.assert(
      fc.property(totals, totals, (queries, errors) => {
        let before: Look['before'] = {};
        queries.forEach((total, index) => {
          const page = [
            { name: 'starrocks_fe_query_total', labels: {}, value: total },
            { name: 'starrocks_fe_query_err', labels: {}, value: errors[index] ?? 0 },
          ];
          const look = deriveMeasurements({
            ...{ nodes: [{ id: 'a', kind: 'FRONTEND', alive: true, version: null }], leader: null, facts: {}, before },
            pages: new Map([['a', { samples: page }]]),
            at: new Date(start.getTime() + index * 10_000),
          });
          const rate = look.measurements.find(({ metric }) => metric === 'queries_per_second')?.value ?? 0;
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(total / 10);
          before = look.counters;
        });
      }),
      { numRuns },
    );
  });

  it('are plain JSON, so that another process can take the next look over', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { counters } = deriveMeasurements(world);
        expect(JSON.parse(JSON.stringify(counters))).toEqual(counters);
      }),
      { numRuns },
    );
  });
});
