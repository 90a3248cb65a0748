import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimDue, isOurs, releaseClaim, renewClaim } from '../../src/store/claims.ts';
import { type Database, databaseNowPlus, migrate, openDatabase } from '../../src/store/database.ts';
import { claimCard, ensureCard, saveCard } from '../../src/store/slack/slack-cards.ts';
import { claimLine, ensureLines, listDueLines, saveLine } from '../../src/store/slack/slack-lines.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/services.ts';

let database: TestDatabase;
let db: Database;
let cardId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, poolSize: 4 });
  await migrate(db);
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

beforeEach(async () => {
  await db.deleteFrom('slack_line').execute();
  await db.deleteFrom('slack_card').execute();
  await ensureCard(db, { kind: 'RUN', subjectId: 'run_1', channel: 'C1' });
  ({ id: cardId } = await db.selectFrom('slack_card').select('id').executeTakeFirstOrThrow());
});

const claim = (holder: string, forMs = 10_000) => claimDue(db, { table: 'slack_card', id: cardId, holder, forMs });
const set = (change: { due_at?: Date; claimed_until?: Date }) => db.updateTable('slack_card').set(change).execute();

async function claimed(holder: string) {
  const found = await claim(holder);
  if (found === null) throw new Error('nobody else wanted it');
  return found;
}

describe('a claim', () => {
  it('goes to one of many who want it, with a fence that is its own', async () => {
    const found = await Promise.all(['a', 'b', 'c', 'd'].map((holder) => claim(holder)));
    const [first, ...others] = found.filter((one) => one !== null);
    expect(others).toEqual([]);
    const row = await db.selectFrom('slack_card').select(['claimed_by', 'fence']).executeTakeFirstOrThrow();
    expect(row).toEqual({ claimed_by: first?.holder, fence: first?.fence });
    if (first === undefined) throw new Error('nobody has it');
    await releaseClaim(db, first);
    expect((await claim('e'))?.fence).toBe(first.fence + 1);
  });

  it('is not to be had of what is not due, and of what is not there', async () => {
    await set({ due_at: new Date(Date.now() + 60_000) });
    expect(await claim('a')).toBeNull();
    expect(await claimDue(db, { table: 'slack_card', id: 'msg_0', holder: 'a', forMs: 10_000 })).toBeNull();
  });

  it('is prolonged while it lasts, and never after it ended', async () => {
    const held = await claimed('a');
    expect(await renewClaim(db, held, 60_000)).toBe(true);
    await set({ claimed_until: new Date(Date.now() - 1_000) });
    expect(await renewClaim(db, held, 60_000)).toBe(false);
  });

  it('that was taken by the same process again is another one', async () => {
    const slow = await claimed('a');
    await set({ claimed_until: new Date(Date.now() - 1_000) });
    const next = await claimed('a');
    expect(next.fence).toBe(slow.fence + 1);
    await releaseClaim(db, slow);
    const ours = (one: typeof slow) => db.selectFrom('slack_card').select('id').where(isOurs(one)).execute();
    expect(await ours(slow)).toEqual([]);
    expect(await ours(next)).toHaveLength(1);
  });

  it('is due at once when it is given back unused', async () => {
    const held = await claimDue(db, { table: 'slack_card', id: cardId, holder: 'a', forMs: 10_000, nextInMs: 60_000 });
    if (held === null) throw new Error('nobody else wanted it');
    await releaseClaim(db, held, { isDueNow: true });
    expect(await claim('b')).not.toBeNull();
  });
});

