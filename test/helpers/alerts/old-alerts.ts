import { insertAlert } from '../../../src/store/alerts/alerts.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction } from '../../../src/store/database.ts';
import { type CardKind, insertCard } from '../../../src/store/slack/slack-cards.ts';
import { insertLine } from '../../../src/store/slack/slack-lines.ts';

const dayMs = 86_400_000;
let made = 0;

export type OldAlert = {
  /** How many days ago it closed; null = it is open. */
  readonly closedDays: number | null;
  /** Alerts of the same condition follow each other. */
  readonly condition?: number;
};

/** Puts an alert into the tables with an event, as it is when it closed so long ago. */
export async function makeAlert(db: Database, { closedDays, condition }: OldAlert): Promise<string> {
  made += 1;
  const at = new Date();
  const found = {
    ...{ fingerprint: `c${condition ?? `x${made}`}`.padStart(64, '0'), rule: 'node_down', severity: 'HIGH' as const },
    ...{ nodeId: null, labels: { node: `be ${made}` }, title: `be ${made} is down`, pastTitle: `be ${made} was down` },
    ...{ startedAt: at, forMs: 0, minSamples: 1, text: ['The heartbeat failed'] },
  };
  const cluster = { id: 'clu_old', name: 'prod-eu', environment: 'prod' };
  const id = await inTransaction(db, (tx) =>
    insertAlert(tx, { cluster, condition: found, since: at, mute: { kind: 'NONE' }, at }),
  );
  if (closedDays !== null) {
    const closed = databaseNowPlus(-closedDays * dayMs);
    await db
      .updateTable('alert')
      .set({ closed_at: closed, resolved_at: closed, changed_at: closed })
      .set({ signal_state: 'RESOLVED', open_fingerprint: null })
      .where('id', '=', id)
      .execute();
  }
  return id;
}

/** A message that Slack has, with a reply that it has. */
export async function makeCard(
  db: Database,
  { kind, subjectId }: { kind: Exclude<CardKind, 'GAP'>; subjectId: string },
): Promise<string> {
  const id = await inTransaction(db, async (tx) => {
    const card = await insertCard(tx, { kind, subjectId, channel: 'C1' });
    await insertLine(tx, card, { key: 'event:1', text: 'RESOLVED', broadcast: false });
    return card;
  });
  const sent = { state: 'SENT', ts: '1.1', sent_at: databaseNow } as const;
  await db
    .updateTable('slack_card')
    .set({ ...sent, shown_revision: 9, checked_at: databaseNow, created_at: databaseNowPlus(-500 * dayMs) })
    .where('id', '=', id)
    .execute();
  await db.updateTable('slack_line').set(sent).where('card_id', '=', id).execute();
  return id;
}

/** Puts alerts on a message: of their own (no group), or of a group. */
export async function makeDelivery(
  db: Database,
  { alertIds, cardId, groupId = null }: { alertIds: readonly string[]; cardId: string | null; groupId?: string | null },
): Promise<void> {
  const shared = { channel: 'C1', severity: 'HIGH', family: 'nodes', card_id: cardId, group_id: groupId };
  await db
    .insertInto('alert_delivery')
    .values(alertIds.map((alert_id) => ({ alert_id, ...shared, told_at: databaseNow })))
    .execute();
}

/** A group or storm that closed so long ago, or is open, with its message. */
export async function makeGroup(
  db: Database,
  { id, closedDays, kind = 'GROUP' }: { id: string; closedDays: number | null; kind?: 'GROUP' | 'STORM' },
): Promise<string> {
  const at = databaseNowPlus(-500 * dayMs);
  await db
    .insertInto('alert_group')
    .values({
      ...{ id, channel: 'C1', kind, revision: 1, opened_at: at, busy_at: at, news_at: at },
      ...{ open_key: closedDays === null ? id : null },
      closed_at: closedDays === null ? null : databaseNowPlus(-closedDays * dayMs),
    })
    .execute();
  return makeCard(db, { kind, subjectId: id });
}

/** A step of an escalation that told a place and called a webhook; answers the id of what was told in the place. */
export async function makeEscalation(db: Database, alertId: string): Promise<string> {
  const step = `esc_${alertId}`;
  await db.insertInto('escalation').values({ alert_id: alertId, due_at: databaseNow }).execute();
  await db
    .insertInto('escalation_step')
    .values({
      ...{ id: step, alert_id: alertId, episode: 1, severity: 'HIGH', step: 1, from_step: 1, kind: 'FIRST' },
      ...{ revision: 2, at: databaseNow, told: '[]', missing: '[]' },
    })
    .execute();
  const sent = { step_id: step, alert_id: alertId, route_id: 'rte_1', created_at: databaseNow };
  const place = `edl_p${alertId}`.slice(0, 40);
  await db
    .insertInto('escalation_delivery')
    .values([
      { ...sent, id: place, kind: 'PLACE', place: 'C2', state: 'QUEUED' },
      { ...sent, id: `edl_w${alertId}`.slice(0, 40), kind: 'WEBHOOK', place: 'webhook', state: 'SENT' },
    ])
    .execute();
  return place;
}
