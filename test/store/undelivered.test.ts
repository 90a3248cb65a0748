import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Severity } from '../../src/domain/alert.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { databaseNow, databaseNowPlus, inTransaction } from '../../src/store/database.ts';
import { countAlerts, listAlerts } from '../../src/store/reads/alerts.ts';
import { deliveriesOfAlerts, readUndelivered } from '../../src/store/reads/deliveries.ts';
import { readUntoldCriticalMs } from '../../src/store/reads/metrics.ts';
import { insertCard } from '../../src/store/slack/slack-cards.ts';
import { type Engine, startEngine } from '../helpers/engine.ts';

let engine: Engine;
let clusterId: string;
let made = 0;

beforeAll(async () => {
  engine = await startEngine();
  clusterId = await engine.addCluster('prod-eu', 'prod');
});
afterAll(() => engine?.close());
beforeEach(async () => {
  for (const table of ['alert_delivery', 'alert_channel', 'slack_card', 'alert'] as const)
    await engine.ctx.db.deleteFrom(table).execute();
});

/** An alert that fires for so many seconds. */
async function open(ageS: number, severity: Severity = 'CRITICAL'): Promise<string> {
  const { db } = engine.ctx;
  made += 1;
  const at = new Date();
  const condition = {
    ...{ fingerprint: String(made).padStart(64, '0'), rule: 'node_down', severity, nodeId: null, labels: {} },
    ...{ title: 'down', pastTitle: 'was down', startedAt: at, forMs: 0, minSamples: 1, text: ['It is down'] },
  };
  const cluster = { id: clusterId, name: 'prod-eu', environment: 'prod' };
  const id = await inTransaction(db, (tx) =>
    insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at }),
  );
  await db
    .updateTable('alert')
    .set({ changed_at: databaseNowPlus(-ageS * 1_000) })
    .where('id', '=', id)
    .execute();
  return id;
}

type Noted = { readonly waitsS?: number; readonly decidedS?: number; readonly toldS?: number; readonly error?: string };

async function note(id: string, { waitsS, decidedS, toldS, error }: Noted): Promise<void> {
  const { db } = engine.ctx;
  const ago = (seconds: number | undefined) => (seconds === undefined ? null : databaseNowPlus(-seconds * 1_000));
  const cardId = decidedS === undefined ? null : await insertCard(db, { kind: 'ALERT', subjectId: id, channel: 'C1' });
  if (error !== undefined)
    await db.updateTable('slack_card').set({ state: 'FAILED', error }).where('id', '=', cardId).execute();
  await db
    .insertInto('alert_delivery')
    .values({
      ...{ alert_id: id, channel: 'C1', severity: 'HIGH', family: 'nodes', card_id: cardId },
      ...{ waits_since: ago(waitsS), decided_at: ago(decidedS), told_at: ago(toldS) },
    })
    .execute();
}

const count = async () => (await readUndelivered(engine.ctx.db)).count;

it.each<[string, Severity, Noted, number]>([
  ['a CRITICAL alert that waits for three minutes', 'CRITICAL', { waitsS: 180 }, 1],
  ['a CRITICAL alert that waits for a minute', 'CRITICAL', { waitsS: 60 }, 0],
  ['a MEDIUM alert that waits for its turn', 'MEDIUM', { waitsS: 600 }, 0],
  ['a MEDIUM alert that waits for an hour', 'MEDIUM', { waitsS: 3_600 }, 1],
  ['a LOW alert that waits for the daily message', 'LOW', { waitsS: 80_000 }, 0],
  ['a HIGH alert whose message is refused', 'HIGH', { decidedS: 400, error: 'is_archived' }, 1],
  ['a HIGH alert whose message is on its way', 'HIGH', { decidedS: 60 }, 0],
  ['an alert that was told', 'CRITICAL', { decidedS: 4_000, toldS: 4_000 }, 0],
])('%s: %s %o counts %i', async (_, severity, noted, expected) => {
  await note(await open(5_000, severity), noted);
  expect(await count()).toBe(expected);
});

it('what is hidden, taken or over is not waited for', async () => {
  const { db } = engine.ctx;
  const id = await open(600);
  await note(id, { waitsS: 600 });
  expect(await count()).toBe(1);
  for (const change of [
    { muted_by: 'S-1' },
    { muted_by: null, acked_by_id: 'per_1' },
    { acked_by_id: null, signal_state: 'RESOLVED' },
  ]) {
    await db.updateTable('alert').set(change).where('id', '=', id).execute();
    expect(await count()).toBe(0);
  }
});

it('says what Slack answered, and for how long the oldest waits', async () => {
  await note(await open(900), { decidedS: 700, error: 'is_archived' });
  await note(await open(900), { waitsS: 300 });
  const { oldestMs, ...rest } = await readUndelivered(engine.ctx.db);
  expect(rest).toEqual({ count: 2, error: 'is_archived' });
  expect(oldestMs).toBeGreaterThanOrEqual(700_000);
});

it('an alert that nobody noted counts once nobody plans the channels, and not where none was ever planned', async () => {
  const { db } = engine.ctx;
  await open(400);
  expect([await count(), await readUntoldCriticalMs(db)]).toEqual([0, 0]);
  await db.insertInto('alert_channel').values({ channel: 'C1', due_at: databaseNow }).execute();
  expect([await count(), await readUntoldCriticalMs(db)]).toEqual([0, 0]);
  await db
    .updateTable('alert_channel')
    .set({ due_at: databaseNowPlus(-200_000) })
    .execute();
  expect(await count()).toBe(1);
  expect(await readUntoldCriticalMs(db)).toBeGreaterThanOrEqual(400_000);
  await db
    .updateTable('alert_channel')
    .set({ due_at: databaseNowPlus(-8 * 86_400_000) })
    .execute();
  expect(await count()).toBe(0);
});

it('lists what people are still to be told of, of what the asker may see', async () => {
  const { db } = engine.ctx;
  const waiting = await open(10);
  await note(waiting, { waitsS: 10 });
  const told = await open(10);
  await note(told, { decidedS: 5, toldS: 5 });
  const again = await open(10);
  await note(again, { decidedS: 50, toldS: 50, waitsS: 5 });
  const nowhere = await open(10);
  const daily = await open(10, 'LOW');
  await note(daily, { decidedS: 5 });
  await db.updateTable('slack_card').set({ kind: 'DIGEST', ts: '1.1' }).where('subject_id', '=', daily).execute();
  const ended = await open(10);
  await db.updateTable('alert').set({ signal_state: 'RESOLVED' }).where('id', '=', ended).execute();
  const list = async (untold: boolean) => {
    const rows = await listAlerts(db, {
      visibility: 'everywhere',
      filter: { untold },
      page: { limit: 50, after: null },
    });
    return rows.map(({ id }) => id).toSorted();
  };
  expect(await list(true)).toEqual([waiting, again, nowhere].toSorted());
  expect(await list(false)).toEqual([told, daily, ended].toSorted());
  const elsewhere = { environments: ['dev'], clusterIds: [] };
  expect(await countAlerts(db, { visibility: elsewhere, filter: { untold: true } })).toBe(0);
  expect(await countAlerts(db, { visibility: 'everywhere', filter: { untold: true } })).toBe(3);
  const records = await deliveriesOfAlerts(db, [waiting, told, nowhere]);
  expect(records.map(({ alertId }) => alertId).toSorted()).toEqual([waiting, told].toSorted());
});
