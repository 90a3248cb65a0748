import { type SqlBool, sql } from 'kysely';
import { z } from 'zod';
import { newId } from '../../ids.ts';
import { type Claim, claimDue, isDue, isOurs, releaseClaim, unclaimed } from '../claims.ts';
import { type Database, databaseNow, type Queryable } from '../database.ts';
import { fromJson, toJson } from '../json.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { type LinePicture, linePicture } from './line-picture.ts';
import {
  awaitedChannels,
  type CardChange,
  type DeliveryState,
  deliveryColumns,
  deliveryStates,
  type Keep,
} from './slack-cards.ts';

/** A reply in the thread of a card. */
export type Line = {
  readonly id: string;
  /** The right to send the reply, and to record what became of it. */
  readonly claim: Claim;
  readonly cardId: string;
  readonly text: string;
  readonly broadcast: boolean;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly mayRepeat: boolean;
  readonly createdAt: Date;
  /** Where the card is. */
  readonly channel: string;
  readonly threadTs: string;
  /** Null = a reply of words alone. */
  readonly picture: LinePicture | null;
};

export type NewLine = {
  readonly key: string;
  readonly text: string;
  readonly broadcast: boolean;
  readonly picture?: LinePicture;
};

/** Adds replies to a card's thread; a reply whose key is there already is not added again. */
export async function ensureLines(db: Database, cardId: string, lines: readonly NewLine[]): Promise<void> {
  if (lines.length === 0) return;
  const known = await db.selectFrom('slack_line').select('line_key').where('card_id', '=', cardId).execute();
  for (const line of lines.filter(({ key }) => !known.some((row) => row.line_key === key)))
    await insertLine(db, cardId, line);
}

/** Adds one reply, unless there is one with its key. */
export async function insertLine(db: Queryable, cardId: string, line: NewLine): Promise<void> {
  try {
    await db
      .insertInto('slack_line')
      .values({
        id: newId('msg'),
        card_id: cardId,
        line_key: line.key,
        text: line.text,
        picture: line.picture === undefined ? null : toJson(line.picture),
        broadcast: line.broadcast ? 1 : 0,
        ts: null,
        sent_at: null,
        state: 'QUEUED',
        attempts: 0,
        due_at: databaseNow,
        may_repeat: 0,
        error: null,
        ...unclaimed,
        created_at: databaseNow,
      })
      .execute();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error; // another process saw the same change
  }
}

/**
 * The oldest unsent reply of each thread, if it is due, the thread's card has been posted, and no card that nobody has
 * seen yet waits for the same channel: new cards come before replies. Replies with a picture are listed for themselves: they
 * take long, and hold up none of words.
 */
export async function listDueLines(
  db: Database,
  limit: number,
  { withPicture }: { readonly withPicture: boolean },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('slack_line')
    .innerJoin(
      (from) =>
        from
          .selectFrom('slack_line')
          .innerJoin('slack_card', 'slack_card.id', 'slack_line.card_id')
          .select((row) => row.fn.min('slack_line.id').as('id'))
          .where('slack_line.state', '!=', 'SENT')
          // One that Slack refuses is tried again for hours, and holds up none of those behind it.
          .where((row) =>
            row.or([row('slack_line.state', '!=', 'FAILED'), row('slack_line.due_at', '<=', databaseNow)]),
          )
          .where('slack_line.picture', withPicture ? 'is not' : 'is', null)
          .where('slack_card.ts', 'is not', null)
          .where('slack_card.channel', 'not in', awaitedChannels(db))
          .groupBy('slack_line.card_id')
          .as('oldest'),
      (join) => join.onRef('oldest.id', '=', 'slack_line.id'),
    )
    .select('slack_line.id')
    .where(isDue('slack_line'))
    .orderBy('slack_line.due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/**
 * Claims a reply that is due; null when somebody else has it, or sent it since it was listed, when a card goes first, or when its
 * own card is on the way to another channel: a reply without its thread would be a message of its own.
 */
export async function claimLine(db: Database, by: { id: string; holder: string; forMs: number }): Promise<Line | null> {
  const still = sql<SqlBool>`state <> 'SENT' AND EXISTS (
    SELECT 1 FROM slack_card WHERE slack_card.id = slack_line.card_id
      AND slack_card.ts IS NOT NULL AND slack_card.channel NOT IN (${awaitedChannels(db)}))`;
  const claim = await claimDue(db, { ...by, table: 'slack_line', still });
  if (claim === null) return null;
  const line = await readLine(db, claim);
  if (line === null) await releaseClaim(db, claim);
  return line;
}

async function readLine(db: Database, claim: Claim): Promise<Line | null> {
  const row = await db
    .selectFrom('slack_line')
    .innerJoin('slack_card', 'slack_card.id', 'slack_line.card_id')
    .selectAll('slack_line')
    .select(['slack_card.channel', 'slack_card.ts as thread_ts'])
    .where(isOurs(claim))
    .executeTakeFirst();
  if (row === undefined || row.thread_ts === null) return null;
  return {
    id: row.id,
    claim,
    cardId: row.card_id,
    text: row.text,
    broadcast: row.broadcast === 1,
    state: z.enum(deliveryStates).parse(row.state),
    attempts: row.attempts,
    mayRepeat: row.may_repeat === 1,
    createdAt: row.created_at,
    channel: row.channel,
    threadTs: row.thread_ts,
    picture: row.picture === null ? null : fromJson(linePicture, row.picture),
  };
}

export type LineChange = CardChange & { text?: string; picture?: LinePicture };

/** Writes what became of a claimed reply; see `saveCard`. */
export async function saveLine(db: Database, { claim }: Line, change: LineChange, keep: Keep = {}): Promise<boolean> {
  const result = await db
    .updateTable('slack_line')
    .set({
      ...deliveryColumns(change, keep),
      ...(change.text === undefined ? {} : { text: change.text }),
      ...(change.picture === undefined ? {} : { picture: toJson(change.picture) }),
    })
    .where(isOurs(claim))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
