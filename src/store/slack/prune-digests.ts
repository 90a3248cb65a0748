import { type SqlBool, sql } from 'kysely';
import { keepDigestMs } from '../../domain/alert-retention.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Queryable } from '../database.ts';
import { deleteCards } from './delete-cards.ts';

const keptSince = databaseNowPlus(-keepDigestMs);

/**
 * Removes old daily messages, at most `batch` of their rows and as many of their cards. What Slack may not have stays: the next one
 * would have to say it. A card stays as long as an alert that is kept was told by it. Answers how many rows are gone.
 */
export async function pruneDigests(db: Database, { batch }: { readonly batch: number }): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('alert_digest')
    .where('made_at', '<', keptSince)
    .where('open_key', 'is', null)
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom('slack_card')
            .select('slack_card.id')
            .where('slack_card.kind', '=', 'DIGEST')
            .where('slack_card.state', '!=', 'SENT')
            .where('slack_card.subject_id', '=', sql.ref<string>('alert_digest.id')),
        ),
      ),
    )
    .limit(batch)
    .executeTakeFirst();
  return Number(numDeletedRows) + (await pruneCards(db, batch));
}

async function pruneCards(db: Database, batch: number): Promise<number> {
  const found = await goners(db).limit(batch).execute();
  if (found.length === 0) return 0;
  const ids = found.map(({ id }) => id);
  return inTransaction(db, async (tx) => {
    await tx.selectFrom('slack_card').select('id').where('id', 'in', ids).orderBy('id').forUpdate().execute();
    const still = await goners(tx).where('card.id', 'in', ids).execute();
    await deleteCards(
      tx,
      still.map(({ id }) => id),
    );
    return still.length;
  });
}

const isNeeded = sql<SqlBool>`(
  card.claimed_until >= ${databaseNow}
  OR EXISTS (SELECT 1 FROM alert_digest WHERE alert_digest.id = card.subject_id)
  OR EXISTS (SELECT 1 FROM alert_delivery WHERE alert_delivery.card_id = card.id)
)`;

function goners(db: Queryable) {
  return db
    .selectFrom('slack_card as card')
    .select('card.id')
    .where('card.kind', '=', 'DIGEST')
    .where('card.created_at', '<', keptSince)
    .where('card.state', 'in', ['SENT', 'FAILED'])
    .where(sql<SqlBool>`${isNeeded} IS NOT TRUE`);
}
