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
 * When Slack confirmed that people were told of what alerts began anew with, by alert: its message, the reply that says so, or the
 * message of its group that it joined once more. Those of which it has not are left out.
 */
export async function toldSince(
  db: Reader,
  beginnings: ReadonlyMap<string, Beginning>,
): Promise<ReadonlyMap<string, Date>> {
  const told = await firstTold(db, [...beginnings.keys()]);
  const all = [...beginnings].flatMap(([alertId, began]) => {
    const first = told.get(alertId);
    return first === undefined ? [] : [{ alertId, began, first }];
  });
  const older = all.filter(({ began, first }) => first.at < began.at);
  const lines = await linesOf(
    db,
    older.filter(({ first }) => first.kind === 'ALERT').map(({ began, first }) => ({ began, cardId: first.cardId })),
  );
  const times = all.map(({ alertId, began, first }): readonly [string, Date | null] => {
    if (first.at >= began.at) return [alertId, first.at];
    if (first.kind !== 'ALERT') return [alertId, toldAnew.includes(began.type) ? null : first.at];
    const line = lines.find(({ card_id, line_key }) => card_id === first.cardId && line_key === keyOf(began));
    return [alertId, line === undefined ? null : (line.sent_at ?? line.created_at)];
  });
  return new Map(times.flatMap(([alertId, at]) => (at === null ? [] : [[alertId, at]])));
}

const keyOf = ({ id }: Beginning) => `event:${id}`;

/** The replies that say what began anew, of those that Slack has; also some others of the same messages. */
async function linesOf(db: Reader, of: readonly { readonly cardId: string; readonly began: Beginning }[]) {
  if (of.length === 0) return [];
  return db
    .selectFrom('slack_line')
    .select(['card_id', 'line_key', 'sent_at', 'created_at'])
    .where(
      'card_id',
      'in',
      of.map(({ cardId }) => cardId),
    )
    .where(
      'line_key',
      'in',
      of.map(({ began }) => keyOf(began)),
    )
    .where('ts', 'is not', null)
    .execute();
}
