import { sql } from 'kysely';
import { databaseNow, type Tx } from '../database.ts';

/**
 * Takes back what a channel's earlier daily messages say that Slack certainly does not have, so that the next one says it: after
 * days in which Slack took nothing there is one message. One that may have arrived, or is being sent, stays. Answers from when on
 * they counted; null = there is none.
 */
export async function takeBackUnsent(tx: Tx, channel: string): Promise<Date | null> {
  const rows = await tx
    .selectFrom('slack_card')
    .innerJoin('alert_digest', 'alert_digest.id', 'slack_card.subject_id')
    .select(['slack_card.id', 'alert_digest.since'])
    .where('slack_card.kind', '=', 'DIGEST')
    .where('alert_digest.channel', '=', channel)
    .where('slack_card.ts', 'is', null)
    .where('slack_card.may_repeat', '=', 0)
    .where('slack_card.state', 'in', ['QUEUED', 'FAILED'])
    .where((row) =>
      row.or([row('slack_card.claimed_until', 'is', null), row('slack_card.claimed_until', '<', databaseNow)]),
    )
    .orderBy('alert_digest.since')
    .forUpdate()
    .execute();
  const [oldest] = rows;
  if (oldest === undefined) return null;
  const ids = rows.map(({ id }) => id);
  await tx
    .updateTable('alert_delivery')
    .set({ card_id: null, waits_since: sql<Date>`COALESCE(waits_since, decided_at)` })
    .where('card_id', 'in', ids)
    .execute();
  await tx
    .updateTable('alert_delivery')
    .set({ waits_since: null, missed: sql<number>`missed + 1`, missed_at: databaseNow })
    .where('channel', '=', channel)
    .where('card_id', 'is', null)
    .where('waits_since', 'is not', null)
    .where((row) =>
      row('alert_id', 'in', row.selectFrom('alert').select('alert.id').where('alert.signal_state', '=', 'RESOLVED')),
    )
    .execute();
  await tx.deleteFrom('slack_card').where('id', 'in', ids).execute();
  return oldest.since;
}
