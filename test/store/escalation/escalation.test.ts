import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sendWebhook } from '../../../src/adapters/http/send-webhook.ts';
import { whyNoWebhook } from '../../../src/domain/alert-route.ts';
import { callWebhook } from '../../../src/monitor/escalate.ts';
import { addPerson } from '../../../src/store/access/people.ts';
import { acknowledgeAlert } from '../../../src/store/alerts/alert-handling.ts';
import { findAlert, insertAlert, writeAlertChange } from '../../../src/store/alerts/alerts.ts';
import { inTransaction, readDatabaseTime } from '../../../src/store/database.ts';
import { advanceEscalation, listDueEscalations, wakeEscalations } from '../../../src/store/escalation/advance.ts';
import { claimWebhook, listDueWebhooks } from '../../../src/store/escalation/deliveries.ts';
import { escalateNow } from '../../../src/store/escalation/escalate-now.ts';
import { overrideOnCall } from '../../../src/store/escalation/on-call-overrides.ts';
import { removeRotation, setRotation } from '../../../src/store/escalation/rotations.ts';
import { removeRoute, setRoute } from '../../../src/store/escalation/routes.ts';
import { eventsOfAlerts } from '../../../src/store/reads/alerts.ts';
import { callsOnGroup, deliveriesOfSteps, stepsOfAlerts } from '../../../src/store/reads/escalations.ts';
import { insertCard } from '../../../src/store/slack/slack-cards.ts';
import { insertLine } from '../../../src/store/slack/slack-lines.ts';
import { admin, type Engine, operator, startEngine, systemActor } from '../../helpers/engine.ts';
import { createVirtualClock } from '../../helpers/virtual-clock.ts';

const clock = createVirtualClock();
const all = { kind: 'all' } as const;
let engine: Engine;
let clusterId: string;
let persons: string[];
let made = 0;

beforeAll(async () => {
  engine = await startEngine({ plugins: [clock.plugin], env: { STARWARDEN_CRED_HOOK: 'a key for calls' } });
  clusterId = await engine.addCluster('prod-eu', 'prod');
  const by = { actor: systemActor, requestId: null };
  persons = [];
  for (const name of ['pia', 'quin']) persons.push((await addPerson(engine.ctx.db, name, by)).id);
});
afterAll(() => engine?.close());

const by = (actor = admin, defaultChannel: string | null = 'C0DEFAULT') => ({
  ...{ actor, requestId: null, approvalEnvironments: ['prod'], defaultChannel, linkedNames: ['pia', 'quin'] },
});
const bare = {
  ...{ channel: null, secondChannel: null, fallbackChannel: null, rotation: null, userGroup: null },
  ...{ managerGroup: null, webhook: null, workingHours: null },
};
const rotation = () => ({
  ...{ name: 'dba', scope: all, personIds: persons, startsAt: '2026-01-05T09:00', timeZone: 'UTC', shiftHours: 168 },
  reason: 'the people who know it',
});
const route = (definition: object = {}) => ({
  ...{ scope: all, leastSeverity: 'MEDIUM' as const, reason: 'somebody has to come' },
  definition: { ...bare, rotation: 'dba', userGroup: 'S0GROUP', secondChannel: 'C0SECOND', ...definition },
});

beforeEach(async () => {
  const { db } = engine.ctx;
  for (const table of ['escalation', 'escalation_step', 'escalation_delivery', 'alert_route'] as const)
    await db.deleteFrom(table).execute();
  await db.deleteFrom('on_call_rotation').execute();
  await db.deleteFrom('on_call_override').execute();
  await db.deleteFrom('alert').execute();
});

async function open(severity: 'CRITICAL' | 'HIGH' = 'CRITICAL'): Promise<string> {
  const { db } = engine.ctx;
  made += 1;
  const condition = {
    ...{ fingerprint: String(made).padStart(64, '0'), rule: 'node_down', severity, nodeId: null, labels: {} },
    ...{ title: 'be is down', pastTitle: 'be was down', text: ['down'], startedAt: null, forMs: 0, minSamples: 1 },
  };
  const cluster = { id: clusterId, name: 'prod-eu', environment: 'prod' };
  return inTransaction(db, async (tx) => {
    const at = await readDatabaseTime(tx);
    return insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at });
  });
}

