import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import type { Alert } from '../../src/domain/alert.ts';
import { findAlert, insertAlert, writeAlertChange } from '../../src/store/alerts/alerts.ts';
import { pruneAlerts } from '../../src/store/alerts/prune-alerts.ts';
import { databaseNowPlus, inTransaction } from '../../src/store/database.ts';
import { findPersonByName } from '../../src/store/reads/persons.ts';
import { pruneGroups } from '../../src/store/slack/prune-groups.ts';
import { startWorld, type World } from './fixture.ts';

const channel = 'ops-alerts';
let world: World;

afterEach(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
});

/** As the monitor opens it. */
async function openAlert(change: { title?: string } = {}): Promise<string> {
  const { ctx, clusters } = world;
  const title = change.title ?? 'be 10.0.0.11:9050 is down';
  const condition = {
    fingerprint: 'f'.repeat(64),
    rule: 'node_down' as const,
    severity: 'CRITICAL' as const,
    nodeId: null,
    labels: { node: 'be 10.0.0.11:9050' },
    title,
    pastTitle: title.replace(' is down', ' was down'),
    startedAt: new Date(),
    forMs: 0,
    minSamples: 1,
    text: ['The heartbeat failed: connection refused <!channel>'],
  };
  const at = new Date();
  const cluster = { id: clusters.prod, name: 'prod-eu', environment: 'prod' };
  const id = await inTransaction(ctx.db, (tx) =>
    insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at }),
  );
  ctx.doorbell.changed(`alert:${id}`);
  return id;
}

async function change(id: string, to: Partial<Alert>, event: { type: 'RESOLVED' | 'REOPENED'; message: string }) {
  const { db, doorbell } = world.ctx;
  const alert = await findAlert(db, id);
  if (alert === null) throw new Error('the alert is gone');
  await inTransaction(db, (tx) => writeAlertChange(tx, { alert: { ...alert, ...to }, events: [event] }));
  doorbell.changed(`alert:${id}`);
}

const card = (text: string | RegExp) =>
  world.kim.waitForMessage({ channel, text, where: (seen) => !seen.isEphemeral && seen.threadTs === null });

const posted = () =>
  world.slack.ctl.messages(channel).filter((message) => message.visibleTo === null && message.threadTs === null);

it('an alert is posted, taken care of, resolved and opened again in one message and its thread', async () => {
  world = await startWorld({ worker: false });
  const id = await openAlert();
  const opened = await card('firing, not acknowledged');
  expect(opened.text).toMatch(
    /^\[CRITICAL\] prod-eu: be 10\.0\.0\.11:9050 is down\. Firing, not acknowledged\. Since <!date\S+ \{time\}\|[^>]+ UTC>\. A-1$/,
  );
  expect(opened.colors).toEqual(['a30200']);
  expect(opened.lines.join('\n')).toContain('The heartbeat failed: connection refused <!channel>');
  expect(opened.notified).toMatchObject({ users: [], groups: [], broadcasts: [] });
  expect(opened.elements.map((each) => each.label)).toEqual(['Acknowledge', 'Silence for…', 'Runbook', '']);

  await world.kim.click(opened, 'alert.ack', { times: 2 });
  await world.kim.waitForMessage({ channel, text: 'You take care of A-1' });
  const acked = await card('acknowledged by kim');
  expect(acked.colors).toEqual(['daa038']);
  await world.lee.slash('/sr ack A-1', { channel });
  await world.lee.waitForMessage({ channel, text: 'A-1 was acknowledged by kim' });
  await world.lee.slash('/sr unack A-1 my turn', { channel });
  await card('firing, not acknowledged');

  await change(id, { signal: 'RESOLVED', resolvedAt: new Date() }, { type: 'RESOLVED', message: 'It answers again' });
  const resolved = await card('resolved');
  expect(resolved.ts).toBe(opened.ts);
  expect(resolved.colors).toEqual(['2eb886']);
  expect(resolved.text).toMatch(
    /^\[CRITICAL\] prod-eu: be 10\.0\.0\.11:9050 was down\. Resolved\. From <!date[^>]+>, over after \d+ s\. A-1$/,
  );
  expect([resolved.text, ...resolved.lines].join('\n')).not.toContain('is down');
  expect(resolved.elements.map((each) => each.label)).toEqual(['Details', 'Runbook']);
  await world.kim.waitForMessage({ channel, text: 'It answers again', where: (seen) => seen.threadTs === opened.ts });

  await change(
    id,
    { signal: 'FIRING', resolvedAt: null, flaps: 1 },
    { type: 'REOPENED', message: 'Down again after 4 min' },
  );
  const again = await card('firing, not acknowledged');
  expect(again.ts).toBe(opened.ts);
  await world.kim.waitForMessage({
    channel,
    text: 'Down again after 4 min',
    where: (seen) => seen.threadTs === opened.ts,
  });
  expect(posted()).toHaveLength(1);
  const thread = world.kim.sees(channel).find((each) => each.ts === opened.ts)?.thread ?? [];
  expect(thread.map((each) => each.text.split(' ')[0])).toEqual(['*ACKED*', '*UNACKED*', '*RESOLVED*', '*REOPENED*']);
});

