import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { findAlert, insertAlert, writeAlertChange } from '../../../src/store/alerts/alerts.ts';
import { inTransaction, readDatabaseTime } from '../../../src/store/database.ts';
import { noteWaiting } from '../../../src/store/slack/alert-waiting.ts';
import { planChannel } from '../../../src/store/slack/channel-plan.ts';
import { ensureDigests, listDueDigests, makeDigest, readDigest } from '../../../src/store/slack/digests.ts';
import { firstTold } from '../../../src/store/slack/told.ts';
import { type Engine, startEngine } from '../../helpers/engine.ts';

const channel = 'C0ALERTS';
const time = { minute: 540, timeZone: 'UTC' };
const route = () => channel;
const words = { news: () => '', stormOver: () => '' };
let engine: Engine;
let clusterId: string;
let made = 0;

beforeAll(async () => {
  engine = await startEngine();
  clusterId = await engine.addCluster('prod-eu', 'prod');
});
afterAll(() => engine?.close());
beforeEach(async () => {
  for (const table of [
    'alert_event',
    'alert',
    'alert_delivery',
    'slack_card',
    'alert_group',
    'alert_channel',
    'alert_digest',
  ] as const)
    await engine.ctx.db.deleteFrom(table).execute();
});

async function open(severity: 'LOW' | 'HIGH' = 'LOW'): Promise<string> {
  const { db } = engine.ctx;
  made += 1;
  const condition = {
    ...{ fingerprint: String(made).padStart(64, '0'), rule: 'node_stopped', severity, nodeId: null, labels: {} },
    ...{ title: 'be is stopped', pastTitle: 'be was stopped', text: ['x'], startedAt: null, forMs: 0, minSamples: 1 },
  };
  const cluster = { id: clusterId, name: 'prod-eu', environment: 'prod' };
  const id = await inTransaction(db, async (tx) => {
    const at = await readDatabaseTime(tx);
    return insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at });
  });
  await note();
  return id;
}
const note = () => noteWaiting(engine.ctx.db, { route, familyOf: (rule) => rule });
const ensure = () => ensureDigests(engine.ctx.db, { channels: [channel], time });
/** The hour has come, so many days ago. */
const pass = (days = 0) =>
  engine.ctx.db
    .updateTable('alert_digest')
    .set({
      due_at: sql<Date>`UTC_TIMESTAMP(3) - INTERVAL ${days} DAY`,
      day: sql<string>`DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL ${days} DAY, '%Y-%m-%d')`,
    })
    .where('open_key', 'is not', null)
    .execute();
const make = async (holder = 'one') => {
  const [id = 'none'] = await listDueDigests(engine.ctx.db, 5);
  return { id, digest: await makeDigest(engine.ctx.db, { id, holder, time, route }) };
};
const cards = () => engine.ctx.db.selectFrom('slack_card').selectAll().execute();
const ahead = () => engine.ctx.db.selectFrom('alert_digest').selectAll().where('open_key', 'is not', null).execute();
const delivery = (id: string) =>
  engine.ctx.db.selectFrom('alert_delivery').selectAll().where('alert_id', '=', id).executeTakeFirstOrThrow();

it('has one message ahead for a channel, however many ask for it', async () => {
  await Promise.all([ensure(), ensure(), ensure()]);
  await ensure();
  expect(await ahead()).toHaveLength(1);
  expect(await listDueDigests(engine.ctx.db, 5)).toEqual([]);
});

it('tells of LOW alerts in it alone, and is made once by one of several bots', async () => {
  const id = await open();
  await ensure();
  await planChannel(engine.ctx.db, { channel, holder: 'one', words });
  expect(await cards()).toEqual([]);
  await pass();
  const [due = 'none'] = await listDueDigests(engine.ctx.db, 5);
  const all = await Promise.all(
    ['one', 'two', 'three'].map((holder) => makeDigest(engine.ctx.db, { id: due, holder, time, route })),
  );
  expect(all.filter((digest) => digest !== null)).toHaveLength(1);
  expect(await cards()).toMatchObject([{ kind: 'DIGEST', subject_id: due, channel, state: 'QUEUED' }]);
  expect(await readDigest(engine.ctx.db, due)).toMatchObject({ clusters: [{ name: 'prod-eu', lowCount: 1 }] });
  expect((await delivery(id)).waits_since).toBeNull();
  expect(await firstTold(engine.ctx.db, [id])).toEqual(new Map());
  expect(await ahead()).toHaveLength(1);
  expect(await listDueDigests(engine.ctx.db, 5)).toEqual([]);
});

it('is made by another bot when the first died after its claim, and once', async () => {
  await open();
  await ensure();
  await pass();
  await engine.ctx.db
    .updateTable('alert_digest')
    .set({ claimed_by: 'dead', claimed_until: sql<Date>`UTC_TIMESTAMP(3) - INTERVAL 1 SECOND`, fence: 7 })
    .execute();
  expect((await make('two')).digest).not.toBeNull();
  expect((await make('two')).digest).toBeNull();
  expect(await cards()).toHaveLength(1);
});

it('makes one message after two days away, and the next on another day', async () => {
  await open();
  await ensure();
  await pass(2);
  await make();
  await ensure();
  expect(await cards()).toHaveLength(1);
  const [next] = await ahead();
  expect(next?.due_at?.getTime()).toBeGreaterThan(Date.now());
  expect(await listDueDigests(engine.ctx.db, 5)).toEqual([]);
});

it('posts nothing when there is nothing to report', async () => {
  await ensure();
  await pass();
  expect((await make()).digest).toMatchObject({ clusters: [] });
  expect(await cards()).toEqual([]);
  expect(await ahead()).toHaveLength(1);
});

it('counts what was resolved before anybody was told, and tells at once of a LOW alert that became worse', async () => {
  const [over, worse] = [await open(), await open()];
  const change = async (id: string, to: object, type: 'RESOLVED' | 'SEVERITY_ROSE') => {
    const alert = await findAlert(engine.ctx.db, id);
    if (alert === null) throw new Error('the alert is gone');
    await inTransaction(engine.ctx.db, (tx) =>
      writeAlertChange(tx, { alert: { ...alert, ...to }, events: [{ type, message: type }] }),
    );
    await note();
  };
  await ensure();
  await change(over, { signal: 'RESOLVED', resolvedAt: new Date() }, 'RESOLVED');
  await pass();
  const { digest } = await make();
  expect(digest).toMatchObject({ clusters: [{ lowCount: 1, missed: [{ rule: 'node_stopped', count: 1 }] }] });
  await change(worse, { severity: 'CRITICAL' }, 'SEVERITY_ROSE');
  await planChannel(engine.ctx.db, { channel, holder: 'one', words });
  expect((await cards()).map(({ kind }) => kind).toSorted()).toEqual(['ALERT', 'DIGEST']);
});
