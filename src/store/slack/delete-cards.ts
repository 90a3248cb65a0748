import type { Tx } from '../database.ts';
import type { CardKind } from './slack-cards.ts';

/** So many rows of what a thing may have many of are removed in one statement. */
export const rowsAtOnce = 1_000;

/** Removes messages and their replies from our tables; in Slack they stay as they are. The caller holds the rows' locks. */
export async function deleteCards(tx: Tx, cardIds: readonly string[]): Promise<void> {
  if (cardIds.length === 0) return;
  await untilGone(() =>
    tx.deleteFrom('slack_line').where('card_id', 'in', cardIds).limit(rowsAtOnce).executeTakeFirst(),
  );
  await tx.deleteFrom('slack_card').where('id', 'in', cardIds).execute();
}

/** Repeats a statement that removes at most `rowsAtOnce` rows until it finds fewer. */
export async function untilGone(remove: () => Promise<{ readonly numDeletedRows: bigint }>): Promise<void> {
  while (Number((await remove()).numDeletedRows) >= rowsAtOnce);
}

/** Locks the messages about these subjects, so that nobody begins to send one; answers their ids. */
export async function lockCardsOf(
  tx: Tx,
  { kind, subjectIds }: { readonly kind: CardKind; readonly subjectIds: readonly string[] },
): Promise<readonly string[]> {
  if (subjectIds.length === 0) return [];
  const rows = await tx
    .selectFrom('slack_card')
    .select('id')
    .where('kind', '=', kind)
    .where('subject_id', 'in', subjectIds)
    .orderBy('id')
    .forUpdate()
    .execute();
  return rows.map(({ id }) => id);
}

/** Removes how people were told of these alerts. The caller holds the alerts' locks. */
export async function deleteDeliveries(tx: Tx, alertIds: readonly string[]): Promise<void> {
  await tx.deleteFrom('alert_delivery').where('alert_id', 'in', alertIds).execute();
}