it('details and lists show an alert to those who may see the cluster', async () => {
  world = await startWorld({ worker: false });
  await openAlert();
  const opened = await card('firing');
  await world.lee.select(opened, 'alert.more', 'Details');
  const details = await world.lee.waitForMessage({ channel, text: 'Labels: node=`be 10.0.0.11:9050`' });
  expect(details.isEphemeral).toBe(true);
  await world.kim.slash('/sr alerts prod-eu', { channel: 'sr-demo' });
  await world.kim.waitForMessage({ channel: 'sr-demo', text: 'A-1 · `prod-eu` · be 10.0.0.11:9050 is down' });
  await world.kim.slash('/sr status prod-eu', { channel: 'sr-demo' });
  await world.kim.waitForMessage({
    channel: 'sr-demo',
    text: 'prod-eu is UNKNOWN: 3 of 3 nodes alive, 1 open alert.',
  });

  const { db } = world.ctx;
  await db.updateTable('role_binding').set({ scope_kind: 'environment', scope_value: 'dev' }).execute();
  world.lee.reload();
  await world.lee.select(opened, 'alert.more', 'Details');
  await world.lee.waitForMessage({ channel, text: 'There is no such alert' });
  await world.lee.slash('/sr ack A-1', { channel });
  await world.lee.waitForMessage({ channel, text: 'There is no alert A-1' });
});

it('an alert that is no longer kept is answered for as such, by its buttons and its number, and its message stays as it was', async () => {
  world = await startWorld({ worker: false });
  const { db } = world.ctx;
  const id = await openAlert();
  await card('firing');
  const at = new Date();
  await change(id, { signal: 'RESOLVED', resolvedAt: at, closedAt: at }, { type: 'RESOLVED', message: 'It answers' });
  const resolved = await card('Resolved');
  await world.kim.waitForMessage({ channel, text: 'It answers', where: (seen) => seen.threadTs === resolved.ts });
  const old = databaseNowPlus(-401 * 86_400_000);
  await db.updateTable('alert').set({ closed_at: old, changed_at: old }).execute();
  // Also one that stands alone belongs to a group.
  await db.updateTable('alert_group').set({ closed_at: old, open_key: null }).execute();
  // Its message may still be held by who has just sent something of it.
  const patient = { timeout: 20_000, interval: 200 };
  await vi.waitFor(async () => expect(await pruneGroups(db, { batch: 10 })).toBe(1), patient);
  await vi.waitFor(async () => expect(await pruneAlerts(db, { batch: 10 })).toBe(1), patient);

  await world.lee.click(resolved, 'alert.details');
  await world.lee.waitForMessage({ channel, text: 'There is no such alert' });
  for (const verb of ['why', 'ack']) {
    await world.lee.slash(`/sr ${verb} A-1`, { channel });
    const said = await world.lee.waitForMessage({ channel, text: 'There is no alert A-1' });
    expect([said.text, ...said.lines].join(' ')).toContain('ended more than 400 days ago is no longer kept');
  }
  await sleep(300);
  expect(posted()).toHaveLength(1);
  expect((await card('Resolved')).ts).toBe(resolved.ts);
  expect(await db.selectFrom('slack_card').select('id').execute()).toEqual([]);
});

