import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Condition } from '../../src/domain/alert-life.ts';
import { newId } from '../../src/ids.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { databaseNow, inTransaction } from '../../src/store/database.ts';
import { packLook, writeLook } from '../../src/store/metrics/write-measured.ts';
import { type Api, as, startApi } from '../helpers/api.ts';
import { lookedAt } from '../helpers/looked-at.ts';

let api: Api;
let root: string;
let viewer: string;
let clusterId: string;
let nodeId: string;

const now = Date.now() - (Date.now() % 60_000);

beforeAll(async () => {
  api = await startApi();
  root = await api.login('root', as.admin);
  viewer = await api.login('vera', as.viewer);
  clusterId = await api.engine.addCluster('rules-prod', 'prod');
  nodeId = newId('nod');
  const node = { id: nodeId, cluster_id: clusterId, kind: 'BACKEND', host: '10.0.0.11', port: 9050, alive: 1 };
  await api.engine.ctx.db
    .insertInto('cluster_node')
    .values({ ...node, decommissioning: 0, observed_at: databaseNow })
    .execute();
  for (const [minutes, value] of [0.9, 0.9, 0.9, 0.9, 0.5, 0.7].entries()) {
    const at = new Date(now - (30 - minutes) * 60_000);
    const measurements = [{ metric: 'disk_used_share', subject: { nodeId, path: '/data1' }, value }];
    const look = await packLook({ at, measurements }, {});
    await inTransaction(api.engine.ctx.db, (tx) => writeLook(tx, { clusterId, at, look }));
  }
  await lookedAt(api.engine.ctx.db, { clusterId, at: new Date(now - 25 * 60_000), dueInMs: 60_000 });
});
afterAll(() => api?.close());

async function change(token: string, mutation: string, input: Record<string, unknown>) {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
  const member =
    mutation === 'createAlertRule' || mutation === 'removeAlertRule'
      ? 'rule { name }'
      : 'override { id isOff threshold clear }';
  const { data, errors } = await api.ask(
    token,
    `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${member} userErrors { code path } } }`,
    { input },
  );
  return errors === undefined ? data?.[mutation] : { stopped: errors[0]?.extensions?.code };
}

async function ruleOfCluster(name: string) {
  const { data, errors } = await api.ask(
    viewer,
    `query ($name: String) { cluster(name: "rules-prod") { alertRules(name: $name) {
      isOff threshold clear severity present distance standing values { words side } changedBy { byName reason } rule { family metric { name } runbook }
    } } }`,
    { name },
  );
  expect(errors).toBeUndefined();
  return data;
}

