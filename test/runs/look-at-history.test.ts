import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Prometheus } from '../../src/adapters/prometheus/port.ts';
import { findMetric } from '../../src/domain/metrics/catalogue/index.ts';
import type { AnsweredSeries } from '../../src/domain/metrics/prometheus/series.ts';
import { AppError } from '../../src/errors.ts';
import { lookAtHistory } from '../../src/runs/look-at-history.ts';

const start = Date.UTC(2026, 0, 1);
const stepMs = 600_000;
const steps = 6;
const log = pino({ level: 'silent' });
const own = { subject: '[["nodeId","a"]]', points: Array.from({ length: steps }, (_, index) => pointAt(index, 1)) };
const overall = { subject: '', points: own.points };

function pointAt(index: number, value: number) {
  return { at: new Date(start + index * stepMs), mean: value, min: value, max: value };
}

type Given = { readonly answer: () => readonly AnsweredSeries[]; readonly warnings?: readonly string[] };

function told(name: string, { answer, warnings = [] }: Given, { nodes = 1 } = {}) {
  const metric = findMetric(name);
  if (metric === undefined) throw new Error(`there is no metric ${name}`);
  const prometheus: Prometheus = {
    version: async () => null,
    query: async () => ({ series: [], warnings }),
    queryRange: async () => ({ series: answer(), warnings }),
  };
  const site = { clusterLabel: null, instanceLabel: 'instance', scrapeMs: 15_000, clusters: {} };
  const node = { id: 'a', kind: 'FRONTEND' as const, host: '10.0.0.1', httpPort: 8030 };
  return lookAtHistory(
    { log, prometheus: { prometheus, site } },
    {
      cluster: { id: 'clu', name: 'prod-eu' },
      range: { metric, isOverall: false, from: new Date(start), to: new Date(start + steps * stepMs), stepMs },
      now: new Date(start + steps * stepMs),
      nodes: async () => Array(nodes).fill(node),
      ours: async () => [overall, own],
    },
  );
}

const values = (...indexes: readonly number[]): AnsweredSeries[] => [
  { labels: { instance: '10.0.0.1:8030' }, values: indexes.map((index) => [start + (index + 1) * stepMs, 2]) },
];

it('is from Prometheus alone where that has all of it', async () => {
  const { source, seams, note, series } = await told('query_p95_ms', { answer: () => values(0, 1, 2, 3, 4, 5) });
  expect({ source, seams, note }).toEqual({ source: 'PROMETHEUS', seams: [], note: null });
  expect(series).toEqual([
    { subject: own.subject, points: own.points.map(({ at }) => ({ at, mean: 2, min: 2, max: 2 })) },
  ]);
});

it('says where our own values begin and end when Prometheus lacks them', async () => {
  const { series, ...rest } = await told('query_p95_ms', { answer: () => values(2, 4) });
  expect(series[0]?.points.map((point) => point?.mean ?? null)).toEqual([1, 1, 2, null, 2, 1]);
  expect(rest).toEqual({
    source: 'PROMETHEUS',
    seams: [
      { at: new Date(start + 2 * stepMs), source: 'PROMETHEUS' },
      { at: new Date(start + 5 * stepMs), source: 'STARWARDEN' },
    ],
    note: "up to 2026-01-01 00:20 UTC these are Starwarden's own values, since Prometheus has none; from 2026-01-01 00:50 UTC on these are Starwarden's own values, since Prometheus has none.",
  });
});

it('passes on what Prometheus doubts', async () => {
  const given = { answer: () => values(0, 1, 2, 3, 4, 5), warnings: ['a store\nis away'] };
  expect((await told('query_p95_ms', given)).note).toBe('Prometheus warns: a store is away.');
});

it.each([
  ['is down', 'query_p95_ms', 1, () => fail('HTTP_FAILED'), "Starwarden's own values: no luck."],
  ['is too slow', 'query_p95_ms', 1, () => fail('TIMEOUT'), "Starwarden's own values: no luck."],
  ['has no token', 'query_p95_ms', 1, () => fail('CREDENTIAL_MISSING'), "Starwarden's own values: no luck."],
  [
    'has nothing of it',
    'query_p95_ms',
    1,
    () => [],
    "Starwarden's own values: Prometheus has none of query_p95_ms of prod-eu in that time.",
  ],
  [
    'cannot have it',
    'connections_of_limit',
    1,
    () => [],
    "connections_of_limit is on no page that Prometheus reads, so these are Starwarden's own values.",
  ],
  [
    'has no node of it',
    'query_p95_ms',
    0,
    () => [],
    "Starwarden's own values: no node of prod-eu that could have it has an address.",
  ],
])('is our own, with the reason, when Prometheus %s', async (_, name, nodes, answer, note) => {
  expect(await told(name, { answer }, { nodes })).toEqual({ source: 'STARWARDEN', seams: [], series: [own], note });
});

it('does not hide what is wrong with ourselves', async () => {
  await expect(told('query_p95_ms', { answer: () => fail('STORE_UNAVAILABLE') })).rejects.toThrow('no luck');
});

function fail(code: ConstructorParameters<typeof AppError>[0]): never {
  throw new AppError(code, 'no luck');
}