it('an alert that ended before anybody was told is not posted', async () => {
  world = await startWorld({ worker: false });
  await world.stopBot();
  const id = await openAlert();
  await change(id, { signal: 'RESOLVED', resolvedAt: new Date() }, { type: 'RESOLVED', message: 'It was short' });
  await world.startBot();
  await sleep(300);
  expect(posted()).toEqual([]);
});

it('an alert whose post got no answer is there once, and still resolves', async () => {
  world = await startWorld({ worker: false });
  world.slack.ctl.faults.add({ method: 'chat.postMessage', effect: { kind: 'lostAnswer' } });
  const id = await openAlert();
  await card('firing');
  await change(id, { signal: 'RESOLVED', resolvedAt: new Date() }, { type: 'RESOLVED', message: 'Over' });
  await card('resolved');
  expect(posted()).toHaveLength(1);
});

it('an alert is posted when its channel can be used again', async () => {
  world = await startWorld({ worker: false });
  world.slack.ctl.setBotMember(channel, false);
  await openAlert();
  const { db } = world.ctx;
  const state = async () => (await db.selectFrom('slack_card').select(['state', 'error']).executeTakeFirst()) ?? null;
  await expect.poll(state).toEqual({ state: 'FAILED', error: 'not_in_channel' });
  world.slack.ctl.setBotMember(channel, true);
  await db
    .updateTable('slack_card')
    .set({ due_at: new Date(0) })
    .execute(); // a minute later
  await card('firing');
});

it('an alert is silenced from its message by one person where it is about one node, noted upon, given away and resolved by hand', async () => {
  world = await startWorld({ worker: false });
  const id = await openAlert();
  const opened = await card('firing');
  await world.kim.slash('/sr silence prod-eu --for 1h --reason "moving house"', { channel });
  await world.kim.waitForMessage({
    channel,
    text: /would hide 1 open alert now \(A-1 CRITICAL\).*Nothing is silenced yet.*--confirm prod-eu/s,
  });
  await world.kim.slash('/sr silence prod-eu --rule disk_ful --for 1h --reason "moving house"', { channel });
  await world.kim.waitForMessage({ channel, text: 'No alert rule is called disk_ful' });
  await world.kim.slash('/sr silence prod-eu --for 1h --reason "moving house" --confirm prod-eu', { channel });
  await world.kim.waitForMessage({ channel, text: /S-1.*hides \*nothing\* until another person agrees/s });
  await world.kim.slash('/sr approve-silence S-1', { channel });
  await world.kim.waitForMessage({ channel, text: 'S-1 is your own' });
  await world.kim.select(opened, 'alert.silence', '1 h');
  await world.kim.waitForMessage({ channel, text: /S-2.*rule=node_down node="be 10.0.0.11:9050".*A-1 CRITICAL/s });
  await world.kim.slash('/sr silences', { channel: 'sr-demo' });
  await world.kim.waitForMessage({ channel: 'sr-demo', text: '2 silences: S-2, S-1' });
  await world.kim.slash('/sr unsilence S-2', { channel });
  await world.kim.waitForMessage({ channel, text: 'S-2 is over' });

  await world.kim.slash('/sr note A-1 the vendor sends a disk', { channel });
  await world.kim.waitForMessage({
    channel,
    text: 'kim: the vendor sends a disk',
    where: (seen) => seen.threadTs === opened.ts,
  });
  await world.kim.slash('/sr assign A-1 lee', { channel });
  const given = await world.kim.waitForMessage({
    channel,
    text: 'kim gave it to lee',
    where: (seen) => seen.threadTs === opened.ts,
  });
  expect(given.notified.users).toHaveLength(1);
  await world.lee.slash('/sr resolve A-1 the host is gone', { channel });
  const resolved = await card('resolved by lee');
  expect(resolved.elements.map((each) => each.label)).toEqual(['Details', 'Runbook']);
  expect(await findAlert(world.ctx.db, id)).toMatchObject({ signal: 'RESOLVED', assignee: { name: 'lee' } });
});

