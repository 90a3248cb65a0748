import { keepEndingMs } from '../../domain/alert-retention.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Queryable } from '../database.ts';
import { deleteCards } from './delete-cards.ts';

/**
 * Removes old messages about tokens and silences that end, at most `batch`. They are made some days or minutes before that end,
 * so that none of what is removed would be made anew. One that Slack may not have stays, and so does one that is being sent.
 * Answers how many are gone.
 */
export async function pruneEndings(db: Database, { batch }: { readonly batch: number }): Promise<number> {
  const found = await goners(db).limit(batch).execute();
  if (found.length === 0) return 0;
  const ids = found.map(({ id }) => id);
  return inTransaction(db, async (tx) => {
    await tx.selectFrom('slack_card').select('id').where('id', 'in', ids).orderBy('id').forUpdate().execute();
    const still = await goners(tx).where('id', 'in', ids).execute();
    await deleteCards(
      tx,
      still.map(({ id }) => id),
    );
    return still.length;
  });
}

function goners(db: Queryable) {
  return db
    .selectFrom('slack_card')
    .select('id')
    .where('kind', 'in', ['TOKEN', 'SILENCE'])
    .where('created_at', '<', databaseNowPlus(-keepEndingMs))
    .where('state', 'in', ['SENT', 'FAILED'])
    .where((row) => row.or([row('claimed_until', 'is', null), row('claimed_until', '<', databaseNow)]));
}