describe('the rules of a cluster', () => {
  it('show how near each is to an alert, while all is quiet', async () => {
    expect(await ruleOfCluster('disk_filling')).toMatchObject({
      cluster: {
        alertRules: [
          {
            ...{ isOff: false, threshold: 0.85, severity: 'HIGH', changedBy: [] },
            standing: 'QUIET',
            values: [{ words: '70 % of /data1 on be 10.0.0.11:9050, 15 % below 85 %', side: 'GOOD' }],
            present: '70 % of /data1 on be 10.0.0.11:9050, 15 % below 85 %',
            rule: { family: 'disks', metric: { name: 'disk_used_share' } },
          },
        ],
      },
    });
  });

  it('are changed and switched off with a reason, by who may, and all of it stays readable', async () => {
    const changed = { rule: 'disk_filling', clusterId, threshold: 0.9, reason: 'a big disk' };
    expect(await change(viewer, 'overrideAlertRule', changed)).toEqual({ stopped: 'FORBIDDEN' });
    expect(await change(root, 'overrideAlertRule', { ...changed, threshold: 90 })).toMatchObject({
      userErrors: [{ code: 'INVALID_INPUT', path: ['input', 'threshold'] }],
    });
    expect(await change(root, 'overrideAlertRule', changed)).toMatchObject({
      override: { threshold: 0.9, clear: 0.88 },
      userErrors: [],
    });
    const disabled = await change(root, 'disableAlertRule', { rule: 'disk_filling', clusterId, reason: 'being moved' });
    expect(disabled).toMatchObject({ override: { isOff: true }, userErrors: [] });
    expect(await ruleOfCluster('disk_filling')).toMatchObject({
      cluster: {
        alertRules: [{ isOff: true, present: 'the rule was switched off by root: being moved', threshold: 0.85 }],
      },
    });
    const { data } = await api.ask(viewer, '{ alertRules { name overrides(past: true) { reason endedReason } } }');
    expect(data?.alertRules).toContainEqual({
      name: 'disk_filling',
      overrides: [
        { reason: 'being moved', endedReason: null },
        { reason: 'a big disk', endedReason: 'another one took its place' },
      ],
    });
    const audited = await api.engine.ctx.db
      .selectFrom('audit_event')
      .selectAll()
      .where('subject', '=', 'disk_filling')
      .execute();
    expect(audited.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['overrideAlertRule', 'DONE'],
      ['disableAlertRule', 'DONE'],
    ]);
  });

  it('stay as strict as they are about losing the cluster, where runs need approval', async () => {
    const guarded = { rule: 'no_leader', reason: 'too loud' };
    const refused = { override: null, userErrors: [{ code: 'PRECONDITION_FAILED' }] };
    expect(await change(root, 'disableAlertRule', guarded)).toMatchObject(refused);
    expect(await change(root, 'disableAlertRule', { ...guarded, clusterId })).toMatchObject(refused);
    expect(await change(root, 'overrideAlertRule', { ...guarded, clusterId, severity: 'LOW' })).toMatchObject(refused);
    // What is CRITICAL needs two persons to be silenced there: one alone does not switch it off.
    const critical = { rule: 'node_down', reason: 'too loud', clusterId };
    expect(await change(root, 'disableAlertRule', critical)).toMatchObject(refused);
    expect(await change(root, 'overrideAlertRule', { ...critical, severity: 'LOW' })).toMatchObject(refused);
    expect(await change(root, 'overrideAlertRule', { ...critical, forSeconds: 60 })).toMatchObject({ userErrors: [] });
  });

  it('are joined by rules of your own, until these are removed', async () => {
    const own = {
      name: 'own_disk',
      title: 'Disk',
      metric: 'disk_used_share',
      threshold: 0.6,
      severity: 'LOW',
      clusterId,
      reason: 'a try',
    };
    expect(await change(root, 'createAlertRule', own)).toMatchObject({ rule: { name: 'own_disk' }, userErrors: [] });
    expect(await change(root, 'createAlertRule', own)).toMatchObject({ userErrors: [{ code: 'ALREADY_EXISTS' }] });
    expect(await ruleOfCluster('own_disk')).toMatchObject({ cluster: { alertRules: [{ rule: { family: 'own' } }] } });
    const removed = await change(root, 'removeAlertRule', { name: 'own_disk', reason: 'a try' });
    expect(removed).toMatchObject({ rule: { name: 'own_disk' }, userErrors: [] });
    expect(await ruleOfCluster('own_disk')).toEqual({ cluster: { alertRules: [] } });
    // What was changed of it has gone with it: another rule under this name begins as it was asked for.
    await change(root, 'createAlertRule', own);
    await change(root, 'disableAlertRule', { rule: 'own_disk', clusterId, reason: 'a try' });
    await change(root, 'removeAlertRule', { name: 'own_disk', reason: 'a try' });
    await change(root, 'createAlertRule', own);
    expect(await ruleOfCluster('own_disk')).toMatchObject({ cluster: { alertRules: [{ isOff: false }] } });
    await change(root, 'removeAlertRule', { name: 'own_disk', reason: 'a try' });
  });
});

it('tries a rule out on the past, and says what was not known', async () => {
  const { data, errors } = await api.ask(
    viewer,
    'query ($input: TestAlertRuleInput!) { testAlertRule(input: $input) { summary count stepSeconds unknownSteps firings { title since until } } }',
    {
      input: {
        clusterId,
        metric: 'disk_used_share',
        threshold: 0.85,
        forSeconds: 0,
        from: new Date(now - 30 * 60_000).toISOString(),
        to: new Date(now).toISOString(),
      },
    },
  );
  expect(errors).toBeUndefined();
  const at = (minutes: number) => new Date(now - (30 - minutes) * 60_000).toISOString();
  expect(data?.testAlertRule).toMatchObject({
    count: 1,
    stepSeconds: 15,
    unknownSteps: 114,
    firings: [{ since: at(0), until: at(4) }],
  });
});

it('tries a rule out as it holds here, on nodes of which something else is said too', async () => {
  const count = async (input: object) => {
    const { data } = await api.ask(
      viewer,
      'query ($input: TestAlertRuleInput!) { testAlertRule(input: $input) { count } }',
      {
        input: {
          ...{ clusterId, rule: 'disk_filling', threshold: 0.85, forSeconds: 0, ...input },
          ...{ from: new Date(now - 30 * 60_000).toISOString(), to: new Date(now).toISOString() },
        },
      },
    );
    return z.object({ testAlertRule: z.object({ count: z.number() }) }).parse(data).testAlertRule.count;
  };
  expect(await count({})).toBe(1);
  const there = { rule: 'disk_filling', clusterId, nodeId, reason: 'its disk is huge' };
  await change(root, 'overrideAlertRule', { ...there, threshold: 0.99 });
  expect(await count({})).toBe(0);
  await change(root, 'disableAlertRule', there);
  expect(await count({ threshold: 0.1 })).toBe(0);
});

