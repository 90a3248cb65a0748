import { type SqlBool, sql } from 'kysely';
import { type Database, inTransaction, type Queryable, type Tx } from '../database.ts';
import { deleteEscalations, listPlacesOf } from '../escalation/delete-escalations.ts';
import { deleteCards, deleteDeliveries, lockCardsOf, rowsAtOnce, untilGone } from '../slack/delete-cards.ts';
import { isOverLongAgo, keptSince } from './over-long-ago.ts';

/**
 * Removes alerts that are kept no more, at most `batch`, in one transaction: with their events, what was sent about them and how they
 * escalated. An alert on the message of several stays until that is removed, so that no message counts fewer than it told of. Answers
 * how many are gone.
 */
export async function pruneAlerts(db: Database, { batch }: { readonly batch: number }): Promise<number> {
  const found = await goners(db).orderBy('alert.closed_at').limit(batch).execute();
  if (found.length === 0) return 0;
  const ids = found.map(({ id }) => id);
  return inTransaction(db, async (tx) => {
    // In order, so that two who do this wait for each other and never in a circle.
    await tx.selectFrom('alert').select('id').where('id', 'in', ids).orderBy('id').forUpdate().execute();
    await cardsOf(tx, ids);
    // Asked again: somebody may have been faster, or may have begun to send something.
    const still = await goners(tx).where('alert.id', 'in', ids).execute();
    await deleteAlerts(
      tx,
      still.map(({ id }) => id),
    );
    return still.length;
  });
}

const isOnMessage = sql<SqlBool>`EXISTS (
  SELECT 1 FROM alert_delivery AS member
  JOIN alert_group ON alert_group.id = member.group_id
  WHERE member.alert_id = alert.id
)`;

function goners(db: Queryable) {
  return (
    db
      .selectFrom('alert')
      .select('alert.id')
      // By index.
      .where('alert.closed_at', '<', keptSince)
      .where(isOverLongAgo)
      .where(({ not }) => not(isOnMessage))
  );
}

/** Messages about these alerts alone: their own, and those in other places. */
async function cardsOf(tx: Tx, alertIds: readonly string[]): Promise<readonly string[]> {
  const own = await lockCardsOf(tx, { kind: 'ALERT', subjectIds: alertIds });
  return [...own, ...(await lockCardsOf(tx, { kind: 'ESCALATION', subjectIds: await listPlacesOf(tx, alertIds) }))];
}

async function deleteAlerts(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await deleteCards(tx, await cardsOf(tx, ids));
  await deleteEscalations(tx, ids);
  await untilGone(() => tx.deleteFrom('alert_event').where('alert_id', 'in', ids).limit(rowsAtOnce).executeTakeFirst());
  await deleteDeliveries(tx, ids);
  await tx.deleteFrom('alert').where('id', 'in', ids).execute();
}
