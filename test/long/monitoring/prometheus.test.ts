import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Prometheus, startPrometheus } from '../../../bench/probe/prometheus.ts';
import { type QueryLoop, startQueryLoop } from '../../../sandbox/world/query-loop.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { catalogue } from '../../../src/domain/metrics/catalogue/index.ts';
import type { Metric } from '../../../src/domain/metrics/metric.ts';
import type { Series } from '../../../src/domain/metrics/points.ts';
import { pagesOf } from '../../../src/domain/metrics/prometheus/promql.ts';
import type { MetricRange } from '../../../src/domain/metrics/range.ts';
import { newId } from '../../../src/ids.ts';
import { startMonitor } from '../../../src/monitor/start.ts';
import { lookAtHistory, type ToldHistory } from '../../../src/runs/look-at-history.ts';
import { insertCluster } from '../../../src/store/clusters/inventory.ts';
import { nodesOfClusters } from '../../../src/store/reads/clusters.ts';
import { historiesOfClusters } from '../../../src/store/reads/metric-history.ts';
import { type Engine, startEngine } from '../../helpers/engine.ts';

let world: World;
let engine: Engine;
let prometheus: Prometheus;
let monitor: { stop(): Promise<void> };
let loop: QueryLoop;
let dir: string;
const clusterId = newId('clu');
const cluster = { id: clusterId, name: 'world' };
/** A minute in which everything went on as it does. */
let range: Omit<MetricRange, 'metric' | 'isOverall'>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'starwarden-prometheus-'));
  world = await startWorld({ speed: 20, starwarden: false, slack: false, computeNodes: 1 });
  const { cluster: seen } = world.describe();
  const nodes = [...seen.frontends, ...seen.backends, ...seen.computeNodes];
  prometheus = await startPrometheus({
    dir,
    targets: nodes.map(({ host, httpPort }) => `${host}:${httpPort}`),
    everySeconds: 1,
    families: null,
    labels: { cluster: 'world' },
  });
  engine = await startEngine({
    env: {
      STARWARDEN_PROBE_INTERVAL_MS: '1000',
      STARWARDEN_CRED_WORLD: seen.sqlPassword,
      PROMETHEUS_URL: prometheus.url,
      PROMETHEUS_CLUSTER_LABEL: 'cluster',
      PROMETHEUS_SCRAPE_INTERVAL_MS: '1000',
    },
  });
  const { db } = engine.ctx;
  const secret = { id: 'sec_world', cluster_id: clusterId, kind: 'env' as const, content: 'STARWARDEN_CRED_WORLD' };
  await db
    .insertInto('secret')
    .values({ ...secret, key_id: null, changed_at: new Date() })
    .execute();
  await insertCluster(db, {
    ...cluster,
    environment: 'dev',
    sqlUser: seen.sqlUser,
    passwordRef: 'secret:sec_world',
    seeds: seen.frontends.map(({ host, queryPort }) => ({ host, port: queryPort })),
    tls: null,
  });
  monitor = startMonitor(engine.ctx, { probeTimeoutMs: 5_000 });
  await world.faults.add({ kind: 'traffic', perSecond: 4, ms: 400, share: 0.1, refusedShare: 0.2, timeoutShare: 0.05 });
  await world.faults.add({ kind: 'gc-pressure', share: 0.05 });
  loop = await startQueryLoop(world, { everyMs: 200 });
  await sleep(75_000);
  const stepMs = 10_000;
  const to = Math.floor((Date.now() - 5_000) / stepMs) * stepMs;
  range = { from: new Date(to - 50_000), to: new Date(to), stepMs };
}, 180_000);

afterAll(async () => {
  await loop?.stop();
  await monitor?.stop();
  await engine?.close();
  await prometheus?.stop();
  await world?.stop();
  await rm(dir, { recursive: true, force: true });
});

const nodes = () => nodesOfClusters(engine.ctx.db, [clusterId]);

async function oursOf(metric: Metric): Promise<readonly Series[]> {
  const asked = { clusterIds: [clusterId], ...range, metric: metric.name, now: new Date() };
  return (await historiesOfClusters(engine.ctx.db, asked))[0]?.series ?? [];
}

async function bothOf(metric: Metric, isOverall: boolean): Promise<{ told: ToldHistory; own: readonly Series[] }> {
  const own = (await oursOf(metric)).filter(({ subject }) => (subject === '') === isOverall);
  const told = await lookAtHistory(engine.ctx.engine, {
    cluster,
    range: { ...range, metric, isOverall },
    now: new Date(),
    nodes,
    ours: async () => own,
  });
  return { told, own };
}

const meanOf = ({ points }: Series) => {
  const known = points.filter((point) => point !== null);
  return known.length === 0 ? null : known.reduce((sum, { mean }) => sum + mean, 0) / known.length;
};

/**
 * What is measured at other moments within a minute of the same may differ so much: a share by little, a number of things that
 * come and go by part of one.
 */
function isNear(a: number, b: number, { unit }: Metric): boolean {
  const least = unit === 'COUNT' || unit === 'PER_SECOND' ? 0.3 : 0.02;
  return Math.abs(a - b) <= Math.max(least, 0.15 * Math.max(Math.abs(a), Math.abs(b)));
}

const valuesOf = (series: readonly Series[]) =>
  new Map(series.map((each) => [each.subject, meanOf(each) ?? Number.NaN]));

const asked = catalogue.flatMap((metric) => {
  if (pagesOf(metric) === null) return [];
  const scopes = metric.scope === 'CLUSTER' ? [true] : metric.overall === null ? [false] : [false, true];
  return scopes.map((isOverall) => ({
    name: metric.name,
    of: isOverall ? 'cluster' : metric.scope,
    metric,
    isOverall,
  }));
});

describe('a real Prometheus that reads the same nodes', () => {
  it.each(asked)('says of $name of each $of what our own looks say', async ({ metric, isOverall }) => {
    const { told, own } = await bothOf(metric, isOverall);
    if (own.every(({ points }) => points.every((point) => point === null)))
      return expect(told.source).toBe('STARWARDEN');
    expect(told).toMatchObject({ source: 'PROMETHEUS', note: null, seams: [] });
    const [theirs, ours] = [valuesOf(told.series), valuesOf(own)];
    expect([...theirs.keys()].toSorted()).toEqual([...ours.keys()].toSorted());
    for (const [subject, value] of ours)
      expect(theirs.get(subject), `${subject}: ours is ${value}`).toSatisfy((their: number) =>
        isNear(their, value, metric),
      );
  });

  it('has something to compare: of most metrics the values are not 0', async () => {
    const values: ToldHistory[] = [];
    for (const { metric, isOverall } of asked) values.push((await bothOf(metric, isOverall)).told);
    const busy = values.filter(({ series }) => series.some((each) => (meanOf(each) ?? 0) > 0));
    expect(busy.length).toBeGreaterThan(45);
  });

  it('is left for our own values once it is gone, with the reason', async () => {
    await prometheus.stop();
    const metric = asked.find(({ name }) => name === 'queries_per_second')?.metric;
    if (metric === undefined) throw new Error('there is no such metric');
    const { told, own } = await bothOf(metric, false);
    expect(told).toMatchObject({ source: 'STARWARDEN', series: own, seams: [] });
    expect(told.note).toMatch(
      /^Starwarden's own values: Prometheus at 127\.0\.0\.1:\d+ cannot be read: .*ECONNREFUSED/,
    );
  });
});