describe('a message that is sent by one of two processes', () => {
  const by = (id: string, holder: string) => ({ id, holder, forMs: 10_000 });

  it('records nothing once the other one has it', async () => {
    const slow = await claimCard(db, by(cardId, 'a'));
    if (slow === null) throw new Error('nobody else wanted it');
    await set({ claimed_until: new Date(Date.now() - 1_000) });
    const other = await claimCard(db, by(cardId, 'a'));
    expect(await saveCard(db, slow, { ts: '1.1', state: 'SENT' })).toBe(false);
    if (other === null) throw new Error('the claim had ended');
    expect(await saveCard(db, other, { ts: '2.2', state: 'SENT' })).toBe(true);
  });

  it('records what it sent when its time was over and nobody else came', async () => {
    const late = await claimCard(db, by(cardId, 'a'));
    await set({ claimed_until: new Date(Date.now() - 1_000) });
    if (late === null) throw new Error('nobody else wanted it');
    expect(await saveCard(db, late, { ts: '1.1', state: 'SENT' })).toBe(true);
  });

  it('is not sent a second time by one that listed it before the first had sent it', async () => {
    await db
      .updateTable('slack_card')
      .set({ ts: '1.1', due_at: databaseNowPlus(0) })
      .execute();
    await ensureLines(db, cardId, [{ key: 'end:1', text: 'It ended', broadcast: false }]);
    const [listed, ...others] = await listDueLines(db, 10, { withPicture: false });
    expect(others).toEqual([]);
    if (listed === undefined) throw new Error('the reply is not due');
    const first = await claimLine(db, by(listed, 'a'));
    if (first === null) throw new Error('nobody else wanted it');
    expect(await claimLine(db, by(listed, 'b'))).toBeNull();
    expect(await saveLine(db, first, { state: 'SENT', ts: '1.2' })).toBe(true);
    expect(await claimLine(db, by(listed, 'b'))).toBeNull();
  });
});

describe('a reply', () => {
  const by = (id: string) => ({ id, holder: 'a', forMs: 10_000 });
  let lineId: string;

  beforeEach(async () => {
    await db.updateTable('slack_card').set({ ts: '1.1', state: 'SENT' }).execute();
    await ensureLines(db, cardId, [{ key: 'end:1', text: 'It ended', broadcast: false }]);
    ({ id: lineId } = await db.selectFrom('slack_line').select('id').executeTakeFirstOrThrow());
  });

  type Unseen = { channel?: string; state?: 'FAILED' | 'SENDING'; inMs?: number; ageMs?: number };
  const addUnseen = async ({ channel = 'C1', state, inMs = 0, ageMs = 0 }: Unseen) => {
    await ensureCard(db, { kind: 'ALERT', subjectId: 'alr_1', channel });
    await db
      .updateTable('slack_card')
      .set({ due_at: databaseNowPlus(inMs), created_at: databaseNowPlus(-ageMs), ...(state && { state }) })
      .where('subject_id', '=', 'alr_1')
      .execute();
  };

  it.each<[string, Unseen]>([
    ['is due', {}],
    ['is being sent', { state: 'SENDING' }],
    ['waits a moment for its turn in the channel', { inMs: 1_000 }],
  ])('lets a card go first that nobody has seen and that %s', async (_name, unseen) => {
    await addUnseen(unseen);
    expect(await listDueLines(db, 10, { withPicture: false })).toEqual([]);
    expect(await claimLine(db, by(lineId))).toBeNull();
    await db.updateTable('slack_card').set({ ts: '2.2', state: 'SENT' }).where('subject_id', '=', 'alr_1').execute();
    expect(await listDueLines(db, 10, { withPicture: false })).toEqual([lineId]);
    expect(await claimLine(db, by(lineId))).toMatchObject({ id: lineId });
  });

  it('is not taken while its own card is on the way to another channel, also when it was listed before', async () => {
    expect(await listDueLines(db, 10, { withPicture: false })).toEqual([lineId]);
    // As when Slack refuses the place: older than what a reply waits for.
    const moving = { channel: 'C2', ts: null, state: 'QUEUED', created_at: databaseNowPlus(-86_400_000) } as const;
    await db.updateTable('slack_card').set(moving).execute();
    expect(await claimLine(db, by(lineId))).toBeNull();
    await db.updateTable('slack_card').set({ ts: '3.3', state: 'SENT' }).execute();
    expect(await claimLine(db, by(lineId))).toMatchObject({ channel: 'C2', threadTs: '3.3' });
  });

  it.each<[string, Unseen]>([
    ['goes into another channel', { channel: 'C2' }],
    ['Slack refuses', { state: 'FAILED', inMs: 60_000 }],
    ['Slack refused, when it is due again', { state: 'FAILED' }],
    ['is tried again much later', { inMs: 30_000 }],
    ['could not be sent for an hour', { ageMs: 3_600_000 }],
  ])('does not wait for a card that %s', async (_name, unseen) => {
    await addUnseen(unseen);
    expect(await listDueLines(db, 10, { withPicture: false })).toEqual([lineId]);
    expect(await claimLine(db, by(lineId))).toMatchObject({ id: lineId });
  });
});