it('everything that its message offers can be done from there, and an older message says that it is one', async () => {
  world = await startWorld({ worker: false });
  await openAlert();
  const opened = await card('firing');
  const page = 'https://docs.example/starwarden/docs/monitoring/runbooks.md#node_down';
  expect(await world.kim.click(opened, 'alert.runbook')).toMatchObject({ opened: page });

  await world.kim.select(opened, 'alert.more', 'Why?');
  await world.kim.waitForMessage({ channel, text: 'A-1 on prod-eu', where: ({ isEphemeral }) => isEphemeral });
  await world.kim.select(opened, 'alert.more', 'Escalate now…');
  const whyNow = await world.kim.waitForView({ title: 'Escalate the alert' });
  const short = await world.kim.submit(whyNow, { reason: '    ' });
  expect(short.errors).toMatchObject({ reason: 'Between 3 and 500 characters.' });
  await world.kim.submit(whyNow, { reason: 'two backends are down by now' });
  await world.kim.waitForMessage({ channel, text: 'No route says who is called for A-1' });

  const idOf = (name: string) => world.slack.person(name).user.id;
  await world.ana.select(opened, 'alert.more', 'Assign…');
  const toStranger = await world.ana.waitForView({ title: 'Assign the alert' });
  await world.ana.submit(toStranger, { person: idOf('dan') });
  await world.ana.waitForMessage({ channel, text: 'That Slack account is linked to nobody who may log in' });
  // Lee has never asked for anything: the account is the one that the configuration names.
  const leeIs = async (role: string) => {
    const lee = await findPersonByName(world.ctx.db, 'lee');
    await world.ctx.db
      .updateTable('role_binding')
      .set({ role })
      .where('person_id', '=', lee?.id ?? '')
      .execute();
  };
  await leeIs('VIEWER');
  await world.ana.select(opened, 'alert.more', 'Assign…');
  await world.ana.submit(await world.ana.waitForView({ title: 'Assign the alert' }), { person: idOf('lee') });
  await world.ana.waitForMessage({ channel, text: 'lee may not handle alerts of prod-eu' });
  await leeIs('APPROVER');
  await world.kim.select(opened, 'alert.more', 'Assign…');
  const toWhom = await world.kim.waitForView({ title: 'Assign the alert' });
  expect(await world.kim.submit(toWhom, { person: '' })).toMatchObject({ outcome: 'not_sent' });
  await world.kim.submit(toWhom, { person: idOf('lee'), note: 'you know this host' });
  await world.kim.waitForMessage({ channel, text: 'is with lee now' });
  const given = await card('Given to');

  await world.kim.select(given, 'alert.silence', 'other…');
  const howLong = await world.kim.waitForView({ title: 'Silence the alert' });
  const wrong = await world.kim.submit(howLong, { time: 'long', reason: 'its disk is changed' });
  expect(wrong.errors).toMatchObject({ time: expect.stringContaining('90m, 2h or 3d') });
  await world.kim.submit(howLong, { time: '90m', reason: 'its disk is changed' });
  await world.kim.waitForMessage({ channel, text: /S-1.*rule=node_down node="be 10.0.0.11:9050".*A-1 CRITICAL/s });

  await world.lee.select(given, 'alert.more', 'Resolve…');
  const why = await world.lee.waitForView({ title: 'Resolve the alert' });
  await world.lee.submit(why, { note: 'the host is gone' });
  await card('resolved by lee');
  await world.kim.select(given, 'alert.more', 'Details', { evenIfGone: true });
  await world.kim.waitForMessage({
    channel,
    text: 'The message was older than the alert: A-1 was resolved by lee by then.',
  });
});
