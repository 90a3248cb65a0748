import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Condition } from '../../src/domain/alert-life.ts';
import { newId } from '../../src/ids.ts';
import { addPerson } from '../../src/store/access/people.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { databaseNow, inTransaction } from '../../src/store/database.ts';
import { setRotation } from '../../src/store/escalation/rotations.ts';
import { setRoute } from '../../src/store/escalation/routes.ts';
import { createSilence } from '../../src/store/silences/silences.ts';
import { recordUpgrade } from '../../src/store/upgrades/upgrades.ts';
import { createSteppedOperations } from '../bot/operations.ts';
import { type Api, as, startApi } from '../helpers/api.ts';
import { admin, systemActor } from '../helpers/engine.ts';

const all = { kind: 'all' } as const;
const statements: string[] = [];
let api: Api;
let token: string;
let waiting: Promise<void> | null = null;
beforeAll(async () => {
  api = await startApi({
    operations: createSteppedOperations().operations,
    onStatement: (text) => statements.push(text),
  });
  token = await api.login('root', as.admin);
});
afterAll(() => api.close());

const query = `query ($first: Int!, $after: String) {
  clusters(first: $first, after: $after) {
    nodes {
      name capability credential { kind } versions { state summary byVersion { version backends } toFinalize { id } } upgrades(first: 2) { nodes { state run { number } nodes { awayMs } } }
      frontends { label host { address sudo } } backends { label cluster { name } } computeNodes { label } hosts { address }
      lockedBy { id } openAlerts { number title events(first: 2) { message } node { label } }
      lastRun { state allowedActions steps(first: 3) { nodes { title } } events(first: 3) { message } approval { state votes { by { name } } } temporaryChanges { title } cluster { name } }
      lastCheck { health run { id } } recentLooks(first: 2) { ok aliveNodes }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

const asked = z.object({ touchCluster: z.object({ run: z.object({ id: z.string() }) }) });

/** Adds clusters until there are so many, each with nodes, a host and a run. */
async function grow(to: number): Promise<void> {
  const { db } = api.engine.ctx;
  for (let count = (await db.selectFrom('cluster').select('id').execute()).length; count < to; count += 1) {
    const clusterId = await api.engine.addCluster(`cluster-${String(count).padStart(4, '0')}`);
    const hostId = newId('hst');
    await db
      .insertInto('host')
      .values({
        id: hostId,
        cluster_id: clusterId,
        address: '10.0.0.1',
        port: 22,
        user: 'sr',
        auth: '{"kind":"agent"}',
        host_key_fingerprint: null,
        jump_host_id: null,
        ssh: 'OK',
        sudo: 1,
        problem: null,
        created_at: databaseNow,
      })
      .execute();
    await db
      .insertInto('cluster_node')
      .values(
        ['FRONTEND', 'BACKEND'].map((kind) => ({
          id: newId('nod'),
          cluster_id: clusterId,
          kind,
          host: '10.0.0.1',
          port: 9050,
          http_port: null,
          query_port: null,
          role: null,
          alive: 1,
          decommissioning: 0,
          version: '3.5.0',
          started_at: null,
          tablet_count: 1,
          max_disk_used_percent: 1,
          error_message: null,
          observed_at: databaseNow,
          host_id: hostId,
          deploy_dir: '/opt',
        })),
      )
      .execute();
    const { data } = await api.ask(
      token,
      `mutation { touchCluster(input: { clusterId: "${clusterId}" }) { run { id } } }`,
    );
    const runId = asked.parse(data).touchCluster.run.id;
    const history = { clusterId, runId, direction: 'UPGRADE', fromVersion: '3.4.10', toVersion: '3.5.0' } as const;
    await recordUpgrade(db, history);
  }
}

async function countStatements(first: number): Promise<{ clusters: number; sent: number }> {
  statements.length = 0;
  const { data, errors } = await api.ask(token, query, { first, after: null });
  expect(errors).toBeUndefined();
  const clusters = JSON.stringify(data).split('"capability"').length - 1;
  return { clusters, sent: statements.length };
}

it('the number of SQL statements is the same for 10 clusters and for 50 of 200', async () => {
  await grow(10);
  const few = await countStatements(50);
  await grow(200);
  const many = await countStatements(50);
  expect(few.clusters).toBe(10);
  expect(many.clusters).toBe(50);
  expect(many.sent).toBe(few.sent);
  expect(few.sent).toBeLessThanOrEqual(20);
});

it('the number of SQL statements of a list of runs does not depend on its length', async () => {
  const runs = (first: number) =>
    `{ runs(first: ${first}) { nodes { cluster { name } steps(first: 2) { nodes { title } } events(first: 2) { message } approval { state } blockedBy { id } allowedActions canGoOnWithout stages { state lanes { currentStep { title } } } } } }`;
  const send = async (first: number) => {
    statements.length = 0;
    expect((await api.ask(token, runs(first))).errors).toBeUndefined();
    return statements.length;
  };
  await grow(20);
  expect(await send(20)).toBe(await send(2));
});

it('the number of SQL statements for metrics does not depend on the number of clusters', async () => {
  const metrics = (first: number) =>
    `{ clusters(first: ${first}) { nodes { metric(name: "query_p95_ms") { series { points { mean } } } latestMetrics { at } } } }`;
  const send = async (first: number) => {
    statements.length = 0;
    expect((await api.ask(token, metrics(first))).errors).toBeUndefined();
    return statements.length;
  };
  await grow(20);
  expect(await send(20)).toBe(await send(2));
});

it('the number of SQL statements for health scores does not depend on the number of clusters', async () => {
  const scores = (first: number) =>
    `{ clusters(first: ${first}) { nodes { healthScore { score word deductions { points because subject alsoTold } unknown asOf } } } }`;
  const send = async (first: number) => {
    statements.length = 0;
    const { data, errors } = await api.ask(token, scores(first));
    expect(errors).toBeUndefined();
    // The nodes of these clusters were seen when they were made, and nobody has looked since.
    expect(JSON.stringify(data)).toContain('"healthScore":{"score":');
    return statements.length;
  };
  await grow(20);
  const few = await send(2);
  expect(await send(20)).toBe(few);
  expect(few).toBeLessThanOrEqual(14);
});

it('the number of SQL statements for what rules say and why they are quiet does not depend on the number of clusters', async () => {
  const asked = (first: number) =>
    `{ clusters(first: ${first}) { nodes { alertRules { standing present } whyNot(rule: "node_down") { isCalled summary } openAlerts { delivery { state channel waitingSince } why { summary findings { words } } } } } }`;
  const send = async (first: number) => {
    statements.length = 0;
    const { data, errors } = await api.ask(token, asked(first));
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data).split('"whyNot":{"isCalled":').length - 1).toBe(first);
    expect(JSON.stringify(data).split('"delivery":{"state":"WAITING"').length - 1).toBe(first);
    expect(JSON.stringify(data).split('"why":{"summary":"It waits since').length - 1).toBe(first);
    expect(JSON.stringify(data)).toContain('C0ALERTS is told in ');
    expect(JSON.stringify(data)).toContain('the next step tells the second channel at ');
    return statements.length;
  };
  await grow(20);
  waiting ??= openAlertsThatWait();
  await waiting;
  const few = await send(2);
  expect(await send(20)).toBe(few);
  expect(few).toBeLessThanOrEqual(30);
});

it('the number of SQL statements for the noise of rules does not depend on the number of clusters', async () => {
  const asked = (first: number) =>
    `{ clusters(first: ${first}) { nodes { alertNoise { isCut rules { rule firings loudest { alertNumber node { label } } advice { kind } } } } } }`;
  const send = async (first: number) => {
    statements.length = 0;
    const { data, errors } = await api.ask(token, asked(first));
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data).split('"loudest":{"alertNumber"').length - 1).toBe(first);
    return statements.length;
  };
  await grow(20);
  waiting ??= openAlertsThatWait();
  await waiting;
  const few = await send(2);
  expect(await send(20)).toBe(few);
  expect(few).toBeLessThanOrEqual(8);
});

it('the number of SQL statements for what hides alerts does not depend on the number of clusters', async () => {
  const asked = (first: number) =>
    `{ clusters(first: ${first}) { nodes { alertHidings { kind name because byName node { label } alerts { number } } } } }`;
  const send = async (first: number) => {
    statements.length = 0;
    const { data, errors } = await api.ask(token, asked(first));
    expect(errors).toBeUndefined();
    const hiding = z.array(z.object({ kind: z.string(), byName: z.string().nullable() }));
    const shape = z.object({ clusters: z.object({ nodes: z.array(z.object({ alertHidings: hiding })) }) });
    for (const { alertHidings } of shape.parse(data).clusters.nodes)
      expect(alertHidings).toMatchObject([
        { kind: 'SILENCE' },
        { kind: 'RUN', byName: 'root' },
        { kind: 'STOPPED_NODE' },
        { kind: 'ALERT' },
      ]);
    return statements.length;
  };
  await grow(20);
  await hideAlerts();
  const few = await send(2);
  expect(await send(20)).toBe(few);
  expect(few).toBeLessThanOrEqual(10);
});

it('the number of SQL statements for what runs hid does not depend on the number of runs', async () => {
  const { db } = api.engine.ctx;
  const asked = (first: number) =>
    `{ runs(first: ${first}) { nodes { receipt { summary hidden isFinal openAlerts { number title } } } } }`;
  const send = async (first: number) => {
    statements.length = 0;
    const { data, errors } = await api.ask(token, asked(first));
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data).split('"hidden":1').length - 1).toBe(first);
    expect(JSON.stringify(data).split('"title":"It is down"').length - 1).toBe(first);
    return statements.length;
  };
  await grow(20);
  waiting ??= openAlertsThatWait();
  await waiting;
  await db
    .insertInto('hidden_by_run')
    .columns(['run_id', 'fingerprint', 'cluster_id', 'rule', 'labels', 'hidden_at', 'covered_at'])
    .expression(
      db
        .selectFrom('run')
        .innerJoin('alert', 'alert.cluster_id', 'run.cluster_id')
        .where('alert.open_fingerprint', 'is not', null)
        .select(['run.id', 'alert.open_fingerprint', 'run.cluster_id', 'alert.rule', 'alert.labels'])
        .select(['alert.opened_at', 'alert.opened_at as covered']),
    )
    .execute();
  const few = await send(2);
  expect(await send(20)).toBe(few);
  expect(few).toBeLessThanOrEqual(6);
});

/** On every cluster a run at work on a node, and a node that was stopped; and a silence of everything. */
async function hideAlerts(): Promise<void> {
  const { db } = api.engine.ctx;
  const until = new Date(Date.now() + 3_600_000);
  const matchers = { rule: null, severities: ['LOW' as const], labels: {} };
  const by = { actor: admin, requestId: null, approvalEnvironments: [] };
  await createSilence(db, { scope: all, matchers, until, reason: 'a test' }, by);
  const backends = await db
    .selectFrom('cluster_node')
    .innerJoin('run', 'run.cluster_id', 'cluster_node.cluster_id')
    .select(['cluster_node.id as node_id', 'run.id as run_id', 'run.number as number'])
    .where('kind', '=', 'BACKEND')
    .execute();
  await db.updateTable('run').set({ state: 'RUNNING' }).execute();
  for (const { node_id: id, run_id, number } of backends) {
    const about = { about_kind: 'node', about_id: id, effect: 'takes-away', state: 'applying' };
    await db.updateTable('run_step').set(about).where('run_id', '=', run_id).execute();
    const stopped = { stopped_run_id: run_id, stopped_run_number: number, stopped_by_name: 'kim' };
    await db
      .updateTable('cluster_node')
      .set({ ...stopped, stopped_at: databaseNow })
      .where('id', '=', id)
      .execute();
  }
}

/** Of every cluster an alert of `node_down` that waits to be told, with a route and a step that was carried out. */
async function openAlertsThatWait(): Promise<void> {
  const { db } = api.engine.ctx;
  const at = new Date();
  const clusters = await db.selectFrom('cluster').select(['id', 'name', 'environment']).execute();
  const by = { actor: systemActor, requestId: null };
  const { id: personId } = await addPerson(db, 'pia', by);
  const routing = {
    actor: admin,
    requestId: null,
    approvalEnvironments: [],
    defaultChannel: null,
    linkedNames: ['pia'],
  };
  const rotation = { name: 'dba', scope: all, personIds: [personId], startsAt: '2026-01-05T09:00', timeZone: 'UTC' };
  await setRotation(db, { ...rotation, shiftHours: 168, reason: 'a test' }, routing);
  const definition = {
    ...{ channel: null, secondChannel: 'C0SECOND', fallbackChannel: null, rotation: 'dba', userGroup: 'S0GROUP' },
    ...{ managerGroup: null, webhook: null, workingHours: null },
  };
  await setRoute(db, { scope: all, leastSeverity: 'MEDIUM', definition, reason: 'a test' }, routing);
  for (const [index, cluster] of clusters.entries()) {
    const condition: Condition = {
      ...{ fingerprint: String(index).padStart(64, '0'), rule: 'node_down', severity: 'HIGH', nodeId: null },
      ...{ labels: {}, startedAt: null, title: 'It is down', pastTitle: 'It was down', text: ['Down'] },
      ...{ forMs: 0, minSamples: 1 },
    };
    const alertId = await inTransaction(db, (tx) =>
      insertAlert(tx, { cluster, condition, since: at, at, mute: { kind: 'NONE' } }),
    );
    await db
      .insertInto('alert_delivery')
      .values({ alert_id: alertId, channel: 'C0ALERTS', severity: 'HIGH', family: 'nodes', waits_since: at })
      .execute();
    await db
      .insertInto('escalation_step')
      .values({
        ...{
          id: newId('esc'),
          alert_id: alertId,
          episode: 1,
          severity: 'CRITICAL',
          step: 0,
          from_step: 0,
          kind: 'FIRST',
        },
        ...{ revision: 1, at, told: '[]', missing: '[]' },
      })
      .execute();
  }
}
