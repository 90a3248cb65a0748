import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { tidyAlerts } from '../../src/monitor/tidy-alerts.ts';
import { pruneAlerts } from '../../src/store/alerts/prune-alerts.ts';
import { type Database, databaseNow, databaseNowPlus } from '../../src/store/database.ts';
import { pruneDigests } from '../../src/store/slack/prune-digests.ts';
import { pruneEndings } from '../../src/store/slack/prune-endings.ts';
import { pruneGroups } from '../../src/store/slack/prune-groups.ts';
import { mortalDatabase } from '../helpers/alerts/mortal-teller.ts';
import { makeAlert, makeCard, makeDelivery, makeEscalation, makeGroup } from '../helpers/alerts/old-alerts.ts';
import { type Engine, startEngine } from '../helpers/engine.ts';

let engine: Engine;
let db: Database;

beforeAll(async () => {
  engine = await startEngine();
  db = engine.ctx.db;
});
afterAll(() => engine?.close());

const tables = [
  ...(['alert', 'alert_event', 'alert_delivery', 'alert_group', 'alert_digest'] as const),
  ...(['slack_card', 'slack_line', 'escalation', 'escalation_step', 'escalation_delivery'] as const),
] as const;

beforeEach(async () => {
  await Promise.all(tables.map((table) => db.deleteFrom(table).execute()));
});

/** How many rows each table has; those without any are left out. */
async function rows(): Promise<Record<string, number>> {
  const counts = await Promise.all(
    tables.map(async (table): Promise<readonly [string, number]> => {
      const counted = db.selectFrom(table).select(({ fn }) => fn.countAll<number>().as('all'));
      return [table, Number((await counted.executeTakeFirstOrThrow()).all)];
    }),
  );
  return Object.fromEntries(counts.filter(([, all]) => all > 0));
}

async function prune(by: Database = db): Promise<void> {
  for (;;) {
    const groups = await pruneGroups(by, { batch: 20 });
    const alerts = await pruneAlerts(by, { batch: 100 });
    if (groups + alerts + (await pruneDigests(by, { batch: 500 })) === 0) return;
  }
}

/** An alert with a message of its own, one in another place, and an escalation. */
async function makeWhole(closedDays: number | null, condition?: number): Promise<{ id: string; card: string }> {
  const id = await makeAlert(db, { closedDays, ...(condition === undefined ? {} : { condition }) });
  const card = await makeCard(db, { kind: 'ALERT', subjectId: id });
  await makeDelivery(db, { alertIds: [id], cardId: card });
  await makeCard(db, { kind: 'ESCALATION', subjectId: await makeEscalation(db, id) });
  return { id, card };
}

const whole = {
  ...{ alert: 1, alert_event: 1, alert_delivery: 1, slack_card: 2, slack_line: 2 },
  ...{ escalation: 1, escalation_step: 1, escalation_delivery: 2 },
};

async function makeGroupOf(closedDays: readonly (number | null)[], group: number | null = 401): Promise<string[]> {
  const cardId = await makeGroup(db, { id: 'agr_1', closedDays: group });
  const alertIds: string[] = [];
  for (const days of closedDays) alertIds.push(await makeAlert(db, { closedDays: days }));
  await makeDelivery(db, { alertIds, cardId, groupId: 'agr_1' });
  return alertIds;
}

it('removes an alert that closed 401 days ago whole, and nothing of one that closed 399 days ago', async () => {
  await makeWhole(401);
  await prune();
  expect(await rows()).toEqual({});
  await makeWhole(399);
  await prune();
  expect(await rows()).toEqual(whole);
});

it('removes no message of a run, of a token or of another alert', async () => {
  await makeWhole(401);
  await makeCard(db, { kind: 'RUN', subjectId: 'run_1' });
  await makeWhole(1);
  await prune();
  expect(await rows()).toEqual({ ...whole, slack_card: 3, slack_line: 3 });
});

