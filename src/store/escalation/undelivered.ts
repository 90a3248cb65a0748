import { placeInWords, refusalInWords } from '../../domain/escalation/undelivered-words.ts';
import { findAlert, writeAlertChange } from '../alerts/alerts.ts';
import { type Database, databaseNow, inTransaction, type Tx } from '../database.ts';
import { type Card, type CardChange, saveCardIn } from '../slack/slack-cards.ts';

/** A message of an escalation that cannot be delivered to its place. */
export type Undelivered = {
  /** The id of the first delivery there. */
  readonly deliveryId: string;
  /** Slack's name of the refusal, or a clause. */
  readonly error: string;
  /** The channel to which it goes instead; null = to none. */
  readonly instead: string | null;
};

/** Steps whose failure is said at once; that a repeat of them fails too is no news. */
const saidOf: readonly string[] = ['FIRST', 'STEP', 'EXHAUSTED'];

/**
 * Records that Slack refuses the message of an escalation, together with what that means for its card: the delivery has failed, the
 * alert's history says so, and the next step is due sooner. Nothing when somebody else has claimed the card meanwhile. Answers the id of
 * the alert when its history changed.
 */
export async function saveRefusedPlace(
  db: Database,
  card: Card,
  { change, ...refusal }: { readonly change: CardChange; readonly error: string; readonly instead: string | null },
): Promise<string | null> {
  return inTransaction(db, async (tx) => {
    const alertId = await lockAlertOf(tx, card.subjectId);
    if (!(await saveCardIn(tx, card, change)) || alertId === null) return null;
    return (await record(tx, alertId, { deliveryId: card.subjectId, ...refusal })) ? alertId : null;
  });
}

/** The same of a place for which there is nowhere to send a message to. */
export async function recordPlaceless(db: Database, undelivered: Undelivered): Promise<string | null> {
  return inTransaction(db, async (tx) => {
    const alertId = await lockAlertOf(tx, undelivered.deliveryId);
    return alertId !== null && (await record(tx, alertId, undelivered)) ? alertId : null;
  });
}

/** A message that nobody needs any more, since what it was to say is over; nothing of it was ever sent. */
export async function dropPlace(
  db: Database,
  { id, why }: { readonly id: string; readonly why: string },
): Promise<void> {
  await db
    .updateTable('escalation_delivery')
    .set({ state: 'DROPPED', outcome: why.slice(0, 255), done_at: databaseNow })
    .where('id', '=', id)
    .where('state', '=', 'QUEUED')
    .execute();
}

async function lockAlertOf(tx: Tx, deliveryId: string): Promise<string | null> {
  const row = await tx
    .selectFrom('escalation_delivery')
    .select('alert_id')
    .where('id', '=', deliveryId)
    .executeTakeFirst();
  if (row === undefined) return null;
  const alert = await tx.selectFrom('alert').select('id').where('id', '=', row.alert_id).forUpdate().executeTakeFirst();
  return alert?.id ?? null;
}

/** All that is still to be delivered there has failed. Answers whether the alert's history says something new. */
async function record(tx: Tx, alertId: string, { deliveryId, error, instead }: Undelivered): Promise<boolean> {
  const open = await tx
    .selectFrom('escalation_delivery as sent')
    .innerJoin('escalation_delivery as first', (join) =>
      join.onRef('first.place', '=', 'sent.place').onRef('first.alert_id', '=', 'sent.alert_id'),
    )
    .innerJoin('escalation_step', 'escalation_step.id', 'sent.step_id')
    .select(['sent.id', 'sent.place', 'escalation_step.kind'])
    .where('first.id', '=', deliveryId)
    .where('sent.kind', '=', 'PLACE')
    .where('sent.state', '=', 'QUEUED')
    .execute();
  const [one] = open;
  if (one === undefined) return false;
  const where = instead === null ? '' : `; it goes to ${instead} instead`;
  const outcome = `${refusalInWords(error)}${where}`;
  await tx
    .updateTable('escalation_delivery')
    .set({ state: 'FAILED', outcome: outcome.slice(0, 255), done_at: databaseNow })
    .where(
      'id',
      'in',
      open.map(({ id }) => id),
    )
    .execute();
  const alert = await findAlert(tx, alertId);
  if (alert === null || !open.some(({ kind }) => saidOf.includes(kind))) return false;
  const message = `The message ${placeInWords(one.place)} was not delivered (${outcome})`;
  await writeAlertChange(tx, { alert, events: [{ type: 'NOT_DELIVERED', message }] });
  return true;
}
