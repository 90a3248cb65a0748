import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, openDatabase } from '../../src/store/database.ts';
import { noteWaiting } from '../../src/store/slack/alert-waiting.ts';
import { planChannel } from '../../src/store/slack/channel-plan.ts';
import { readChannelState } from '../../src/store/slack/channel-state.ts';
import { checkPlace, insertCard } from '../../src/store/slack/slack-cards.ts';
import { insertLine } from '../../src/store/slack/slack-lines.ts';
import { type Engine, startEngine } from '../helpers/engine.ts';

const channel = 'U0PERSON';
let engine: Engine;
let clusterId: string;
/** Two processes, each with connections of its own. */
let bots: readonly { readonly holder: string; readonly db: Database }[];
let made = 0;

beforeAll(async () => {
  engine = await startEngine();
  clusterId = await engine.addCluster('prod-eu', 'prod');
  const other = openDatabase({ url: engine.env.DATABASE_URL ?? '', poolSize: 4, answerMs: null });
  bots = [
    { holder: 'one', db: engine.ctx.db },
    { holder: 'two', db: other },
  ];
});
afterAll(async () => {
  await bots?.[1]?.db.destroy();
  await engine?.close();
});
beforeEach(async () => {
  for (const table of ['alert_delivery', 'alert_channel', 'alert_group', 'slack_line', 'slack_card'] as const)
    await engine.ctx.db.deleteFrom(table).execute();
  await engine.ctx.db.deleteFrom('alert').execute();
});

const noting = { route: () => channel, familyOf: (rule: string) => rule };
const words = { news: () => 'more', stormOver: () => 'over' };

/** Each of a family of its own, so that each would have a message of its own. */
async function open(count: number): Promise<void> {
  await inTransaction(engine.ctx.db, async (tx) => {
    for (let index = 0; index < count; index += 1) {
      made += 1;
      const at = new Date();
      const condition = {
        ...{ fingerprint: String(made).padStart(64, '0'), rule: `rule_${made}`, severity: 'CRITICAL' as const },
        ...{ nodeId: null, labels: {}, title: 'down', pastTitle: 'was down', startedAt: at, forMs: 0, minSamples: 1 },
        text: ['It is down'],
      };
      const cluster = { id: clusterId, name: 'prod-eu', environment: 'prod' };
      await insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at });
    }
  });
}

/** Slack took what there is, and says that it stands in a channel of another id. */
async function send(): Promise<void> {
  await engine.ctx.db
    .updateTable('slack_card')
    .set({ ts: '1.1', sent_at: databaseNow, state: 'SENT', channel: 'D0DIRECT' })
    .where('ts', 'is', null)
    .execute();
}

async function turn({ holder, db }: { holder: string; db: Database }): Promise<void> {
  await noteWaiting(db, noting);
  await planChannel(db, { channel, holder, words });
}

it('two bots together make no more messages in a minute than one may, whatever Slack calls the channel', async () => {
  const { db } = engine.ctx;
  for (let round = 0; round < 8; round += 1) {
    await open(5);
    await Promise.all(bots.map(turn));
    await send();
  }
  await db.updateTable('alert_channel').set({ due_at: databaseNow }).execute();
  for (const bot of bots) await turn(bot);
  const cards = await db.selectFrom('slack_card').select('kind').execute();
  expect(cards.length).toBeLessThanOrEqual(20);
  expect(cards.length).toBeGreaterThanOrEqual(19);
  const told = await db.selectFrom('alert_delivery').select('alert_id').where('card_id', 'is not', null).execute();
  expect(told).toHaveLength(40);
});

it('counts a message for the channel that it was planned for, and for no other that it stands in', async () => {
  await open(3);
  const [bot] = bots;
  if (bot !== undefined) await turn(bot);
  await send();
  const { db } = engine.ctx;
  expect((await readChannelState(db, channel)).state.messages).toHaveLength(3);
  expect((await readChannelState(db, 'D0DIRECT')).state.messages).toEqual([]);
});

it('a reply that was refused while its message went on elsewhere is tried there at once', async () => {
  const { db } = engine.ctx;
  const cardId = await insertCard(db, { kind: 'ALERT', subjectId: 'alr_1', channel: 'C0NEW' });
  await insertLine(db, cardId, { key: 'news:1', text: 'more', broadcast: true });
  await db.updateTable('slack_card').set({ state: 'SENT', ts: '1.1' }).execute();
  await db
    .updateTable('slack_line')
    .set({ state: 'FAILED', error: 'is_archived', due_at: databaseNowPlus(60_000) })
    .execute();
  const { id } = await db.selectFrom('slack_line').select('id').executeTakeFirstOrThrow();
  const isDue = async () =>
    (await db.selectFrom('slack_line').select('id').where('due_at', '<=', databaseNow).execute()).length > 0;

  await checkPlace(db, { id, cardId, channel: 'C0NEW' });
  expect(await isDue()).toBe(false);
  await checkPlace(db, { id, cardId, channel: 'C0OLD' });
  expect(await isDue()).toBe(true);
});