it('says which changes count no more, and why', async () => {
  const { db } = api.engine.ctx;
  const leaves = newId('nod');
  const node = { id: leaves, cluster_id: clusterId, kind: 'BACKEND', host: '10.0.0.19', port: 9050, alive: 1 };
  await db
    .insertInto('cluster_node')
    .values({ ...node, decommissioning: 0, observed_at: databaseNow })
    .execute();
  const wanted = { rule: 'memory_high', clusterId, nodeId: leaves, reason: 'it is small', threshold: 0.95 };
  expect(await change(root, 'overrideAlertRule', wanted)).toMatchObject({ userErrors: [] });
  const asked = async () => {
    const { data, errors } = await api.ask(
      root,
      `{ alertRules { name overrides { isInForce notInForceBecause } }
         cluster(name: "rules-prod") { alertRules(name: "memory_high") { notInForce { reason notInForceBecause } } } }`,
    );
    expect(errors).toBeUndefined();
    return data;
  };
  const rules = (override: object) => expect.arrayContaining([{ name: 'memory_high', overrides: [override] }]);
  expect(await asked()).toMatchObject({
    alertRules: rules({ isInForce: true, notInForceBecause: null }),
    cluster: { alertRules: [{ notInForce: [] }] },
  });
  await db.deleteFrom('cluster_node').where('id', '=', leaves).execute();
  const notInForceBecause = 'its node has left the cluster';
  expect(await asked()).toMatchObject({
    alertRules: rules({ isInForce: false, notInForceBecause }),
    cluster: { alertRules: [{ notInForce: [{ reason: 'it is small', notInForceBecause }] }] },
  });
});

it('says why a rule is quiet and why an alert is told, and to who may not see the cluster what it says of one that there is not', async () => {
  const { db } = api.engine.ctx;
  const why = 'isCalled decision { kind } findings { kind words }';
  const query = `query ($id: ID!) { cluster(id: $id) { whyNot(rule: "disk_filling") { ${why} } } }`;
  await lookedAt(db, { clusterId, at: new Date(), dueInMs: 60_000 });
  const asked = await api.ask(viewer, query, { id: clusterId });
  expect(asked.errors).toBeUndefined();
  expect(asked.data).toMatchObject({ cluster: { whyNot: { isCalled: false, decision: { kind: 'SWITCHED_OFF' } } } });
  const unknown = await api.ask(viewer, query.replace('"disk_filling"', '"disk_filling", nodeId: "nod_NONE"'), {
    id: clusterId,
  });
  expect(unknown.errors?.[0]?.extensions?.code).toBe('NOT_FOUND');

  const cluster = { id: clusterId, name: 'rules-prod', environment: 'prod' };
  const condition: Condition = {
    ...{ fingerprint: 'f'.repeat(64), rule: 'node_down', severity: 'CRITICAL', nodeId, labels: {}, startedAt: null },
    ...{ title: 'It is down', pastTitle: 'It was down', text: ['Down since ', '.'], forMs: 0, minSamples: 1 },
  };
  const at = new Date();
  const id = await inTransaction(db, (tx) =>
    insertAlert(tx, { cluster, condition, since: at, at, mute: { kind: 'NONE' } }),
  );
  const told = `query ($id: ID!) { alert(id: $id) { why { ${why} } } }`;
  expect((await api.ask(viewer, told, { id })).data).toMatchObject({
    alert: { why: { isCalled: false, decision: { kind: 'DELIVERY' } } },
  });

  const stranger = await api.login('stranger', { role: 'VIEWER', scope: { kind: 'environment', environment: 'dev' } });
  const [hidden, none] = [
    await api.ask(stranger, query, { id: clusterId }),
    await api.ask(stranger, query, { id: 'clu_NONE' }),
  ];
  expect([hidden.data, hidden.errors]).toEqual([none.data, none.errors]);
  expect(hidden.data).toEqual({ cluster: null });
  expect((await api.ask(stranger, told, { id })).data).toEqual({ alert: null });
  const silenced = await api.ask(
    root,
    `mutation ($input: CreateSilenceInput!) { createSilence(input: $input) { silence { id } userErrors { code } } }`,
    {
      input: {
        matchers: { clusterId, rule: 'disk_filling' },
        reason: 'a move',
        until: new Date(Date.now() + 3_600_000).toISOString(),
      },
    },
  );
  expect(silenced.errors).toBeUndefined();
  expect(silenced.data?.createSilence).toMatchObject({ userErrors: [] });
  const lists = '{ silences { reason } alertRules { name overrides(past: true) { reason } } }';
  const seen = async (token: string) => JSON.stringify((await api.ask(token, lists)).data);
  expect(await seen(viewer)).toMatch(/a move.*being moved/);
  expect(await seen(stranger)).not.toMatch(/a move|being moved|a big disk/);
});
