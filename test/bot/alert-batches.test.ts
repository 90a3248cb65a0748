import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Alert, Severity } from '../../src/domain/alert.ts';
import { acknowledgeAlert } from '../../src/store/alerts/alert-handling.ts';
import { findAlert, insertAlert, writeAlertChange } from '../../src/store/alerts/alerts.ts';
import { databaseNow, inTransaction } from '../../src/store/database.ts';
import { readUntoldCriticalMs } from '../../src/store/reads/metrics.ts';
import { findPersonByName } from '../../src/store/reads/persons.ts';
import { firstTold } from '../../src/store/slack/told.ts';
import { approver } from '../helpers/engine.ts';
import { button, postAsBot, startWorld, type World } from './fixture.ts';

const channel = 'ops-alerts';
let world: World;
let made = 0;

beforeAll(async () => {
  world = await startWorld({ worker: false });
});
afterAll(() => world.stop());

beforeEach(async () => {
  await clear();
});
afterEach(() => expect(world.slack.ctl.complaints()).toEqual([]));

/** Each test begins with a channel that nobody was told anything in. */
async function clear() {
  const { db } = world.ctx;
  await db
    .updateTable('alert')
    .set({ open_fingerprint: null, closed_at: databaseNow, signal_state: 'RESOLVED' })
    .execute();
  for (const table of ['alert_delivery', 'slack_line', 'slack_card', 'alert_group', 'alert_channel'] as const)
    await db.deleteFrom(table).execute();
  from = posted().length;
}
let from = 0;

type Wanted = { severity?: Severity; rule?: string; cluster?: string };

/** As the monitor opens them. */
async function open(count: number, { severity = 'CRITICAL', rule = 'node_down', cluster = 'prod-eu' }: Wanted = {}) {
  const { db } = world.ctx;
  const ids: string[] = [];
  await inTransaction(db, async (tx) => {
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
      const where = { id: world.clusters.prod, name: cluster, environment: 'prod' };
      ids.push(await insertAlert(tx, { cluster: where, condition, since: at, mute: { kind: 'NONE' }, at }));
    }
  });
  world.ctx.doorbell.changed(`alert:${ids[0]}`);
  return ids;
}

async function change(id: string, to: Partial<Alert>, type: 'RESOLVED' | 'MUTED' | 'UNMUTED' | 'SEVERITY_ROSE') {
  const { db, doorbell } = world.ctx;
  const alert = await findAlert(db, id);
  if (alert === null) throw new Error('the alert is gone');
  await inTransaction(db, (tx) =>
    writeAlertChange(tx, { alert: { ...alert, ...to }, events: [{ type, message: type }] }),
  );
  doorbell.changed(`alert:${id}`);
}

/** Lets time go by for what waits, and for what was told. */
async function age(seconds: number) {
  const { db } = world.ctx;
  const columns = {
    alert_delivery: ['waits_since', 'decided_at'],
    alert_group: ['busy_at', 'news_at'],
    slack_card: ['sent_at'],
    slack_line: ['sent_at'],
  };
  // At once: whoever plans meanwhile sees all of it, or nothing. The channel first, as it does.
  await inTransaction(db, async (tx) => {
    await tx.updateTable('alert_channel').set({ due_at: databaseNow }).execute();
    for (const [table, names] of Object.entries(columns)) {
      const earlier = names.map((name) => sql`${sql.ref(name)} = TIMESTAMPADD(SECOND, ${-seconds}, ${sql.ref(name)})`);
      await sql`UPDATE ${sql.table(table)} SET ${sql.join(earlier)}`.execute(tx);
    }
  });
}

const posted = () =>
  world.slack.ctl.messages(channel).filter((message) => message.visibleTo === null && message.threadTs === null);
const fresh = () => posted().slice(from);
const texts = () => fresh().map(({ content }) => content.text);
const told = async (ids: readonly string[]) => (await firstTold(world.ctx.db, ids)).size;
const waits = async () => {
  const { db } = world.ctx;
  const rows = await db.selectFrom('alert_delivery').select('alert_id').where('waits_since', 'is not', null).execute();
  return rows.length;
};
const patient = { timeout: 8_000, interval: 50 };