it.each(['TOKEN', 'SILENCE'] as const)(
  'removes the message about a %s that ended long ago, sent or refused',
  async (kind) => {
    const made = async (subjectId: string, days: number, state: string) => {
      const id = await makeCard(db, { kind, subjectId });
      await db
        .updateTable('slack_card')
        .set({ created_at: databaseNowPlus(-days * 86_400_000), state })
        .where('id', '=', id)
        .execute();
      return id;
    };
    await made('a', 91, 'SENT');
    await made('b', 91, 'FAILED');
    const stay = [await made('c', 89, 'SENT'), await made('d', 91, 'QUEUED'), await made('e', 91, 'UNKNOWN')];
    const claimed = await made('f', 91, 'SENT');
    await db.updateTable('slack_card').set({ claimed_until: hour }).where('id', '=', claimed).execute();
    expect(await pruneEndings(db, { batch: 1 })).toBe(1);
    expect(await pruneEndings(db, { batch: 500 })).toBe(1);
    expect(await pruneEndings(db, { batch: 500 })).toBe(0);
    const left = await db.selectFrom('slack_card').select('id').execute();
    expect(left.map(({ id }) => id).toSorted()).toEqual([...stay, claimed].toSorted());
  },
);

const hour = databaseNowPlus(3_600_000);
const stays: readonly (readonly [string, (id: string, card: string) => Promise<unknown>])[] = [
  [
    'is open, however old, also when it is acknowledged and hidden',
    (id) =>
      db
        .updateTable('alert')
        .set({ closed_at: null, acked_by_id: 'per_1', muted_by: 'silence:sil_1' })
        .where('id', '=', id)
        .execute(),
  ],
  [
    'has a time of its end and goes on all the same',
    (id) =>
      db
        .updateTable('alert')
        .set({ open_fingerprint: 'f'.repeat(64) })
        .where('id', '=', id)
        .execute(),
  ],
  [
    'was changed since',
    (id) =>
      db
        .updateTable('alert')
        .set({ changed_at: databaseNowPlus(-86_400_000) })
        .where('id', '=', id)
        .execute(),
  ],
  [
    'waits',
    (id) => db.updateTable('alert_delivery').set({ waits_since: databaseNow }).where('alert_id', '=', id).execute(),
  ],
  [
    'has a message to be sent',
    (_, card) => db.updateTable('slack_card').set({ state: 'QUEUED' }).where('id', '=', card).execute(),
  ],
  [
    'has a message that nobody knows to have arrived',
    (_, card) => db.updateTable('slack_card').set({ state: 'UNKNOWN' }).where('id', '=', card).execute(),
  ],
  [
    'has a message that is being sent',
    (_, card) => db.updateTable('slack_card').set({ claimed_until: hour }).where('id', '=', card).execute(),
  ],
  [
    'is not shown as it is',
    (_, card) => db.updateTable('slack_card').set({ shown_revision: 0 }).where('id', '=', card).execute(),
  ],
  [
    'has a message elsewhere to be sent',
    () => db.updateTable('slack_card').set({ state: 'QUEUED' }).where('kind', '=', 'ESCALATION').execute(),
  ],
  [
    'has a reply to be sent',
    (_, card) => db.updateTable('slack_line').set({ state: 'QUEUED' }).where('card_id', '=', card).execute(),
  ],
  [
    'has a webhook to be called',
    (id) =>
      db
        .updateTable('escalation_delivery')
        .set({ state: 'UNKNOWN' })
        .where('alert_id', '=', id)
        .where('kind', '=', 'WEBHOOK')
        .execute(),
  ],
];

it.each(stays)('an alert stays whole that %s', async (_, change) => {
  const { id, card } = await makeWhole(401);
  await change(id, card);
  await prune();
  expect(await rows()).toEqual(whole);
});

it('what Slack refuses does not keep an alert, with all that would have been said in its thread', async () => {
  const { card } = await makeWhole(401);
  await db.updateTable('slack_card').set({ state: 'FAILED', ts: null }).where('id', '=', card).execute();
  await db.updateTable('slack_line').set({ state: 'QUEUED' }).where('card_id', '=', card).execute();
  await prune();
  expect(await rows()).toEqual({});
});

it('the former alert of one that is kept stays, and those before it go', async () => {
  const first = await makeAlert(db, { closedDays: 600, condition: 1 });
  const former = await makeAlert(db, { closedDays: 500, condition: 1 });
  const kept = await makeAlert(db, { closedDays: null, condition: 1 });
  await prune();
  const left = await db.selectFrom('alert').select(['id', 'previous_id']).orderBy('number').execute();
  expect(left).toEqual([
    { id: former, previous_id: first },
    { id: kept, previous_id: former },
  ]);
});

