import type { AlertEventType } from '../../domain/alert.ts';
import type { Reader } from '../database.ts';

/** When Slack confirmed a message that tells of an alert since it was last put on one, and where that message is. */
export type Told = {
  readonly alertId: string;
  readonly at: Date;
  readonly cardId: string;
  /** `ALERT` = a message of its own; `GROUP` or `STORM` = one that tells of several. */
  readonly kind: string;
  readonly channel: string;
  /** Null = the message was deleted since, and is about to be posted anew. */
  readonly ts: string | null;
};

/**
 * The alerts that people were told of, as rows to join with: `alert_id`, `told_at`, `card_id`, `kind`, `channel`, `ts`. An
 * alert that waits, that Slack has not confirmed, or that only stands in a daily message has no row.
 */
export function toldAlerts(db: Reader) {
  return db
    .selectFrom('alert_delivery')
    .innerJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .select(['alert_delivery.alert_id', 'alert_delivery.told_at'])
    .select(['slack_card.id as card_id', 'slack_card.kind', 'slack_card.channel', 'slack_card.ts'])
    .where('alert_delivery.told_at', 'is not', null)
    .$narrowType<{ told_at: Date }>();
}

/** Of each of these alerts when and where people were first told; those that nobody was told of are left out. */
export async function firstTold(db: Reader, alertIds: readonly string[]): Promise<ReadonlyMap<string, Told>> {
  if (alertIds.length === 0) return new Map();
  const rows = await db
    .selectFrom(toldAlerts(db).as('told'))
    .selectAll()
    .where('told.alert_id', 'in', alertIds)
    .execute();
  return new Map(
    rows.map(({ alert_id, told_at, card_id, kind, channel, ts }) => [
      alert_id,
      { alertId: alert_id, at: told_at, cardId: card_id, kind, channel, ts },
    ]),
  );
}

/** The event with which the time of an alert that nobody has began anew. */
type Beginning = { readonly id: number; readonly type: AlertEventType; readonly at: Date };

/** What people are told anew, also where the alert stands in a message with others. */
const toldAnew: readonly AlertEventType[] = ['SEVERITY_ROSE', 'UNMUTED'];

/**
 * When Slack confirmed that people were told of what an alert began anew with: its message, the reply that says so, or the message
 * of its group that it joined once more. Null = it has not.
 */
export async function toldSince(db: Reader, alertId: string, began: Beginning): Promise<Date | null> {
  const told = (await firstTold(db, [alertId])).get(alertId);
  if (told === undefined) return null;
  if (told.at >= began.at) return told.at;
  if (told.kind !== 'ALERT') return toldAnew.includes(began.type) ? null : told.at;
  const line = await db
    .selectFrom('slack_line')
    .select(['sent_at', 'created_at'])
    .where('card_id', '=', told.cardId)
    .where('line_key', '=', `event:${began.id}`)
    .where('ts', 'is not', null)
    .executeTakeFirst();
  return line === undefined ? null : (line.sent_at ?? line.created_at);
}
