import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Measurement } from '../../src/domain/metrics/measurement.ts';
import { newId } from '../../src/ids.ts';
import { databaseNow, inTransaction } from '../../src/store/database.ts';
import { packLook, writeLook } from '../../src/store/metrics/write-measured.ts';
import { type Api, as, startApi } from '../helpers/api.ts';

let api: Api;
let token: string;
let clusterId: string;
let nodeId: string;

const minute = 60_000;
/** Two hours ago, at a full hour. */
const start = Math.floor(Date.now() / 3_600_000 - 2) * 3_600_000;

beforeAll(async () => {
  api = await startApi();
  token = await api.login('root', as.admin);
  clusterId = await api.engine.addCluster('prod-eu', 'prod');
  nodeId = newId('nod');
  const node = { id: nodeId, cluster_id: clusterId, kind: 'FRONTEND', host: '10.0.0.1', port: 9010, alive: 1 };
  await api.engine.ctx.db
    .insertInto('cluster_node')
    .values({ ...node, decommissioning: 0, observed_at: databaseNow })
    .execute();
  for (const minutes of [0, 1, 2, 10]) await look(minutes, minutes * 100);
});
afterAll(() => api.close());

async function look(minutes: number, latencyMs: number): Promise<void> {
  const at = new Date(start + minutes * minute);
  const measurements: Measurement[] = [
    { metric: 'query_p95_ms', subject: { nodeId }, value: latencyMs },
    { metric: 'query_p95_ms', subject: {}, value: latencyMs + 1 },
    { metric: 'metric_of_tomorrow', subject: {}, value: 1 },
  ];
  const packed = await packLook({ at, measurements }, {});
  await inTransaction(api.engine.ctx.db, (tx) => writeLook(tx, { clusterId, at, look: packed }));
}

const history = (args: string) =>
  api.ask(
    token,
    `{ cluster(name: "prod-eu") { metric(${args}) {
      metric { name unit } from to stepSeconds series { subject { nodeId node { label } } points { at mean min max } }
    } } }`,
  );

const iso = (minutes: number) => new Date(start + minutes * minute).toISOString();

it('shows a metric over time, with gaps where nothing was measured', async () => {
  const { data, errors } = await history(`name: "query_p95_ms", from: "${iso(0)}", to: "${iso(4)}", step: 120`);
  expect(errors).toBeUndefined();
  const point = (minutes: number, mean: number, min: number, max: number) => ({ at: iso(minutes), mean, min, max });
  expect(data).toEqual({
    cluster: {
      metric: {
        metric: { name: 'query_p95_ms', unit: 'MILLISECONDS' },
        ...{ from: iso(0), to: iso(4), stepSeconds: 120 },
        series: [
          {
            subject: { nodeId, node: { label: 'fe 10.0.0.1:9010' } },
            points: [point(0, 50, 0, 100), point(2, 200, 200, 200)],
          },
        ],
      },
    },
  });
  const gap = await history(`name: "query_p95_ms", scope: CLUSTER, from: "${iso(5)}", to: "${iso(11)}", step: 300`);
  expect(gap.data).toMatchObject({
    cluster: { metric: { series: [{ subject: null, points: [null, point(10, 1_001, 1_001, 1_001)] }] } },
  });
});

it.each([
  ['name: "nope"', 'There is no metric nope'],
  ['name: "query_p95_ms", scope: DISK', 'query_p95_ms has no values of this scope'],
  [`name: "query_p95_ms", from: "${iso(5)}", to: "${iso(5)}"`, 'from has to be before to'],
  [`name: "query_p95_ms", from: "${iso(0)}", to: "${iso(100)}", step: 1`, 'That would be more than 2000 points'],
  ['name: "query_p95_ms", step: 0', 'step is a whole number of seconds'],
])('refuses %s', async (args, message) => {
  const { errors } = await history(args);
  expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
});

it.each([
  ['name: "query_p95_ms", scope: DISK', 'It has NODE and CLUSTER.'],
  ['name: "tablets", scope: NODE', 'It has CLUSTER only.'],
  ['name: "user_connections", scope: NODE', 'It has USER only.'],
])('says which scopes there are instead of %s', async (args, hint) => {
  expect((await history(args)).errors).toMatchObject([{ extensions: { hint, argument: ['scope'] } }]);
});

it('names the argument in which a metric was asked for that there is none of', async () => {
  const { errors } = await api.ask(token, '{ cluster(name: "prod-eu") { latestMetrics(names: ["nope"]) { at } } }');
  expect(errors).toMatchObject([{ message: 'There is no metric nope', extensions: { argument: ['names'] } }]);
});

it('shows what the last look measured of the cluster and of a node, and no metric that it does not know', async () => {
  const { data, errors } = await api.ask(
    token,
    `{ cluster(name: "prod-eu") {
      latestMetrics { at values { metric { name } subject { nodeId } value } }
      frontends { metrics(names: ["query_p95_ms"]) { ageSeconds values { value } } }
    } }`,
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({
    cluster: {
      latestMetrics: { at: iso(10), values: [{ metric: { name: 'query_p95_ms' }, subject: null, value: 1_001 }] },
      frontends: [{ metrics: { ageSeconds: expect.any(Number), values: [{ value: 1_000 }] } }],
    },
  });
});

it('has nothing of a cluster that was never looked at, and lists its metrics', async () => {
  await api.engine.addCluster('new-one', 'dev');
  const { data } = await api.ask(
    token,
    '{ metrics { name meaning } cluster(name: "new-one") { latestMetrics { at } metric(name: "query_p95_ms") { series { points { mean } } } } }',
  );
  expect(data).toMatchObject({ cluster: { latestMetrics: null, metric: { series: [] } } });
  expect(data?.metrics).toEqual(
    expect.arrayContaining([{ name: 'query_p95_ms', meaning: expect.stringContaining('queries') }]),
  );
});