it('one CRITICAL alert is told at once, further ones in messages of their own, and the sixth on in one message', async () => {
  const first = await open(1);
  await expect.poll(texts, patient).toEqual([expect.stringMatching(/^\[CRITICAL\] prod-eu: be \d+ is down/)]);
  const further = await open(2);
  await expect.poll(waits, patient).toBe(2);
  await age(10);
  await expect.poll(() => texts().length, patient).toBe(3);
  const many = await open(30);
  await expect.poll(waits, patient).toBe(30);
  await age(10);
  await expect
    .poll(() => texts().at(-1), patient)
    .toMatch(
      /^\[CRITICAL\] prod-eu: 33 alerts about nodes since <!date\S+ \{time\}\|[^>]+>\. All are firing, none is acknowledged\. A-\d+, A-\d+, A-\d+$/,
    );
  expect(texts()).toHaveLength(4);
  await expect.poll(() => told([...first, ...further, ...many]), patient).toBe(33);

  await change(first[0] ?? '', { signal: 'RESOLVED', resolvedAt: new Date() }, 'RESOLVED');
  const { db } = world.ctx;
  await db.updateTable('slack_card').set({ due_at: databaseNow }).execute();
  await expect.poll(() => texts().at(-1), patient).toContain('32 of them are firing');

  const last = await open(1);
  await expect.poll(waits, patient).toBe(1);
  await age(70);
  await expect.poll(() => texts().at(-1), patient).toContain('34 alerts about nodes');
  await expect
    .poll(() => world.slack.ctl.messages(channel).map(({ content }) => content.text), patient)
    .toContainEqual(
      expect.stringMatching(/^\*CRITICAL\* 1 alert joined this message: A-\d+ prod-eu: be \d+ is down\.$/),
    );
  await expect.poll(() => told(last), patient).toBe(1);
  expect(texts()).toHaveLength(4);
});

it('all that a message tells of is taken with one button, one by one, but for what is over, joined later or is taken', async () => {
  const ids = await open(7);
  await expect.poll(() => texts().at(-1), patient).toContain('7 alerts about nodes');
  await expect.poll(() => told(ids), patient).toBe(7);
  const [over = '', taken = '', ...others] = ids;
  const shown = await world.kim.waitForMessage({ channel, text: '7 alerts about nodes' });
  await change(over, { signal: 'RESOLVED', resolvedAt: new Date() }, 'RESOLVED');
  await acknowledgeAlert(world.ctx.db, {
    ...{ alertId: taken, actor: approver, comment: null, requestId: null, changed: () => {} },
  });
  const words = () =>
    (world.kim.sees(channel).find(({ ts }) => ts === shown.ts)?.lines ?? [])
      .join('\n')
      .match(/(FIRING|ACKED by \w+|RESOLVED)(?=\* A-\d+)/g);
  const rest = [`ACKED by ${approver.name}`, 'RESOLVED'];
  await expect.poll(words, patient).toEqual([...others.map(() => 'FIRING'), ...rest]);
  await world.kim.click(shown, 'alert.ack_all');
  await world.kim.waitForMessage({ channel, text: /^You take care of 5 alerts: A-\d+/ });
  const { db } = world.ctx;
  const rows = await db.selectFrom('alert').select(['id', 'acked_by_name']).where('id', 'in', ids).execute();
  const byName = new Map(rows.map((row) => [row.id, row.acked_by_name]));
  expect(others.map((id) => byName.get(id))).toEqual(others.map(() => 'kim'));
  expect([byName.get(over), byName.get(taken)]).toEqual([null, approver.name]);
  const audited = await db
    .selectFrom('audit_event')
    .select('subject')
    .where('action', '=', 'acknowledgeAlert')
    .execute();
  expect(audited.length).toBe(6);
});

it('the button that takes all takes what its message showed, of nobody who may not, and nothing by a value of somebody else', async () => {
  const { db } = world.ctx;
  const ids = await open(7);
  await expect.poll(() => told(ids), patient).toBe(7);
  const shown = await world.lee.waitForMessage({ channel, text: '7 alerts about nodes' });
  const value = /agr_[0-9A-Z]{26} \d+/.exec(JSON.stringify(fresh()[0]?.content))?.[0] ?? '';
  const takenBy = async (of: readonly string[]) => {
    const rows = await db.selectFrom('alert').select('acked_by_name').where('id', 'in', of).execute();
    return [...new Set(rows.map((row) => row.acked_by_name))];
  };
  const lee = await findPersonByName(db, 'lee');
  const leeIs = (role: string) =>
    db
      .updateTable('role_binding')
      .set({ role })
      .where('person_id', '=', lee?.id ?? '')
      .execute();
  const refused = async () => {
    const { count } = await db
      .selectFrom('audit_event')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('action', '=', 'acknowledgeAlert')
      .where('outcome', '=', 'FORBIDDEN')
      .executeTakeFirstOrThrow();
    return Number(count);
  };
  await leeIs('VIEWER');
  const before = await refused();
  await world.lee.click(shown, 'alert.ack_all');
  await world.lee.waitForMessage({ channel, text: /^You have taken none of the alerts of that message\. 7 not: / });
  await leeIs('APPROVER');
  expect([await takenBy(ids), (await refused()) - before]).toEqual([[null], 7]);

  // Two more join: who answers the older message has not seen them.
  const late = await open(2);
  await expect.poll(waits, patient).toBe(2);
  await age(70);
  await expect.poll(() => told(late), patient).toBe(2);
  const [group = ''] = value.split(' ');
  for (const forged of ['', group, `${group} x`, `${group} 1 OR 1=1`, `alr_${group.slice(4)} 1`]) {
    const other = await postAsBot(world, { channel, elements: [button('alert.ack_all', forged)] });
    await world.kim.click(other, 'alert.ack_all');
    await world.kim.waitForMessage({ channel, text: 'This button carries nothing that I know' });
    world.kim.reload();
  }
  const strange = await postAsBot(world, {
    ...{ channel, elements: [button('alert.ack_all', `agr_${'0'.repeat(26)} 999`)] },
  });
  await world.kim.click(strange, 'alert.ack_all');
  await world.kim.waitForMessage({ channel, text: 'You have taken none of the alerts of that message. All of them' });
  expect(await takenBy([...ids, ...late])).toEqual([null]);

  const older = await postAsBot(world, { channel, elements: [button('alert.ack_all', value)] });
  await world.kim.click(older, 'alert.ack_all');
  await world.kim.waitForMessage({ channel, text: /^You take care of 7 alerts: / });
  expect([await takenBy(ids), await takenBy(late)]).toEqual([['kim'], [null]]);
});

