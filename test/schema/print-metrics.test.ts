import { expect, it } from 'vitest';
import { catalogue } from '../../src/domain/metrics/catalogue/index.ts';
import { printMetrics } from '../../src/schema/print-metrics.ts';

const rows = printMetrics()
  .split('## As Prometheus is asked')[0]
  ?.split('\n')
  .filter((line) => line.startsWith('| `'));

it('the page of metrics says of each metric what it is made of', () => {
  const madeOf = new Map(rows?.map((line) => [line.split('`')[1], line.split(' | ').at(-1)]));
  expect([...madeOf.keys()]).toEqual(catalogue.map(({ name }) => name));
  expect([...madeOf].filter(([, words]) => !words?.startsWith('`'))).toEqual([]);
});

it('what is counted over hours is not said to be of the leader: whoever led in that time counted it', () => {
  const lately = rows?.filter((line) => line.includes('_lately`')) ?? [];
  expect(lately).toHaveLength(3);
  for (const line of lately) expect(line).not.toContain('of the leader');
});
