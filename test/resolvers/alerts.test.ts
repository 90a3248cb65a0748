import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertFingerprint } from '../../src/domain/alert.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { inTransaction } from '../../src/store/database.ts';
import { type Api, as, startApi } from '../helpers/api.ts';

let api: Api;
let operator: string;
const at = new Date('2026-11-20T03:04:05.678Z');
beforeAll(async () => {
  api = await startApi();
  operator = await api.login('otto', as.operator);
});
afterAll(() => api?.close());

async function openAlert(clusterName: string, environment = 'dev'): Promise<{ id: string; clusterId: string }> {
  const clusterId = await api.engine.addCluster(clusterName, environment);
  const labels = { node: 'be 10.0.0.11:9050' };
  const condition = {
    rule: 'node_down',
    severity: 'CRITICAL',
    nodeId: null,
    labels,
    title: 'be 10.0.0.11:9050 is down',
    pastTitle: 'be 10.0.0.11:9050 was down',
    fingerprint: alertFingerprint({ clusterId, rule: 'node_down', labels }),
    text: ['No heartbeats.'],
    startedAt: null,
    forMs: 0,
    minSamples: 1,
  } as const;
  const id = await inTransaction(api.engine.ctx.db, (tx) =>
    insertAlert(tx, {
      cluster: { id: clusterId, name: clusterName, environment },
      condition,
      since: at,
      mute: { kind: 'NONE' },
      at,
    }),
  );
  return { id, clusterId };
}

const acknowledge = `mutation ($id: ID!, $minutes: Int, $comment: String) { acknowledgeAlert(id: $id, forMinutes: $minutes, comment: $comment) {
  alert { state acknowledgedBy { name } acknowledgedAt acknowledgedUntil revision events { type message actor { name } } } userErrors { code message } } }`;
const unacknowledge =
  'mutation ($id: ID!) { unacknowledgeAlert(id: $id) { alert { state acknowledgedBy { name } } userErrors { code } } }';

it('an open alert stands with its cluster, in the list, by number and by id', async () => {
  const { id, clusterId } = await openAlert('with-alert');
  const { data } = await api.ask(
    operator,
    `query ($id: ID!, $cluster: ID!) {
      cluster(id: $cluster) { openAlerts { id title } }
      alerts(filter: { clusterId: $cluster, open: true, severities: [CRITICAL] }) { nodes { id rule severity state cluster { name } clusterName openedAt since resolvedAt flaps acknowledgedBy { name } inhibitedBy node { label } text delivery { state channel waitingSince toldAt error } } }
      untold: alerts(filter: { clusterId: $cluster, untold: true }) { nodes { id } }
      resolved: alerts(filter: { clusterId: $cluster, open: false }) { nodes { id } }
      node(id: $id) { ... on Alert { number } }
    }`,
    { id, cluster: clusterId },
  );
  expect(data).toMatchObject({
    cluster: { openAlerts: [{ id, title: 'be 10.0.0.11:9050 is down' }] },
    alerts: {
      nodes: [
        {
          id,
          rule: 'node_down',
          severity: 'CRITICAL',
          state: 'FIRING',
          cluster: { name: 'with-alert' },
          openedAt: at.toISOString(),
          resolvedAt: null,
          flaps: 0,
          acknowledgedBy: null,
          inhibitedBy: null,
          node: null,
          text: 'No heartbeats.',
          delivery: { state: 'NOWHERE', channel: null, waitingSince: expect.any(String), toldAt: null, error: null },
        },
      ],
    },
    untold: { nodes: [{ id }] },
    resolved: { nodes: [] },
    node: { number: expect.any(Number) },
  });
});

it('is taken by one person for a while, refused to the next, and given back', async () => {
  const { id } = await openAlert('to-take');
  const heard: string[] = [];
  const stop = api.engine.ctx.doorbell.onChanged((topic) => heard.push(topic));
  const taken = await api.ask(operator, acknowledge, { id, minutes: 30, comment: 'on it' });
  expect(taken.data?.acknowledgeAlert).toMatchObject({
    alert: {
      state: 'ACKED',
      acknowledgedBy: { name: 'otto' },
      revision: 2,
      events: [
        { type: 'OPENED', actor: null },
        { type: 'ACKED', message: expect.stringContaining('on it'), actor: { name: 'otto' } },
      ],
    },
    userErrors: [],
  });
  const other = await api.login('other', as.approver);
  expect((await api.ask(other, acknowledge, { id })).data?.acknowledgeAlert).toMatchObject({
    alert: null,
    userErrors: [{ code: 'PRECONDITION_FAILED' }],
  });
  expect((await api.ask(other, unacknowledge, { id })).data?.unacknowledgeAlert).toEqual({
    alert: { state: 'FIRING', acknowledgedBy: null },
    userErrors: [],
  });
  await expect.poll(() => heard).toContain(`alert:${id}`);
  stop();
});

it.each([
  ['for no time', { minutes: 0 }, 'INVALID_INPUT'],
  ['for ever', { minutes: 1_000_000 }, 'INVALID_INPUT'],
  ['with a novel for a comment', { comment: 'x'.repeat(2_000) }, 'INVALID_INPUT'],
])('is not taken %s', async (_what, more, code) => {
  const { id } = await openAlert(`not-${Object.values(more)[0]}`.slice(0, 30));
  expect((await api.ask(operator, acknowledge, { id, ...more })).data?.acknowledgeAlert).toMatchObject({
    alert: null,
    userErrors: [{ code }],
  });
});

it('may not be taken by who only looks, and is not there for who may not see its cluster', async () => {
  const { id } = await openAlert('prod-alert', 'prod');
  const viewer = await api.login('vic', as.viewer);
  expect((await api.ask(viewer, acknowledge, { id })).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  const outsider = await api.login('outsider', { role: 'ADMIN', scope: { kind: 'environment', environment: 'dev' } });
  expect((await api.ask(outsider, acknowledge, { id })).data?.acknowledgeAlert).toMatchObject({
    alert: null,
    userErrors: [{ code: 'NOT_FOUND' }],
  });
  const seen = await api.ask(
    outsider,
    'query ($id: ID!) { node(id: $id) { id } alerts(first: 100) { nodes { clusterName } } }',
    { id },
  );
  expect(seen.data?.node).toBeNull();
  expect(seen.text).not.toContain('prod-alert');
});

it('a cluster shows its recent looks, newest first', async () => {
  const clusterId = await api.engine.addCluster('looked-at');
  const look = (fence: number, alive: number, problem: string | null) => ({
    cluster_id: clusterId,
    fence,
    at: new Date(at.getTime() + fence * 1_000),
    duration_ms: 12,
    ok: problem === null ? 1 : 0,
    alive,
    total: 6,
    leader: null,
    problem,
  });
  await api.engine.ctx.db
    .insertInto('probe_sample')
    .values([look(1, 6, null), look(2, 0, 'no frontend answers'), look(3, 5, null)])
    .execute();
  const { data } = await api.ask(
    operator,
    'query ($id: ID!) { cluster(id: $id) { recentLooks(first: 2) { ok problem aliveNodes totalNodes durationMs } } }',
    { id: clusterId },
  );
  expect(data?.cluster).toEqual({
    recentLooks: [
      { ok: true, problem: null, aliveNodes: 5, totalNodes: 6, durationMs: 12 },
      { ok: false, problem: 'no frontend answers', aliveNodes: 0, totalNodes: 6, durationMs: 12 },
    ],
  });
});
