import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Alert, Severity } from '../../src/domain/alert.ts';
import { findAlert, insertAlert, writeAlertChange } from '../../src/store/alerts/alerts.ts';
import { databaseNow, inTransaction } from '../../src/store/database.ts';
import { readUntoldCriticalMs } from '../../src/store/reads/metrics.ts';
import { startWorld, type World } from './fixture.ts';

const channel = 'ops-alerts';
const patient = { timeout: 10_000, interval: 50 };
let world: World;
let made = 0;
let days = 0;
let from = 0;

beforeAll(async () => {
  world = await startWorld({
    worker: false,
    settings: () => ({ SLACK_DIGEST_AT: '07:30', SLACK_DIGEST_TIME_ZONE: 'Europe/Berlin' }),
  });
});
afterAll(() => world?.stop());
afterEach(() => expect(world.slack.ctl.complaints()).toEqual([]));
beforeEach(async () => {
  const { db } = world.ctx;
  await db
    .updateTable('alert')
    .set({ open_fingerprint: null, closed_at: databaseNow, signal_state: 'RESOLVED' })
    .execute();
  for (const table of ['alert_delivery', 'slack_line', 'slack_card', 'alert_group', 'alert_event'] as const)
    await db.deleteFrom(table).execute();
  from = posted().length;
});

async function open(severity: Severity = 'LOW'): Promise<string> {
  made += 1;
  const at = new Date();
  const condition = {
    ...{ fingerprint: String(made).padStart(64, '0'), rule: 'node_stopped', severity, nodeId: null },
    ...{
      labels: { node: `be ${made}` },
      title: `be ${made} is stopped on purpose`,
      pastTitle: `be ${made} was stopped`,
    },
    ...{ startedAt: at, forMs: 0, minSamples: 1, text: ['kim stopped it'] },
  };
  const cluster = { id: world.clusters.prod, name: 'prod-eu', environment: 'prod' };
  return inTransaction(world.ctx.db, (tx) =>
    insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at }),
  );
}

async function change(id: string, to: Partial<Alert>, type: 'RESOLVED' | 'SEVERITY_ROSE'): Promise<void> {
  const { db } = world.ctx;
  const alert = await findAlert(db, id);
  if (alert === null) throw new Error('the alert is gone');
  await inTransaction(db, (tx) =>
    writeAlertChange(tx, { alert: { ...alert, ...to }, events: [{ type, message: type }] }),
  );
}

const nameOf = async (id: string) => `A-${(await findAlert(world.ctx.db, id))?.number}`;
const posted = () =>
  world.slack.ctl.messages(channel).filter((message) => message.visibleTo === null && message.threadTs === null);
const texts = () =>
  posted()
    .slice(from)
    .map(({ content }) => JSON.stringify([content.text, content.blocks]));
const rows = () => world.ctx.db.selectFrom('alert_digest').selectAll().where('open_key', 'is not', null).execute();
const waits = async () =>
  (await world.ctx.db.selectFrom('alert_delivery').selectAll().where('waits_since', 'is not', null).execute()).length;

/** The hour has come, on a day of its own. */
async function letDayPass(): Promise<void> {
  days += 1;
  const day = new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  await world.ctx.db
    .updateTable('alert_digest')
    .set({ day, due_at: new Date(`${day}T04:00:00Z`) })
    .where('open_key', 'is not', null)
    .execute();
}

it('a LOW alert waits for the daily message, which says what is open, then how many are over', async () => {
  const [one, two] = [await open(), await open()];
  await expect.poll(waits, patient).toBe(2);
  await expect.poll(async () => (await rows()).length, patient).toBe(1);
  await world.kim.slash(`/sr why ${await nameOf(one)}`, { channel });
  const said = await world.kim.waitForMessage({ channel, text: /daily message/, where: (seen) => seen.isEphemeral });
  expect(said.lines.join('\n')).toMatch(
    /since it is LOW; .* is told in .*, at \d{4}-\d\d-\d\d 0[56]:30 UTC \(07:30 Europe\/Berlin\)/,
  );
  expect(texts()).toEqual([]);
  world.kim.reload();
  await world.kim.slash('/sr digest', { channel });
  const shown = await world.kim.waitForMessage({ channel, text: /Daily digest/, where: (seen) => seen.isEphemeral });
  expect(shown.lines.join('\n')).toMatch(/Only you see this: .* It is posted: .*Europe\/Berlin/);
  expect(shown.lines.join('\n')).toContain(await nameOf(two));
  expect(texts()).toEqual([]);

  await letDayPass();
  await expect
    .poll(texts, patient)
    .toEqual([expect.stringMatching(/Daily digest of alerts, .* 2 LOW alerts are open on 1 cluster\./)]);
  for (const id of [one, two]) expect(texts()[0]).toContain(await nameOf(id));
  expect(await rows()).toHaveLength(1);

  await change(one, { signal: 'RESOLVED', resolvedAt: new Date() }, 'RESOLVED');
  await letDayPass();
  await expect.poll(() => texts().length, patient).toBe(2);
  expect(texts()[1]).toContain('1 LOW alert is open on 1 cluster. 1 alert of earlier digests is resolved.');
  expect(texts()[1]).not.toContain(await nameOf(one));

  await change(two, { severity: 'CRITICAL' }, 'SEVERITY_ROSE');
  expect(await readUntoldCriticalMs(world.ctx.db)).toBeLessThan(5_000);
  await expect.poll(() => texts().length, patient).toBe(3);
  expect(texts()[2]).toContain('[CRITICAL] prod-eu: be');
});

it('what becomes worse is told at once and leaves the daily message; with nothing to say there is none', async () => {
  const id = await open();
  await expect.poll(waits, patient).toBe(1);
  await change(id, { severity: 'CRITICAL' }, 'SEVERITY_ROSE');
  await expect.poll(texts, patient).toEqual([expect.stringContaining('[CRITICAL] prod-eu: be')]);
  await letDayPass();
  const late = async () => (await rows())[0]?.due_at ?? new Date(0);
  await expect.poll(async () => (await late()).getTime() > Date.now(), patient).toBe(true);
  expect(texts()).toHaveLength(1);
});

it('comes once and late when the bot was away over its hour, with two bots and with a lost answer', async () => {
  const id = await open();
  await expect.poll(waits, patient).toBe(1);
  await world.stopBot();
  await letDayPass();
  world.slack.ctl.faults.add({ method: 'chat.postMessage', nth: 1, effect: { kind: 'lostAnswer' } });
  await world.startBot();
  const second = await world.startSecondBot();
  await expect.poll(() => texts().length, patient).toBe(1);
  expect(texts()[0]).toContain(await nameOf(id));
  const sent = async () =>
    (await world.ctx.db.selectFrom('slack_card').select('state').execute()).map(({ state }) => state);
  await expect.poll(sent, patient).toEqual(['SENT']);
  expect(texts()).toHaveLength(1);
  await second.stop();
});
