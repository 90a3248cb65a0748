import { type SqlBool, sql } from 'kysely';
import { isOverLongAgo, isUnsent, keptSince } from '../alerts/over-long-ago.ts';
import { type Database, inTransaction, type Queryable } from '../database.ts';
import { deleteCards } from './delete-cards.ts';

/**
 * Removes groups and storms that are over and all of whose alerts are kept no more, at most `batch`, each with its message in one
 * transaction; their alerts can be removed after that (`pruneAlerts`). Answers how many are gone.
 */
export async function pruneGroups(db: Database, { batch }: { readonly batch: number }): Promise<number> {
  const found = await goners(db).orderBy('alert_group.closed_at').limit(batch).execute();
  let gone = 0;
  for (const { id } of found) gone += await pruneGroup(db, id);
  return gone;
}

async function pruneGroup(db: Database, id: string): Promise<number> {
  return inTransaction(db, async (tx) => {
    await tx.selectFrom('alert_group').select('id').where('id', '=', id).forUpdate().execute();
    const cards = await tx
      .selectFrom('slack_card')
      .select('id')
      .where('kind', 'in', ['GROUP', 'STORM'])
      .where('subject_id', '=', id)
      .forUpdate()
      .execute();
    // Asked again: somebody may have been faster, or may have begun to send something.
    const still = await goners(tx).where('alert_group.id', '=', id).execute();
    if (still.length === 0) return 0;
    await deleteCards(
      tx,
      cards.map((card) => card.id),
    );
    await tx.deleteFrom('alert_group').where('id', '=', id).execute();
    return 1;
  });
}

/** An alert on it that is still kept, or of which that is not known. */
const hasKept = sql<SqlBool>`EXISTS (
  SELECT 1 FROM alert_delivery AS member
  JOIN alert ON alert.id = member.alert_id
  WHERE member.group_id = alert_group.id AND ${isOverLongAgo} IS NOT TRUE
)`;

const isShown = sql<SqlBool>`card.checked_at IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM alert_delivery AS member
  JOIN alert ON alert.id = member.alert_id
  WHERE member.group_id = alert_group.id AND alert.changed_at >= card.checked_at
)`;

const isUnsentGroup = sql<SqlBool>`EXISTS (
  SELECT 1 FROM slack_card AS card
  WHERE card.kind IN ('GROUP', 'STORM') AND card.subject_id = alert_group.id AND ${isUnsent(isShown)}
)`;

function goners(db: Queryable) {
  return db
    .selectFrom('alert_group')
    .select('alert_group.id')
    .where('alert_group.closed_at', '<', keptSince)
    .where('alert_group.open_key', 'is', null)
    .where(({ not }) => not(isUnsentGroup))
    .where(({ not }) => not(hasKept));
}
