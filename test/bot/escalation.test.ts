import { afterEach, expect, it } from 'vitest';
import { startEscalations } from '../../src/monitor/escalate.ts';
import { findAlert, insertAlert, writeAlertChange } from '../../src/store/alerts/alerts.ts';
import { inTransaction } from '../../src/store/database.ts';
import { escalateNow } from '../../src/store/escalation/escalate-now.ts';
import { setRotation } from '../../src/store/escalation/rotations.ts';
import { setRoute } from '../../src/store/escalation/routes.ts';
import { findPersonByName } from '../../src/store/reads/persons.ts';
import { systemActor } from '../helpers/engine.ts';
import { startWorld, type World } from './fixture.ts';

const channel = 'ops-alerts';
let world: World;
let loop: ReturnType<typeof startEscalations> | null = null;

afterEach(async () => {
  await loop?.stop();
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
});

it('who is on call is mentioned with the card, the second channel is told by hand, and the end is told to the channel', async () => {
  world = await startWorld({ worker: false });
  const { ctx, clusters } = world;
  const { db } = ctx;
  const kim = await findPersonByName(db, 'kim');
  const by = {
    ...{ actor: systemActor, requestId: null, approvalEnvironments: ['prod'] },
    ...{ defaultChannel: world.slack.channelId(channel), linkedNames: ['kim'] },
  };
  const times = { startsAt: '2026-01-05T09:00', timeZone: 'UTC', shiftHours: 168 };
  const reason = 'somebody has to come';
  const scope = { kind: 'all' } as const;
  await setRotation(db, { name: 'dba', scope, personIds: [kim?.id ?? ''], ...times, reason }, by);
  const definition = {
    ...{ channel: null, secondChannel: world.slack.channelId('sr-demo'), fallbackChannel: null, rotation: 'dba' },
    ...{ userGroup: null, managerGroup: null, webhook: null, workingHours: null },
  };
  await setRoute(db, { scope, leastSeverity: 'MEDIUM', definition, reason }, by);
  await world.kim.slash('/sr on-call', { channel: 'sr-demo' });
  await world.kim.waitForMessage({ channel: 'sr-demo', text: '*dba*: kim, second nobody, until' });

  const condition = {
    ...{ fingerprint: 'e'.repeat(64), rule: 'node_down', severity: 'CRITICAL' as const, nodeId: null, labels: {} },
    ...{
      title: 'be is down <!channel>',
      pastTitle: 'be was down',
      text: ['down'],
      startedAt: null,
      forMs: 0,
      minSamples: 1,
    },
  };
  const at = new Date();
  const cluster = { id: clusters.prod, name: 'prod-eu', environment: 'prod' };
  const id = await inTransaction(db, (tx) =>
    insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at }),
  );
  ctx.doorbell.changed(`alert:${id}`);
  loop = startEscalations(ctx, { everyMs: 50 });
  const called = await world.kim.waitForMessage({
    channel,
    text: 'Called kim (on call)',
    where: (seen) => seen.threadTs !== null,
  });
  expect(called.notified).toMatchObject({ users: [world.kim.user.id], broadcasts: [] });
  const card = await world.kim.waitForMessage({ channel, text: 'A-1', where: (seen) => seen.threadTs === null });
  expect(card.lines.join('\n')).toContain('to the second channel');

  await world.kim.slash('/sr escalate A-1 two are down <!channel>', { channel });
  const told = await world.lee.waitForMessage({
    channel: 'sr-demo',
    text: '[CRITICAL] prod-eu: be is down',
    where: (seen) => seen.threadTs === null,
  });
  expect(told.notified).toMatchObject({ users: [], broadcasts: [] });
  const why = told.lines.join('\n');
  expect(why).toMatch(/\*Why it is here\* · escalation step 2 of 3, wanted by kim, /);
  expect(why).toContain('kim escalated it to the second channel: two are down <!channel>. ');
  expect(why).toContain(`Called before: kim (on call). Its own message is in #${channel}.`);
  expect(told.elements.map(({ label }) => label)).toContain('Runbook');
  const line = await world.kim.waitForMessage({ channel, text: 'kim escalated it to the second channel' });
  expect(line.notified.broadcasts).toEqual([]);

  const alert = await findAlert(db, id);
  if (alert === null) throw new Error('the alert is gone');
  const over = { ...alert, signal: 'RESOLVED', resolvedAt: new Date() } as const;
  await inTransaction(db, (tx) =>
    writeAlertChange(tx, { alert: over, events: [{ type: 'RESOLVED', message: 'It answers again' }] }),
  );
  ctx.doorbell.changed(`alert:${id}`);
  await world.lee.waitForMessage({ channel: 'sr-demo', text: 'It answers again' });
  await expect
    .poll(async () =>
      (await db.selectFrom('slack_line').select(['text', 'broadcast']).execute())
        .filter(({ text }) => text.includes('It answers again'))
        .map(({ broadcast }) => broadcast)
        .toSorted(),
    )
    .toEqual([0, 1]);

  // Its second channel is archived meanwhile: that is told where the alert is, and at the end comes a message of its own.
  world.slack.ctl.setArchived('sr-demo', true);
  const later = { ...condition, fingerprint: 'f'.repeat(64), title: 'fe is down' };
  const second = await inTransaction(db, (tx) =>
    insertAlert(tx, { cluster, condition: later, since: new Date(), mute: { kind: 'NONE' }, at: new Date() }),
  );
  ctx.doorbell.changed(`alert:${second}`);
  await world.kim.waitForMessage({ channel, text: 'fe is down', where: (seen) => seen.threadTs === null });
  const ask = { alertId: second, actor: systemActor, reason: 'nobody comes', linkedNames: ['kim'] };
  await escalateNow(db, { ...ask, changed: (topic) => ctx.doorbell.changed(topic) });
  await world.kim.waitForMessage({ channel, text: /NOT DELIVERED.*in <#C\w+> was not.*is_archived/ });
  while ((await findAlert(db, second)) !== null) {
    await escalateNow(db, { ...ask, changed: (topic) => ctx.doorbell.changed(topic) });
    const kinds = await db.selectFrom('escalation_step').select('kind').where('alert_id', '=', second).execute();
    if (kinds.some(({ kind }) => kind === 'EXHAUSTED')) break;
  }
  const exhausted = await world.kim.waitForMessage({
    channel,
    text: /\[CRITICAL\] prod-eu: fe is down.*nobody comes/,
    where: (seen) => seen.threadTs === null,
  });
  expect(exhausted.notified.broadcasts).toEqual([]);
});
