import { sql } from 'kysely';
import { isDue } from '../claims.ts';
import { type Database, databaseNow, type Queryable } from '../database.ts';
import { ensureCard } from './slack-cards.ts';

/** Where else an alert was told, beside its own channel: one message for each such place. */
export type EscalationPlace = {
  /** The id of the first delivery there, by which its card is known. */
  readonly id: string;
  readonly alertId: string;
  readonly stepId: string;
  /** The id of a channel, `person:<id>`, or `channel` for the alert's own. */
  readonly place: string;
};

/** Places in which an alert is to be told and has no message yet, the oldest first. */
export async function listPlacesWithoutCard(db: Database): Promise<readonly EscalationPlace[]> {
  const rows = await db
    .selectFrom((from) =>
      from
        .selectFrom('escalation_delivery')
        .select((row) => row.fn.min('id').as('id'))
        .where('kind', '=', 'PLACE')
        .groupBy(['alert_id', 'place'])
        .as('first'),
    )
    .innerJoin('escalation_delivery', 'escalation_delivery.id', 'first.id')
    .leftJoin('slack_card', (join) =>
      join.onRef('slack_card.subject_id', '=', 'first.id').on('slack_card.kind', '=', 'ESCALATION'),
    )
    .select(['escalation_delivery.id', 'escalation_delivery.alert_id', 'step_id', 'place'])
    .innerJoin('alert', 'alert.id', 'escalation_delivery.alert_id')
    .where('slack_card.id', 'is', null)
    .where('escalation_delivery.state', '=', 'QUEUED')
    .where((row) =>
      row.or([
        // However long nobody could send anything: who is called for what goes on is still called.
        row('alert.signal_state', '!=', 'RESOLVED'),
        row('escalation_delivery.created_at', '>', sql<Date>`UTC_TIMESTAMP(3) - INTERVAL 1 DAY`),
      ]),
    )
    .orderBy('escalation_delivery.id')
    .limit(50)
    .execute();
  return rows.map((row) => ({ id: row.id, alertId: row.alert_id, stepId: row.step_id, place: row.place }));
}

/** The place that a card is about; null = it is gone. */
export async function findPlace(db: Database, id: string): Promise<EscalationPlace | null> {
  const row = await db.selectFrom('escalation_delivery').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : { id, alertId: row.alert_id, stepId: row.step_id, place: row.place };
}

/** Cards of such places that are due: never sent, to be tried again, or older than their alert. */
export async function listDueEscalationCards(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('slack_card')
    .innerJoin('escalation_delivery', 'escalation_delivery.id', 'slack_card.subject_id')
    .innerJoin('alert', 'alert.id', 'escalation_delivery.alert_id')
    .select('slack_card.id')
    .where('slack_card.kind', '=', 'ESCALATION')
    .where(isDue('slack_card'))
    .where((row) =>
      row.or([row('slack_card.state', '!=', 'SENT'), row('alert.revision', '>', row.ref('slack_card.shown_revision'))]),
    )
    .orderBy('slack_card.due_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** A message that Slack refused in a place is tried again at once when somebody is called there anew. */
export async function tryPlaceNow(
  tx: Queryable,
  { alertId, place }: { readonly alertId: string; readonly place: string },
): Promise<void> {
  await tx
    .updateTable('slack_card')
    .set({ due_at: databaseNow })
    .where('kind', '=', 'ESCALATION')
    .where('state', '=', 'FAILED')
    .where('ts', 'is', null)
    .where('subject_id', 'in', (row) =>
      row
        .selectFrom('escalation_delivery')
        .select('escalation_delivery.id')
        .where('kind', '=', 'PLACE')
        .where('alert_id', '=', alertId)
        .where('place', '=', place),
    )
    .execute();
}

/** Whether a later message says the same of an alert: that nobody is left to call. */
export async function isSaidLater(db: Database, { alertId, id }: { alertId: string; id: string }): Promise<boolean> {
  const row = await db
    .selectFrom('escalation_delivery')
    .select('id')
    .where('alert_id', '=', alertId)
    .where('kind', '=', 'PLACE')
    .where('place', 'like', 'exhausted:%')
    .where('id', '>', id)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether an alert has a message of its own, in whose thread something can be said. */
export async function hasOwnCard(db: Queryable, alertId: string): Promise<boolean> {
  const row = await db
    .selectFrom('slack_card')
    .select('id')
    .where('kind', '=', 'ALERT')
    .where('subject_id', '=', alertId)
    .executeTakeFirst();
  return row !== undefined;
}

/** Makes the card of such a place if there is none yet. */
export function ensureEscalationCard(db: Database, { id, channel }: { id: string; channel: string }): Promise<void> {
  return ensureCard(db, { kind: 'ESCALATION', subjectId: id, channel });
}