const linkedNames = ['pia', 'quin'];
const turn = async (holder = 'one') => {
  const { db } = engine.ctx;
  await wakeEscalations(db);
  for (const id of await listDueEscalations(db, 10)) await advanceEscalation(db, id, { holder, linkedNames });
};
const pass = (minutes: number) => clock.moveTo(new Date(clock.now().getTime() + minutes * 60_000));
const happened = async (id: string) =>
  (await eventsOfAlerts(engine.ctx.db, { alertIds: [id], limit: 100 }))
    .filter(({ type }) => type !== 'OPENED')
    .map(({ type, message }) => `${type} ${message}`);

describe('an alert that nobody takes', () => {
  it('is escalated by the clock of the database, each step once, whoever looks and however often', async () => {
    const { db } = engine.ctx;
    await setRotation(db, rotation(), by());
    await setRoute(db, route({ managerGroup: 'S0BOSS' }), by());
    const id = await open();
    await turn();
    await turn();
    expect(await happened(id)).toEqual([expect.stringMatching(/^CALLED Called (pia|quin) \(on call\)$/)]);
    pass(1.1);
    // Slack never confirmed it. Two look at the same time: one of them finds nothing to do.
    await Promise.all([turn('one'), turn('two'), turn('three')]);
    expect((await happened(id)).slice(1)).toEqual([
      expect.stringMatching(
        /^ESCALATED Slack has not confirmed A-\d+: escalated to the user group, the second channel$/,
      ),
    ]);
    pass(5);
    await turn();
    expect((await happened(id)).slice(2)).toEqual([
      expect.stringMatching(/escalated to the second channel, (pia|quin) \(second on call\), the managers$/),
    ]);
    const steps = await stepsOfAlerts(db, [id]);
    expect(steps.map(({ step, kind }) => [step, kind])).toEqual([
      [0, 'FIRST'],
      [1, 'STEP'],
      [2, 'STEP'],
    ]);
    // Hours in which nobody could look are one step, not twelve.
    pass(180);
    await turn();
    await turn();
    expect((await happened(id)).slice(3)).toHaveLength(1);
    expect((await stepsOfAlerts(db, [id])).at(-1)).toMatchObject({ from: 3 });
  });

  it('is told elsewhere 60 s after it became worse, when Slack confirmed only what it was before', async () => {
    const { db } = engine.ctx;
    await setRotation(db, rotation(), by());
    await setRoute(db, route(), by());
    const id = await open('HIGH');
    const cardId = await insertCard(db, { kind: 'ALERT', subjectId: id, channel: 'C0DEFAULT' });
    const { severity, rule: family } = { severity: 'HIGH', rule: 'nodes' };
    await db
      .insertInto('alert_delivery')
      .values({ alert_id: id, channel: 'C0DEFAULT', severity, family, card_id: cardId, told_at: clock.now() })
      .execute();
    pass(3);
    const alert = await findAlert(db, id);
    if (alert === null) throw new Error('gone');
    await inTransaction(db, (tx) =>
      writeAlertChange(tx, {
        alert: { ...alert, severity: 'CRITICAL' },
        events: [{ type: 'SEVERITY_ROSE', message: 'Worse' }],
      }),
    );
    await turn();
    pass(1.1);
    await turn();
    expect((await happened(id)).at(-1)).toMatch(/^ESCALATED Slack has not confirmed/);
    // Confirmed in time, it has its usual time.
    const other = await open('HIGH');
    const otherCard = await insertCard(db, { kind: 'ALERT', subjectId: other, channel: 'C0DEFAULT' });
    await db
      .insertInto('alert_delivery')
      .values({ alert_id: other, channel: 'C0DEFAULT', severity, family, card_id: otherCard, told_at: clock.now() })
      .execute();
    pass(3);
    const second = await findAlert(db, other);
    if (second === null) throw new Error('gone');
    await inTransaction(db, (tx) =>
      writeAlertChange(tx, {
        alert: { ...second, severity: 'CRITICAL' },
        events: [{ type: 'SEVERITY_ROSE', message: 'Worse' }],
      }),
    );
    const events = await eventsOfAlerts(db, { alertIds: [other], limit: 100 });
    const rose = events.find(({ type }) => type === 'SEVERITY_ROSE');
    await insertLine(db, otherCard, { key: `event:${rose?.id}`, text: 'worse', broadcast: true });
    const sent = { ts: '1.1', sent_at: clock.now(), state: 'SENT' };
    await db.updateTable('slack_line').set(sent).where('card_id', '=', otherCard).execute();
    pass(1.1);
    await turn();
    expect((await happened(other)).at(-1)).toMatch(/^CALLED/);
  });

  it('is called for in the message of its group, where it has no thread of its own', async () => {
    const { db } = engine.ctx;
    await setRotation(db, rotation(), by());
    await setRoute(db, route(), by());
    const id = await open();
    await turn();
    const cardId = await insertCard(db, { kind: 'GROUP', subjectId: 'agr_one', channel: 'C0DEFAULT' });
    await db
      .insertInto('alert_delivery')
      .values({
        ...{ alert_id: id, channel: 'C0DEFAULT', severity: 'CRITICAL', family: 'nodes' },
        ...{ card_id: cardId, group_id: 'agr_one' },
      })
      .execute();
    expect((await callsOnGroup(db, 'agr_one')).map(({ event }) => event.type)).toEqual(['CALLED']);
    // One that has a message of its own has them there.
    const own = await insertCard(db, { kind: 'ALERT', subjectId: id, channel: 'C0DEFAULT' });
    await db.updateTable('alert_delivery').set({ card_id: own }).where('alert_id', '=', id).execute();
    expect(await callsOnGroup(db, 'agr_one')).toEqual([]);
  });

  it('is left alone once somebody has it, also when that happens between the look and the step', async () => {
    const { db } = engine.ctx;
    await setRotation(db, rotation(), by());
    await setRoute(db, route(), by());
    const id = await open('HIGH');
    await turn();
    pass(40);
    await wakeEscalations(db);
    const due = await listDueEscalations(db, 10);
    expect(due).toEqual([id]);
    await acknowledgeAlert(db, { alertId: id, actor: operator, changed: () => {} });
    for (const each of due) await advanceEscalation(db, each, { holder: 'one', linkedNames });
    expect(await happened(id)).toEqual([expect.stringContaining('ACKED')]);
    expect(await stepsOfAlerts(db, [id])).toMatchObject([{ step: 0 }]);
  });

  it('is escalated by another when who had claimed it died, and leaves nothing half done', async () => {
    const { db } = engine.ctx;
    await setRotation(db, rotation(), by());
    await setRoute(db, route(), by());
    const id = await open();
    await wakeEscalations(db);
    // Claimed by somebody who never comes back.
    await db.updateTable('escalation').set({ claimed_by: 'dead', claimed_until: clock.now() }).execute();
    pass(0.1);
    await turn('other');
    expect(await happened(id)).toHaveLength(1);
    // Dies within the transaction: the event, the step and the delivery are there together or not at all.
    pass(1.1);
    await setRoute(db, route(), by());
    const tooLong = JSON.stringify({ ...route().definition, secondChannel: `C${'X'.repeat(80)}` });
    await db.updateTable('alert_route').set({ definition: tooLong }).where('open_key', 'is not', null).execute();
    await wakeEscalations(db);
    await expect(advanceEscalation(db, id, { holder: 'one', linkedNames })).rejects.toThrow();
    expect(await happened(id)).toHaveLength(1);
    expect(await db.selectFrom('escalation_delivery').selectAll().execute()).toEqual([]);
    expect(await stepsOfAlerts(db, [id])).toHaveLength(1);
    await setRoute(db, route(), by());
    pass(0.5);
    await turn('other');
    expect(await happened(id)).toHaveLength(2);
  });

  it('goes to the next step at once where nobody is on call, and says so; without a route nobody is called', async () => {
    const { db } = engine.ctx;
    const before = await open();
    await turn();
    expect(await happened(before)).toEqual([]);
    await setRoute(db, route({ rotation: null }), by());
    await turn();
    expect(await happened(before)).toEqual([
      expect.stringMatching(/escalated to the user group, the second channel\. The route names no rotation$/),
    ]);
  });

  it('is escalated now because a person wants it, and not while it is hidden or over', async () => {
    const { db } = engine.ctx;
    const id = await open();
    const ask = { alertId: id, actor: operator, reason: 'two are down', linkedNames, changed: () => {} };
    await expect(escalateNow(db, ask)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await setRoute(db, route({ rotation: null }), by());
    await escalateNow(db, ask);
    expect(await happened(id)).toEqual([
      'ESCALATED kim escalated it to the user group, the second channel: two are down. The route names no rotation',
    ]);
    const alert = await findAlert(db, id);
    if (alert === null) throw new Error('gone');
    const mute = { kind: 'SILENCED', by: 'S-1', because: 'S-1' } as const;
    await inTransaction(db, (tx) =>
      writeAlertChange(tx, { alert: { ...alert, mute }, events: [{ type: 'MUTED', message: 'Silenced' }] }),
    );
    await expect(escalateNow(db, ask)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });
});

describe('a webhook', () => {
  const calls: { headers: IncomingHttpHeaders; body: string }[] = [];
  let answers: (number | 'none')[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      calls.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const answer = answers.shift() ?? 200;
      if (answer === 'none') response.destroy();
      else response.writeHead(answer, { location: 'http://127.0.0.1:1/' }).end();
    });
  });
  let url: string;
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook`;
  });
  afterAll(() => server.close());

  const deps = () => ({
    ...{ config: { holder: 'one', slack: null }, db: engine.ctx.db, log: pino({ level: 'silent' }) },
    ...{ doorbell: { changed: () => {} }, secrets: engine.ctx.secrets, sendWebhook },
  });
  const deliver = async () => {
    for (const id of await listDueWebhooks(engine.ctx.db, 10)) await callWebhook(deps(), id);
  };
  const state = async (alertId: string) => {
    const steps = await stepsOfAlerts(engine.ctx.db, [alertId]);
    const found = await deliveriesOfSteps(
      engine.ctx.db,
      steps.map(({ id }) => id),
    );
    return found.filter(({ kind }) => kind === 'WEBHOOK').map((each) => [each.state, each.outcome]);
  };
  async function called(): Promise<string> {
    calls.length = 0;
    await setRoute(
      engine.ctx.db,
      route({ rotation: null, webhook: { url, secret: 'env:STARWARDEN_CRED_HOOK' } }),
      by(),
    );
    const id = await open();
    pass(1.1);
    await turn();
    return id;
  }

  it('is called with a signature, again with the same key while nobody knows, and not once it was taken', async () => {
    answers = ['none', 503, 200];
    const id = await called();
    await deliver();
    expect(await state(id)).toEqual([['UNKNOWN', expect.any(String)]]);
    pass(0.1);
    await deliver();
    expect(await state(id)).toEqual([['UNKNOWN', 'HTTP 503']]);
    pass(0.2);
    await deliver();
    pass(10);
    await deliver();
    expect(await state(id)).toEqual([['SENT', 'HTTP 200']]);
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    const [{ headers, body } = { headers: {}, body: '' }] = calls;
    const [, seconds, signature] = /^t=(\d+),v1=(\w+)$/.exec(String(headers['x-starwarden-signature'])) ?? [];
    expect(signature).toBe(createHmac('sha256', 'a key for calls').update(`${seconds}.${body}`).digest('hex'));
    expect(JSON.parse(body)).toMatchObject({ event: 'alert.escalated', alert: { id, severity: 'CRITICAL' } });
  });

  it('is called again when its caller died before or after the answer', async () => {
    const id = await called();
    const [due = ''] = await listDueWebhooks(engine.ctx.db, 10);
    expect(await claimWebhook(engine.ctx.db, due, 'dead')).toMatchObject({ mayRepeat: false, attempts: 1 });
    await deliver();
    expect(calls).toHaveLength(0); // it is claimed, and may be under way
    pass(1);
    await deliver();
    expect(calls).toHaveLength(1);
    expect(await state(id)).toEqual([['SENT', 'HTTP 200']]);
  });

  it('is refused for good by 4xx and by a redirect, which the history says; and not called once somebody has it', async () => {
    answers = [302];
    const id = await called();
    await deliver();
    expect(await state(id)).toEqual([['FAILED', 'HTTP 302']]);
    expect((await happened(id)).at(-1)).toBe('NOT_DELIVERED The webhook was not called: HTTP 302');
    const other = await called();
    await acknowledgeAlert(engine.ctx.db, { alertId: other, actor: operator, changed: () => {} });
    await deliver();
    expect(await state(other)).toEqual([['DROPPED', 'kim had taken it before']]);
    expect(calls).toHaveLength(0);
  });

  it.each([
    ['https://pager.example/hook', null],
    ['http://127.0.0.1:8080/x', null],
    ['http://pager.example/hook', 'https'],
    ['ftp://pager.example', 'https'],
    ['https://user:pw@pager.example', 'secret'],
    ['https://pager.example/?token=abc', 'secret'],
    ['https://169.254.169.254/latest', 'link-local'],
    ['https://[fe80::1]/', 'link-local'],
    ['https://[::ffff:169.254.169.254]/', 'link-local'],
    ['https://0.0.0.0/', 'unspecified'],
    ['no url', 'https'],
  ])('%s: %s', (text, why) => {
    if (why === null) expect(whyNoWebhook(text)).toBeNull();
    else expect(whyNoWebhook(text)).toContain(why);
  });
});

describe('who may change where alerts go', () => {
  it('leaves no CRITICAL alert of production without a channel or anybody', async () => {
    const { db } = engine.ctx;
    await setRotation(db, rotation(), by());
    const unsafe = { code: 'PRECONDITION_FAILED' };
    await expect(setRoute(db, route(), by(admin, null))).rejects.toMatchObject(unsafe);
    const nobody = route({ rotation: null, userGroup: null });
    await expect(setRoute(db, nobody, by())).rejects.toMatchObject(unsafe);
    const kept = await setRoute(db, route(), by());
    await expect(removeRoute(db, { id: kept.id, reason: 'not needed' }, by())).rejects.toMatchObject(unsafe);
    await expect(removeRotation(db, { name: 'dba', reason: 'not needed' }, by())).rejects.toMatchObject(unsafe);
    // A rotation of people whom nobody can reach is nobody: neither may a route name it, nor a route's become it.
    const alone = route({ userGroup: null });
    await expect(setRoute(db, alone, { ...by(), linkedNames: [] })).rejects.toMatchObject(unsafe);
    await setRoute(db, alone, by());
    await expect(setRotation(db, rotation(), { ...by(), linkedNames: [] })).rejects.toMatchObject(unsafe);
    await setRotation(db, rotation(), by());
    await setRoute(db, route(), by());
    // A route for less bad alerts alone takes nothing away; one for the cluster itself would.
    const scope = { kind: 'cluster', clusterId } as const;
    await expect(setRoute(db, { ...nobody, scope }, by())).rejects.toMatchObject(unsafe);
    const instead = await setRoute(db, route({ channel: 'C0OTHER' }), by());
    expect(instead.channel).toBe('C0OTHER');
    const rows = await db.selectFrom('alert_route').selectAll().orderBy('created_at').execute();
    expect(rows.map(({ open_key, ended_reason }) => [open_key !== null, ended_reason])).toEqual([
      [false, 'another one took its place'],
      [false, 'another one took its place'],
      [false, 'another one took its place'],
      [true, null],
    ]);
  });

  it('is an ADMIN; an OPERATOR may take a turn on call, and give it to nobody else', async () => {
    const { db } = engine.ctx;
    await expect(setRotation(db, rotation(), by(operator))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await setRotation(db, rotation(), by());
    await expect(setRoute(db, route(), by(operator))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const until = new Date(clock.now().getTime() + 3_600_000);
    const tonight = { rotation: 'dba', personId: persons[0] ?? '', from: null, until, reason: 'I take tonight' };
    await expect(overrideOnCall(db, tonight, by(operator))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const refused = await db
      .selectFrom('audit_event')
      .select(['action', 'outcome'])
      .where('outcome', '=', 'FORBIDDEN')
      .execute();
    expect(refused.map(({ action }) => action)).toEqual(['setOnCallRotation', 'setAlertRoute', 'overrideOnCall']);
  });
});