it('removes a group with its message, and then its alerts', async () => {
  await makeGroupOf([401, 500]);
  await makeGroup(db, { id: 'agr_2', closedDays: 401, kind: 'STORM' });
  await prune();
  expect(await rows()).toEqual({});
});

const groupOfTwo = { alert: 2, alert_event: 2, alert_delivery: 2, alert_group: 1, slack_card: 1, slack_line: 1 };
const groupStays: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['has an alert that is kept', () => makeGroupOf([401, 399])],
  ['has an alert that is open', () => makeGroupOf([401, null])],
  ['is open', () => makeGroupOf([401, 402], null)],
  ['closed lately', () => makeGroupOf([401, 402], 10)],
  [
    'has a message to be sent',
    async () => {
      await makeGroupOf([401, 402]);
      await db.updateTable('slack_card').set({ state: 'QUEUED' }).execute();
    },
  ],
  [
    'is being sent',
    async () => {
      await makeGroupOf([401, 402]);
      await db.updateTable('slack_card').set({ claimed_until: hour }).execute();
    },
  ],
  [
    'was not compared since its alerts ended',
    async () => {
      await makeGroupOf([401, 402]);
      await db
        .updateTable('slack_card')
        .set({ checked_at: databaseNowPlus(-403 * 86_400_000) })
        .execute();
    },
  ],
  [
    'has a reply to be sent',
    async () => {
      await makeGroupOf([401, 402]);
      await db.updateTable('slack_line').set({ state: 'QUEUED' }).execute();
    },
  ],
];

it.each(groupStays)('a group stays with all of its alerts that %s', async (_, make) => {
  await make();
  await prune();
  expect(await rows()).toEqual(groupOfTwo);
});

async function makeDigest(id: string, days: number): Promise<string> {
  const at = databaseNowPlus(-days * 86_400_000);
  await db
    .insertInto('alert_digest')
    .values({ id, channel: id, day: '2025-01-01', since: at, time_zone: 'UTC', made_at: at, content: '{}' })
    .execute();
  return makeCard(db, { kind: 'DIGEST', subjectId: id });
}

it('removes a daily message of 31 days ago, but its card only with the last alert that it told of', async () => {
  await makeDigest('dig_1', 31);
  await makeDigest('dig_2', 29);
  const card = await makeDigest('dig_3', 31);
  await makeDelivery(db, { alertIds: [await makeAlert(db, { closedDays: 399 })], cardId: card });
  await prune();
  expect(await rows()).toEqual({
    alert: 1,
    alert_event: 1,
    alert_delivery: 1,
    alert_digest: 1,
    slack_card: 2,
    slack_line: 2,
  });
  await db
    .updateTable('alert')
    .set({ closed_at: databaseNowPlus(-401 * 86_400_000), changed_at: databaseNowPlus(-401 * 86_400_000) })
    .execute();
  await prune();
  expect(await rows()).toEqual({ alert_digest: 1, slack_card: 1, slack_line: 1 });
});

it('a daily message that Slack does not have stays, so that the next one says it', async () => {
  const card = await makeDigest('dig_1', 31);
  await db.updateTable('slack_card').set({ state: 'FAILED', ts: null }).where('id', '=', card).execute();
  await prune();
  expect(await rows()).toEqual({ alert_digest: 1, slack_card: 1, slack_line: 1 });
});

/** Rows of which what they belong to is gone. */
async function orphans(): Promise<number> {
  const found = await sql<{ n: number }>`
    SELECT (SELECT COUNT(*) FROM alert_event t LEFT JOIN alert a ON a.id = t.alert_id WHERE a.id IS NULL)
      + (SELECT COUNT(*) FROM alert_delivery t LEFT JOIN alert a ON a.id = t.alert_id WHERE a.id IS NULL)
      + (SELECT COUNT(*) FROM escalation_step t LEFT JOIN alert a ON a.id = t.alert_id WHERE a.id IS NULL)
      + (SELECT COUNT(*) FROM escalation_delivery t LEFT JOIN alert a ON a.id = t.alert_id WHERE a.id IS NULL)
      + (SELECT COUNT(*) FROM slack_line t LEFT JOIN slack_card c ON c.id = t.card_id WHERE c.id IS NULL)
      + (SELECT COUNT(*) FROM slack_card c LEFT JOIN alert a ON a.id = c.subject_id WHERE c.kind = 'ALERT' AND a.id IS NULL)
      + (SELECT COUNT(*) FROM slack_card c LEFT JOIN alert_group g ON g.id = c.subject_id WHERE c.kind = 'GROUP' AND g.id IS NULL)
      + (SELECT COUNT(*) FROM alert_group g LEFT JOIN alert_delivery d ON d.group_id = g.id WHERE d.alert_id IS NULL) AS n
  `.execute(db);
  return Number(found.rows[0]?.n);
}

