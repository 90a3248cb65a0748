import { sql } from 'kysely';
import type { EndingToken } from '../../domain/token-expiry.ts';
import type { Reader } from '../database.ts';

/** The token was ended, its person was shut out, or a newer one of the same person and label takes its place. */
const isSettled = sql<number>`api_token.revoked_at IS NOT NULL OR person.disabled_at IS NOT NULL OR EXISTS (
  SELECT 1 FROM api_token AS newer
  WHERE newer.person_id = api_token.person_id AND newer.label = api_token.label AND newer.id != api_token.id
    AND newer.revoked_at IS NULL AND (newer.expires_at IS NULL OR newer.expires_at > api_token.expires_at))`;

function tokens(db: Reader) {
  return db
    .selectFrom('api_token')
    .innerJoin('person', 'person.id', 'api_token.person_id')
    .select(['api_token.id', 'label', 'person_id', 'person.name', 'api_token.created_at', 'expires_at'])
    .select(isSettled.as('settled'));
}

type Row = Awaited<ReturnType<ReturnType<typeof tokens>['execute']>>[number];

function toToken(row: Row): EndingToken {
  return {
    ...{ id: row.id, label: row.label, personId: row.person_id, personName: row.name },
    ...{ createdAt: row.created_at, expiresAt: row.expires_at, isSettled: Number(row.settled) === 1 },
  };
}

/** Tokens that somebody can log in with now, those that end first before others; of one person, or (null) of everybody. */
export async function listUsableTokens(
  db: Reader,
  { personId, now }: { readonly personId: string | null; readonly now: Date },
): Promise<readonly EndingToken[]> {
  const rows = await tokens(db)
    .where('revoked_at', 'is', null)
    .where('person.disabled_at', 'is', null)
    .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', now)]))
    .$if(personId !== null, (query) => query.where('person_id', '=', personId ?? ''))
    .orderBy(sql`expires_at IS NULL`)
    .orderBy('expires_at')
    .orderBy('api_token.id')
    .limit(500)
    .execute();
  return rows.map(toToken);
}

/** Tokens that end between these times, whatever became of them. */
export async function listTokensEnding(
  db: Reader,
  { from, to }: { readonly from: Date; readonly to: Date },
): Promise<readonly EndingToken[]> {
  const rows = await tokens(db).where('expires_at', '>', from).where('expires_at', '<=', to).limit(500).execute();
  return rows.map(toToken);
}

/** In one statement; those that are gone are left out. */
export async function findTokens(db: Reader, ids: readonly string[]): Promise<readonly EndingToken[]> {
  if (ids.length === 0) return [];
  return (await tokens(db).where('api_token.id', 'in', ids).execute()).map(toToken);
}