it('an alert that was resolved while others of its group were waited for is not told, and counted', async () => {
  const [short = ''] = await open(1, { severity: 'HIGH' });
  await expect.poll(waits, patient).toBe(1);
  await change(short, { signal: 'RESOLVED', resolvedAt: new Date() }, 'RESOLVED');
  await expect.poll(waits, patient).toBe(0);
  await age(60);
  const { db } = world.ctx;
  const row = await db.selectFrom('alert_delivery').selectAll().where('alert_id', '=', short).executeTakeFirst();
  expect(row).toMatchObject({ missed: 1, card_id: null, told_at: null });
  expect(fresh()).toEqual([]);
});

it('more than a channel takes is collected in one message, and an alert on it that was hidden is told again', async () => {
  const clusters = Array.from({ length: 30 }, (_, index) => `prod-${index}`);
  const ids = (
    await Promise.all(clusters.map((cluster, index) => open(2, { severity: 'HIGH', rule: `rule_${index}`, cluster })))
  ).flat();
  await expect.poll(waits, patient).toBe(60);
  await age(30);
  await expect
    .poll(texts, patient)
    .toEqual([
      expect.stringMatching(
        /^\[HIGH\] Alert storm: 60 alerts on 30 clusters, 0 CRITICAL, since .*>\. All are firing, none is acknowledged\.$/,
      ),
    ]);
  await expect.poll(() => told(ids), patient).toBe(60);
  expect(await waits()).toBe(0);

  const [hidden = ''] = ids;
  await change(hidden, { mute: { kind: 'INHIBITED', by: 'no_leader', because: 'no leader' } }, 'MUTED');
  const isHidden = async () => {
    const { db } = world.ctx;
    return (await db.selectFrom('alert_delivery').select('alert_id').where('hidden', '=', 1).execute()).length;
  };
  await expect.poll(isHidden, patient).toBe(1);
  await change(hidden, { mute: { kind: 'NONE' } }, 'UNMUTED');
  await expect.poll(waits, patient).toBe(1);
  await age(320);
  await expect
    .poll(() => world.slack.ctl.messages(channel).map(({ content }) => content.text), patient)
    .toContainEqual(expect.stringMatching(/^\*HIGH\* 1 alert joined this message/));
  await age(320);
  // Who planned the channel meanwhile says afterwards when it is due again.
  const seen = async () => {
    await world.ctx.db.updateTable('alert_channel').set({ due_at: databaseNow }).execute();
    return texts()[0];
  };
  await expect.poll(seen, patient).toContain('Alert storm, over');
  expect(texts()).toHaveLength(1);
});

it('two bots, an answer that was lost and a token that is refused for a while make one message, which tells of all', async () => {
  const { db } = world.ctx;
  const second = await world.startSecondBot();
  world.slack.ctl.faults.add({ method: 'chat.postMessage', nth: 1, effect: { kind: 'error', error: 'invalid_auth' } });
  world.slack.ctl.faults.add({ method: 'chat.postMessage', nth: 2, effect: { kind: 'lostAnswer' } });
  const ids = await open(8);
  const refused = () =>
    db.selectFrom('slack_card').select('state').where('error', '=', 'invalid_auth').executeTakeFirst();
  await expect.poll(refused, patient).toEqual({ state: 'QUEUED' });
  expect(await readUntoldCriticalMs(db)).toBeGreaterThan(0);
  await second.stop();
  await world.stopBot();
  await db.updateTable('slack_card').set({ due_at: databaseNow }).execute();
  await world.startBot();
  await expect.poll(() => told(ids), { timeout: 15_000, interval: 50 }).toBe(8);
  expect(texts()).toHaveLength(1);
  expect(await readUntoldCriticalMs(db)).toBe(0);
});