it('leaves nothing half removed at whichever statement it dies, and whoever comes next finishes', async () => {
  for (let points = 0; ; points += 1) {
    const [id = ''] = await makeGroupOf([401]);
    await makeCard(db, { kind: 'ESCALATION', subjectId: await makeEscalation(db, id) });
    const isDone = await prune(mortalDatabase(db, { points })).then(
      () => true,
      () => false,
    );
    expect(await orphans(), `dead after ${points} statements`).toBe(0);
    await prune();
    expect(await rows()).toEqual({});
    if (isDone) break;
    expect(points).toBeLessThan(80);
  }
});

it('several at once remove each thing once, and trouble nobody', async () => {
  await makeGroupOf([401, 402, 403]);
  for (let made = 0; made < 12; made += 1) await makeWhole(401);
  const kept = await makeWhole(399);
  const gone = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const groups = await pruneGroups(db, { batch: 20 });
      return { groups, alerts: await pruneAlerts(db, { batch: 100 }) };
    }),
  );
  expect(gone.reduce((sum, { groups }) => sum + groups, 0)).toBe(1);
  expect(gone.reduce((sum, { alerts }) => sum + alerts, 0)).toBe(15);
  expect(await db.selectFrom('alert').select('id').execute()).toEqual([{ id: kept.id }]);
  expect(await rows()).toEqual(whole);
});

/** Copies the only alert, with its event and how it was told, until there are so many. */
async function multiply(by: number): Promise<void> {
  const digits = sql`(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
    UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)`;
  const { id, number, ...row } = await db.selectFrom('alert').selectAll().executeTakeFirstOrThrow();
  const columns = sql.join(Object.keys(row).map((name) => sql.ref(name)));
  const others = sql.join(
    Object.keys(row).map((name) => (name === 'fingerprint' ? sql`LPAD(n, 64, 'y')` : sql.ref(name))),
  );
  await sql`INSERT INTO alert (id, ${columns})
    SELECT CONCAT('alr_', n), ${others} FROM alert, (
      SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 1 AS n FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e
    ) AS numbers WHERE alert.id = ${id} AND n < ${by}`.execute(db);
  await sql`INSERT INTO alert_event (alert_id, revision, at, type, message)
    SELECT alert.id, 1, alert.opened_at, 'OPENED', 'x' FROM alert WHERE id <> ${id}`.execute(db);
  await sql`INSERT INTO alert_delivery (alert_id, channel, severity, family, card_id, group_id)
    SELECT alert.id, d.channel, d.severity, d.family, d.card_id, d.group_id FROM alert, alert_delivery d
    WHERE alert.id <> ${id} AND d.alert_id = ${id}`.execute(db);
  await sql`INSERT INTO slack_line (id, card_id, line_key, text, broadcast, state, attempts, due_at, may_repeat, created_at)
    SELECT CONCAT('l', d.alert_id), d.card_id, d.alert_id, 'x', 0, 'SENT', 0, ${databaseNow}, 0, ${databaseNow}
    FROM alert_delivery d`.execute(db);
}

it('10,000 alerts of one storm go in bounded steps, of which none takes long', async () => {
  await makeGroupOf([401]);
  await multiply(10_000);
  expect(await rows()).toMatchObject({ alert: 10_000, alert_delivery: 10_000, slack_line: 10_001 });
  const tidy = tidyAlerts(db);
  let turns = 0;
  let longest = 0;
  while ((await db.selectFrom('alert').select('id').limit(1).execute()).length > 0) {
    const began = performance.now();
    await tidy();
    longest = Math.max(longest, performance.now() - began);
    turns += 1;
    expect(turns).toBeLessThan(120);
  }
  expect(turns).toBe(100);
  expect(await rows()).toEqual({});
  // Statements are given up after 4.5 s; a turn has some twenty.
  expect(longest).toBeLessThan(4_500);
});
