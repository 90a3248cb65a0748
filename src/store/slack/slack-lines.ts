import { z } from 'zod';
import { newId } from '../../ids.ts';
import { type Database, databaseNow, databaseNowPlus } from '../database.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { type CardChange, type Claimer, type DeliveryState, deliveryColumns, deliveryStates } from './slack-cards.ts';

/** A reply in the thread of a card. */
export type Line = {
  readonly id: string;
  readonly cardId: string;
  readonly text: string;
  readonly broadcast: boolean;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly mayRepeat: boolean;
  readonly createdAt: Date;
  /** Where the card stands. */
  readonly channel: string;
  readonly threadTs: string;
};

export type NewLine = { readonly key: string; readonly text: string; readonly broadcast: boolean };

/** Adds replies to a card's thread; the same key once only. */
export async function ensureLines(db: Database, cardId: string, lines: readonly NewLine[]): Promise<void> {
  if (lines.length === 0) return;
  const known = await db.selectFrom('slack_line').select('line_key').where('card_id', '=', cardId).execute();
  for (const line of lines.filter(({ key }) => !known.some((row) => row.line_key === key)))
    await insertLine(db, cardId, line);
}

async function insertLine(db: Database, cardId: string, line: NewLine): Promise<void> {
  try {
    await db
      .insertInto('slack_line')
      .values({
        id: newId('msg'),
        card_id: cardId,
        line_key: line.key,
        text: line.text,
        broadcast: line.broadcast ? 1 : 0,
        ts: null,
        state: 'QUEUED',
        attempts: 0,
        due_at: databaseNow,
        may_repeat: 0,
        error: null,
        claimed_by: null,
        claimed_until: null,
        created_at: databaseNow,
      })
      .execute();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error; // another process saw the same change
  }
}

/** Takes the oldest unsent reply of each thread whose card stands already. */
export async function claimLines(db: Database, claimer: Claimer, limit: number): Promise<readonly Line[]> {
  const rows = await db
    .selectFrom('slack_line')
    .innerJoin('slack_card', 'slack_card.id', 'slack_line.card_id')
    .select((row) => ['slack_line.card_id', row.fn.min('slack_line.id').as('id')])
    .where('slack_line.state', '!=', 'SENT')
    .where('slack_card.ts', 'is not', null)
    .groupBy('slack_line.card_id')
    .limit(limit)
    .execute();
  const lines: Line[] = [];
  for (const { id } of rows) {
    const result = await db
      .updateTable('slack_line')
      .set({ claimed_by: claimer.owner, claimed_until: databaseNowPlus(claimer.leaseMs) })
      .where('id', '=', id)
      .where('due_at', '<=', databaseNow)
      .where((row) => row.or([row('claimed_until', 'is', null), row('claimed_until', '<', databaseNow)]))
      .executeTakeFirst();
    if (result.numUpdatedRows > 0n) lines.push(await readLine(db, id));
  }
  return lines;
}

async function readLine(db: Database, id: string): Promise<Line> {
  const row = await db
    .selectFrom('slack_line')
    .innerJoin('slack_card', 'slack_card.id', 'slack_line.card_id')
    .selectAll('slack_line')
    .select(['slack_card.channel', 'slack_card.ts as thread_ts'])
    .where('slack_line.id', '=', id)
    .executeTakeFirstOrThrow();
  return {
    id: row.id,
    cardId: row.card_id,
    text: row.text,
    broadcast: row.broadcast === 1,
    state: z.enum(deliveryStates).parse(row.state),
    attempts: row.attempts,
    mayRepeat: row.may_repeat === 1,
    createdAt: row.created_at,
    channel: row.channel,
    threadTs: row.thread_ts ?? '',
  };
}

export async function saveLine(
  db: Database,
  claimer: Claimer,
  id: string,
  change: CardChange,
  { keep = false } = {},
): Promise<boolean> {
  const result = await db
    .updateTable('slack_line')
    .set(deliveryColumns(change, claimer, keep))
    .where('id', '=', id)
    .where('claimed_by', '=', claimer.owner)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
