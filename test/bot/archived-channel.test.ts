import { afterEach, expect, it } from 'vitest';
import type { Severity } from '../../src/domain/alert.ts';
import { findAlert, insertAlert, writeAlertChange } from '../../src/store/alerts/alerts.ts';
import { databaseNow, databaseNowPlus, inTransaction } from '../../src/store/database.ts';
import { firstTold } from '../../src/store/slack/told.ts';
import { start, stop, world } from './card-lab.ts';

afterEach(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await stop();
});

const patient = { timeout: 8_000, interval: 50 };
let made = 0;

/** As the monitor opens them. */
async function open(count: number, { severity = 'CRITICAL', rule = 'node_down' }: Wanted = {}) {
  const { db, doorbell } = world.ctx;
  const ids = await inTransaction(db, async (tx) => {
    const cluster = { id: world.clusters.prod, name: 'prod-eu', environment: 'prod' };
    const all: string[] = [];
    for (let index = 0; index < count; index += 1) {
      made += 1;
      const at = new Date();
      const condition = {
        ...{
          fingerprint: String(made).padStart(64, '0'),
          rule,
          severity,
          nodeId: null,
          labels: { node: `be ${made}` },
        },
        ...{ title: `be ${made} is down`, pastTitle: `be ${made} was down`, startedAt: at, forMs: 0, minSamples: 1 },
        text: ['The heartbeat failed'],
      };
      all.push(await insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at }));
    }
    return all;
  });
  doorbell.changed(`alert:${ids[0]}`);
  return ids;
}
type Wanted = { readonly severity?: Severity; readonly rule?: string };

/** What waits has waited long enough, and the group may be told of again. */
async function hurry() {
  const { db } = world.ctx;
  await inTransaction(db, async (tx) => {
    await tx.updateTable('alert_channel').set({ due_at: databaseNow }).execute();
    await tx
      .updateTable('alert_delivery')
      .set({ waits_since: databaseNowPlus(-600_000) })
      .where('waits_since', 'is not', null)
      .execute();
    await tx
      .updateTable('alert_group')
      .set({ news_at: databaseNowPlus(-600_000) })
      .execute();
    await tx
      .updateTable('alert_delivery')
      .set({ decided_at: databaseNowPlus(-660_000) })
      .where('decided_at', 'is not', null)
      .execute();
  });
}

const inChannel = (name: string) => world.slack.ctl.messages(name).filter(({ visibleTo }) => visibleTo === null);
const messages = (name: string) => inChannel(name).filter(({ threadTs }) => threadTs === null);
const texts = (name: string) => messages(name).map(({ content }) => content.text);
const replies = (name: string) =>
  inChannel(name)
    .filter(({ threadTs }) => threadTs !== null)
    .map(({ content }) => content.text);
const told = async (ids: readonly string[]) => (await firstTold(world.ctx.db, ids)).size;
const waits = async () => {
  const rows = await world.ctx.db
    .selectFrom('alert_delivery')
    .select('alert_id')
    .where('waits_since', 'is not', null)
    .execute();
  return rows.length;
};
const refused = async () => {
  const { db } = world.ctx;
  const card = await db.selectFrom('slack_card').select('state').where('state', '=', 'FAILED').execute();
  const line = await db.selectFrom('slack_line').select('state').where('state', '=', 'FAILED').execute();
  return [card.length > 0, line.length];
};

/** A message of eight alerts, and one of an alert alone; then the channel is archived and three alerts join the message. */
async function archive() {
  const early = await open(8);
  await expect.poll(() => told(early), patient).toBe(8);
  const [alone = ''] = await open(1, { severity: 'HIGH', rule: 'own_rule' });
  await expect.poll(waits, patient).toBe(1);
  await hurry();
  await expect.poll(() => told([alone]), patient).toBe(1);
  expect(messages('ops-alerts')).toHaveLength(2);
  world.slack.ctl.setArchived('ops-alerts', true);
  const late = await open(3);
  await expect.poll(waits, patient).toBe(3);
  await hurry();
  return { early, late, alone };
}

async function becomesWorse(id: string) {
  const { db, doorbell } = world.ctx;
  const alert = await findAlert(db, id);
  if (alert === null) throw new Error('the alert is gone');
  await inTransaction(db, (tx) =>
    writeAlertChange(tx, {
      alert: { ...alert, severity: 'CRITICAL' },
      events: [{ type: 'SEVERITY_ROSE', message: 'from HIGH to CRITICAL' }],
    }),
  );
  doorbell.changed(`alert:${id}`);
}

it('messages about alerts go on in the fallback channel, once, and what is new is told where it belongs again', async () => {
  await start({ worker: false, settings: (slack) => ({ SLACK_FALLBACK_CHANNEL: slack.channelId('sr-demo') }) });
  const { late, alone } = await archive();
  await expect.poll(() => told(late), patient).toBe(3);
  expect(texts('sr-demo')).toEqual([expect.stringContaining('11 alerts about nodes')]);
  await expect.poll(() => replies('sr-demo'), patient).toEqual([expect.stringMatching(/\*CRITICAL\* 3 alerts joined/)]);
  await becomesWorse(alone);
  await expect.poll(() => texts('sr-demo').length, patient).toBe(2);
  await expect.poll(() => replies('sr-demo').join(), patient).toContain('SEVERITY ROSE');

  const more = await open(2);
  await expect.poll(waits, patient).toBe(2);
  await hurry();
  await expect.poll(() => told(more), patient).toBe(2);
  expect(texts('sr-demo')).toEqual([expect.stringContaining('13 alerts about nodes'), expect.anything()]);
  expect(messages('ops-alerts')).toHaveLength(2);

  // Both are gone: what is new waits for whichever comes back.
  world.slack.ctl.setArchived('sr-demo', true);
  const other = await open(1, { rule: 'other_rule' });
  await expect.poll(refused, patient).toEqual([true, expect.anything()]);
  expect(await told(other)).toBe(0);
  world.slack.ctl.setArchived('ops-alerts', false);
  await world.ctx.db.updateTable('slack_card').set({ due_at: databaseNow }).where('ts', 'is', null).execute();
  await expect.poll(() => told(other), patient).toBe(1);
  expect(messages('ops-alerts')).toHaveLength(3);
});

it('without a fallback channel nothing is lost, and all of it is told when the channel is there again', async () => {
  await start({ worker: false });
  const { early, late, alone } = await archive();
  await becomesWorse(alone);
  // One that is under way would be refused after the channel is back, and wait for its next try.
  await expect.poll(refused, patient).toEqual([true, 2]);
  expect(await told([...early, ...late])).toBe(8);
  const [first] = messages('ops-alerts');

  world.slack.ctl.setArchived('ops-alerts', false);
  // The next try of one message brings what else was refused in the channel along.
  await world.ctx.db.updateTable('slack_card').set({ due_at: databaseNow }).where('kind', '=', 'GROUP').execute();
  await expect.poll(() => told([...early, ...late]), patient).toBe(11);
  await expect
    .poll(() => replies('ops-alerts').toSorted(), patient)
    .toEqual([expect.stringMatching(/\*CRITICAL\* 3 alerts joined/), expect.stringContaining('SEVERITY ROSE')]);
  await expect.poll(refused, patient).toEqual([false, 0]);
  expect(messages('ops-alerts')).toHaveLength(2);
  expect(messages('ops-alerts')[0]?.ts).toBe(first?.ts);
});
