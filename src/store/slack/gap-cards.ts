import { closedGap } from '../../domain/on-call-gap.ts';
import { isDue } from '../claims.ts';
import { type Database, databaseNowPlus } from '../database.ts';
import { ensureCard } from './slack-cards.ts';

/** How often an open message is compared with who is on call: that changes as time goes by, without a change of any row. */
const checkMs = 60_000;

type NewGapCard = { readonly rotationId: string; readonly before: number; readonly channel: string };

/** `before` = how many messages about this rotation there were: it makes the subject of the next one. */
export function ensureGapCard(db: Database, { rotationId, before, channel }: NewGapCard): Promise<void> {
  return ensureCard(db, { kind: 'GAP', subjectId: `${rotationId}#${before}`, channel });
}

/** Such messages that are due: never sent, to be tried again, or to be compared. */
export async function listDueGapCards(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('slack_card')
    .select('id')
    .where('kind', '=', 'GAP')
    .where(isDue('slack_card'))
    .where((row) =>
      row.or([
        row('state', '!=', 'SENT'),
        row.and([row('shown_revision', '<', closedGap), row('checked_at', '<', databaseNowPlus(-checkMs))]),
      ]),
    )
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}
