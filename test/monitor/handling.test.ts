import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor, Scope } from '../../src/domain/access.ts';
import type { Alert } from '../../src/domain/alert.ts';
import { defaultAlertTimes } from '../../src/domain/alert-life.ts';
import { rules } from '../../src/monitor/rules/index.ts';
import { acknowledgeAlert, unacknowledgeAlert } from '../../src/store/alerts/alert-handling.ts';
import { findAlert } from '../../src/store/alerts/alerts.ts';
import { claimProbe } from '../../src/store/probes/probes.ts';
import { recordSample } from '../../src/store/probes/record-sample.ts';
import {
  type AlertListFilter,
  eventsOfAlerts,
  findVisibleAlert,
  listAlerts,
  listAlertsChangedSince,
} from '../../src/store/reads/alerts.ts';
import { type Visibility, visibilityOf } from '../../src/store/reads/visibility.ts';
import { admin, type Engine, operator, person, startEngine } from '../helpers/engine.ts';

let engine: Engine;
let clusterId: string;
let alert: Alert;
let made = 0;
const topics: string[] = [];
const changed = (topic: string) => topics.push(topic);
const visibility = 'everywhere';

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(async () => {
  await engine?.close();
});

beforeEach(async () => {
  made += 1;
  topics.length = 0;
  clusterId = await engine.addCluster(`cluster-${made}`, made % 2 === 0 ? 'prod' : 'dev');
  await sampleOf(clusterId, { isDown: true });
  const [opened] = await listAlerts(engine.ctx.db, {
    visibility,
    filter: { clusterId },
    page: { limit: 1, after: null },
  });
  if (opened === undefined) throw new Error('no alert was opened');
  alert = opened;
});

/** A look that finds one backend down, or well. */
async function sampleOf(id: string, { isDown, off }: { isDown: boolean; off?: string }) {
  const { db } = engine.ctx;
  const claim = await claimProbe(db, { clusterId: id, holder: 'me', claimMs: 10_000, nextInMs: 0 });
  if (claim === null) throw new Error('the look is not due');
  const condition = {
    fingerprint: id.slice(-26).padEnd(64, '0'),
    rule: 'node_down',
    severity: 'CRITICAL',
    nodeId: null,
    labels: { node: 'be 10.0.0.11:9050' },
    title: 'be 10.0.0.11:9050 is down',
    pastTitle: 'be 10.0.0.11:9050 was down',
    text: ['It is not alive.'],
    startedAt: null,
    forMs: 0,
    minSamples: 1,
  } as const;
  const switchedOff = off === undefined ? {} : { switchedOff: [{ rule: 'node_down', because: () => off }] };
  const sample = { conditions: isDown ? [condition] : [], unjudged: [], plannedWork: [], ...switchedOff };
  const outcome = { durationMs: 5, ok: true, problem: null, leader: null, nodes: [], sample };
  return recordSample(db, { claim, outcome, look: null, policy: { times: defaultAlertTimes, rules } });
}

it('keeps by whose word an alert ended whose rule was switched off, until a look finds it again', async () => {
  const off = 'the rule was switched off by kim: a test';
  await sampleOf(clusterId, { isDown: false, off });
  expect(await findAlert(engine.ctx.db, alert.id)).toMatchObject({ signal: 'RESOLVED', switchedOff: off });
  await sampleOf(clusterId, { isDown: true });
  const again = await findAlert(engine.ctx.db, alert.id);
  expect(again).toMatchObject({ signal: 'FIRING' });
  expect(again).not.toHaveProperty('switchedOff');
});

const outsider: Actor = {
  id: 'per_eve',
  name: 'eve',
  via: 'API',
  bindings: [{ role: 'ADMIN', scope: { kind: 'cluster', clusterId: 'clu_other' } }],
};

function audit() {
  return engine.ctx.db
    .selectFrom('audit_event')
    .select(['action', 'actor_name', 'outcome', 'subject', 'detail'])
    .where('cluster_id', '=', clusterId)
    .execute();
}

