import { type EndingToken, settledStage, stageOfToken, toldDaysBefore } from '../../domain/token-expiry.ts';
import { isDue } from '../claims.ts';
import type { Database } from '../database.ts';
import { findTokens, listTokensEnding } from '../reads/tokens.ts';

const horizonMs = toldDaysBefore[0] * 86_400_000;

/** Tokens of which people have to be told by now and of which there is no message yet. */
export async function listTokensWithoutCard(db: Database, now: Date): Promise<readonly EndingToken[]> {
  const ending = await listTokensEnding(db, { from: now, to: new Date(now.getTime() + horizonMs) });
  const untold = ending.filter((token) => [1, 2, 3].includes(stageOfToken(token, now)));
  if (untold.length === 0) return [];
  const rows = await db
    .selectFrom('slack_card')
    .select('subject_id')
    .where('kind', '=', 'TOKEN')
    .where(
      'subject_id',
      'in',
      untold.map(({ id }) => id),
    )
    .execute();
  const told = new Set(rows.map((row) => row.subject_id));
  return untold.filter(({ id }) => !told.has(id));
}

/** Messages about tokens that are due: never sent, to be tried again, or of a stage that is past. */
export async function listDueTokenCards(
  db: Database,
  { limit, now }: { readonly limit: number; readonly now: Date },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('slack_card')
    .select(['id', 'subject_id', 'state', 'shown_revision'])
    .where('kind', '=', 'TOKEN')
    .where(isDue('slack_card'))
    .where((row) => row.or([row('state', '!=', 'SENT'), row('shown_revision', '<', settledStage - 1)]))
    .orderBy('due_at')
    .limit(200)
    .execute();
  const sent = rows.filter(({ state }) => state === 'SENT').map((row) => row.subject_id);
  const stages = new Map((await findTokens(db, sent)).map((token) => [token.id, stageOfToken(token, now)]));
  const due = rows.filter((row) => row.state !== 'SENT' || (stages.get(row.subject_id) ?? 0) > row.shown_revision);
  return due.slice(0, limit).map(({ id }) => id);
}