describe('acknowledging an alert', () => {
  it('says who has it and until when, as an event, an audit row, a new revision and a word to watchers', async () => {
    const acked = await acknowledgeAlert(engine.ctx.db, {
      alertId: alert.id,
      actor: operator,
      comment: 'on it',
      changed,
    });
    expect(acked).toMatchObject({
      revision: 2,
      handling: { kind: 'ACKED', byId: operator.id, byName: 'kim', reminded: false },
    });
    if (acked.handling.kind !== 'ACKED') throw new Error('it is not acknowledged');
    expect(acked.handling.until.getTime() - acked.handling.at.getTime()).toBe(3_600_000);
    const events = await eventsOfAlerts(engine.ctx.db, { alertIds: [alert.id], limit: 10 });
    expect(events.map(({ type, revision, actorName }) => [type, revision, actorName])).toEqual([
      ['OPENED', 1, null],
      ['ACKED', 2, 'kim'],
    ]);
    expect(events[1]?.message).toBe('kim took it for 60 min: on it');
    expect(await eventsOfAlerts(engine.ctx.db, { alertIds: [alert.id], limit: 1 })).toEqual([events[1]]);
    expect(await audit()).toEqual([
      {
        action: 'acknowledgeAlert',
        actor_name: 'kim',
        outcome: 'DONE',
        subject: `A-${alert.number}`,
        detail: '{"comment":"on it"}',
      },
    ]);
    expect(topics).toEqual([`alert:${alert.id}`]);
  });

  it('changes nothing when the same person does it twice, unless a time is given', async () => {
    const first = await acknowledgeAlert(engine.ctx.db, { alertId: alert.id, actor: operator, changed });
    expect(await acknowledgeAlert(engine.ctx.db, { alertId: alert.id, actor: operator, changed })).toEqual(first);
    const longer = await acknowledgeAlert(engine.ctx.db, {
      alertId: alert.id,
      actor: operator,
      forMs: 7_200_000,
      changed,
    });
    expect(longer.revision).toBe(3);
    expect(topics).toHaveLength(2);
  });

  it('lets one of two people have it, and tells the other who', async () => {
    const both = await Promise.allSettled(
      [operator, admin].map((actor) => acknowledgeAlert(engine.ctx.db, { alertId: alert.id, actor, changed })),
    );
    expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = both.find((result) => result.status === 'rejected');
    expect(refused?.reason).toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringMatching(/acknowledged by (kim|ana) \d+ s ago/),
    });
  });

  it.each([
    ['a person who may only look', person('vic', 'VIEWER'), 'FORBIDDEN'],
    ['a person who may not see the cluster', outsider, 'NOT_FOUND'],
  ])('refuses %s', async (_name, actor, code) => {
    await expect(acknowledgeAlert(engine.ctx.db, { alertId: alert.id, actor, changed })).rejects.toMatchObject({
      code,
    });
    expect(await findAlert(engine.ctx.db, alert.id)).toEqual(alert);
    expect((await audit()).map((row) => row.outcome)).toEqual(code === 'FORBIDDEN' ? ['FORBIDDEN'] : []);
  });

  it.each([0, -1, Number.NaN, 8 * 24 * 3_600_000])('refuses a time of %d ms', async (forMs) => {
    const request = { alertId: alert.id, actor: operator, forMs, changed };
    await expect(acknowledgeAlert(engine.ctx.db, request)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('refuses an alert that is resolved, and one that there is not', async () => {
    await sampleOf(clusterId, { isDown: false });
    const request = { alertId: alert.id, actor: operator, changed };
    await expect(acknowledgeAlert(engine.ctx.db, request)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await expect(acknowledgeAlert(engine.ctx.db, { ...request, alertId: 'alr_no' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('can be taken back, by somebody else too, and then be done again', async () => {
    await acknowledgeAlert(engine.ctx.db, { alertId: alert.id, actor: operator, changed });
    const back = await unacknowledgeAlert(engine.ctx.db, { alertId: alert.id, actor: admin, changed });
    expect(back).toMatchObject({ handling: { kind: 'UNACKED' }, revision: 3 });
    expect(await unacknowledgeAlert(engine.ctx.db, { alertId: alert.id, actor: admin, changed })).toEqual(back);
    const again = await acknowledgeAlert(engine.ctx.db, { alertId: alert.id, actor: admin, changed });
    expect(again.handling).toMatchObject({ kind: 'ACKED', byName: 'ana' });
    expect((await audit()).map((row) => row.action)).toEqual([
      'acknowledgeAlert',
      'unacknowledgeAlert',
      'acknowledgeAlert',
    ]);
  });

  it('survives samples that come meanwhile', async () => {
    const work = [...Array(10).keys()].map((index) =>
      index % 2 === 0
        ? sampleOf(clusterId, { isDown: true }).catch(() => null) // not due: another one is at it
        : acknowledgeAlert(engine.ctx.db, { alertId: alert.id, actor: operator, forMs: 60_000 * (index + 1), changed }),
    );
    await Promise.all(work);
    const after = await findAlert(engine.ctx.db, alert.id);
    expect(after).toMatchObject({ handling: { kind: 'ACKED' }, revision: 6 });
    expect(after?.count).toBeGreaterThan(1);
    const events = await eventsOfAlerts(engine.ctx.db, { alertIds: [alert.id], limit: 20 });
    expect(events.map((event) => event.revision)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('the list of alerts', () => {
  it('can be asked by number, cluster, state, severity, and page by page', async () => {
    const { db } = engine.ctx;
    const list = (filter: AlertListFilter, after: number | null = null) =>
      listAlerts(db, { visibility, filter, page: { limit: 10, after: after === null ? null : { number: after } } });
    const numbers = async (filter: AlertListFilter) =>
      (await list({ clusterId, ...filter })).map((found) => found.number);
    expect((await findVisibleAlert(db, { visibility, number: alert.number }))?.id).toBe(alert.id);
    expect(await findVisibleAlert(db, { visibility, number: 999_999 })).toBeNull();
    expect(await numbers({ open: true, severities: ['CRITICAL'], signals: ['FIRING'] })).toEqual([alert.number]);
    expect(await numbers({ open: false })).toEqual([]);
    expect(await numbers({ severities: [] })).toEqual([]);
    expect(await numbers({ signals: [] })).toEqual([]);
    expect(await list({ clusterId }, alert.number)).toEqual([]);
    const [newest, second] = await list({});
    expect(newest?.id).toBe(alert.id);
    expect((await list({}, newest?.number ?? 0))[0]?.id).toBe(second?.id);
  });

  it('shows what the roles of the asker cover', async () => {
    const { db } = engine.ctx;
    const seen = async (scopes: readonly Scope[]) => {
      const bindings = scopes.map((scope) => ({ role: 'VIEWER', scope }) as const);
      const visible: Visibility = visibilityOf({ ...operator, bindings }, 'cluster:read');
      const found = await listAlerts(db, { visibility: visible, filter: {}, page: { limit: 100, after: null } });
      return found.map(({ environment }) => environment);
    };
    const all = await seen([{ kind: 'all' }]);
    expect(new Set(all)).toEqual(new Set(['dev', 'prod']));
    expect(new Set(await seen([{ kind: 'environment', environment: 'prod' }]))).toEqual(new Set(['prod']));
    expect(await seen([{ kind: 'cluster', clusterId }])).toHaveLength(1);
    expect(await seen([{ kind: 'cluster', clusterId }, { kind: 'all' }])).toEqual(all);
    expect(await seen([])).toEqual([]);
  });

  it('tells what changed since a time', async () => {
    const { db } = engine.ctx;
    await acknowledgeAlert(db, { alertId: alert.id, actor: operator, changed });
    const now = await findAlert(db, alert.id);
    if (now === null) throw new Error('the alert is gone');
    const which = { visibility, clusterId: null, limit: 10 } as const;
    expect(await listAlertsChangedSince(db, { ...which, since: now.changedAt })).toEqual([now]);
    expect(await listAlertsChangedSince(db, { ...which, since: new Date(now.changedAt.getTime() + 1) })).toEqual([]);
  });
});
