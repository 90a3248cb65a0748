import { type Selectable, sql } from 'kysely';
import { z } from 'zod';
import { settleMs } from '../../domain/receipt.ts';
import { openRunStates, type RunState } from '../../domain/run.ts';
import { newId } from '../../ids.ts';
import { type Claim, claimDue, isDue, isOurs, unclaimed } from '../claims.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Queryable } from '../database.ts';
import type { Tables } from '../generated/tables.ts';

/** What a message can be about. */
export const cardKinds = ['RUN', 'ALERT', 'GROUP', 'STORM', 'DIGEST', 'ESCALATION', 'TOKEN', 'SILENCE', 'GAP'] as const;
export type CardKind = (typeof cardKinds)[number];

/**
 * `QUEUED` = to be sent, or sent and to be edited. `SENDING` = a process is sending it, or died while it did. `UNKNOWN` =
 * Slack gave no answer, so it may be there. `FAILED` = Slack refuses it; it is tried again later.
 */
export const deliveryStates = ['QUEUED', 'SENDING', 'SENT', 'UNKNOWN', 'FAILED'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export type Card = {
  readonly id: string;
  /** The right to send the card, and to record what became of it. */
  readonly claim: Claim;
  readonly kind: CardKind;
  readonly subjectId: string;
  /** Where it is, or where it is sent next. */
  readonly channel: string;
  /** Where it was to be at first. */
  readonly plannedFor: string;
  readonly ts: string | null;
  readonly shownRevision: number;
  readonly shownHash: string | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly plain: boolean;
  readonly mayRepeat: boolean;
  readonly error: string | null;
  readonly createdAt: Date;
};

/** How often the card of a subject that still goes on is compared with it although nothing changed ("no news since"). */
const recheckMs = 60_000;

export type NewCard = { readonly kind: CardKind; readonly subjectId: string; readonly channel: string };

/** Makes the card of a subject if there is none yet. */
export async function ensureCard(db: Database, card: NewCard): Promise<void> {
  await insertCard(db, card);
}

/** The same, within somebody's transaction; answers the id of the card that is there then. */
export async function insertCard(db: Queryable, { kind, subjectId, channel }: NewCard): Promise<string> {
  await db
    .insertInto('slack_card')
    // A card that is there already stays as it is.
    .ignore()
    .values({
      ...{ id: newId('msg'), kind, subject_id: subjectId, channel, planned_for: channel },
      ...{ ts: null, sent_at: null, shown_revision: 0, shown_hash: null, state: 'QUEUED', attempts: 0 },
      ...{ due_at: databaseNow, checked_at: null, plain: 0, may_repeat: 0, error: null, ...unclaimed },
      created_at: databaseNow,
    })
    .execute();
  const row = await db
    .selectFrom('slack_card')
    .select('id')
    .where('kind', '=', kind)
    .where('subject_id', '=', subjectId)
    .executeTakeFirstOrThrow();
  return row.id;
}

/** States of a run that people should hear of, whatever its operation. */
const troubledStates: readonly RunState[] = ['FAILED', 'INTERRUPTED'];

/**
 * Runs that should have a card and have none: those that still go on, and those that were asked for or ended lately. A
 * run of one of the `quietOperations` that was not asked for in Slack gets a card only when it failed or was interrupted.
 * A run asked for in Slack belongs into the channel where it was asked for; the idempotency key of such a run is the id
 * of the Slack request.
 */
export async function listRunsWithoutCard(
  db: Database,
  {
    youngerThanMs,
    slackOnly,
    quietOperations,
  }: { youngerThanMs: number; slackOnly: boolean; quietOperations: readonly string[] },
): Promise<readonly { runId: string; channel: string | null; slackUser: string | null }[]> {
  let query = db
    .selectFrom('run')
    .leftJoin('slack_card', (join) =>
      join.onRef('slack_card.subject_id', '=', 'run.id').on('slack_card.kind', '=', 'RUN'),
    )
    .leftJoin('idempotency_key', (join) =>
      join.onRef('idempotency_key.run_id', '=', 'run.id').onRef('idempotency_key.actor_id', '=', 'run.requested_by_id'),
    )
    .leftJoin('slack_request', 'slack_request.id', 'idempotency_key.key')
    .select(['run.id as run_id', 'slack_request.channel', 'slack_request.slack_user'])
    .where('slack_card.id', 'is', null)
    .where((row) =>
      row.or([
        row('run.created_at', '>', databaseNowPlus(-youngerThanMs)),
        row('run.finished_at', '>', databaseNowPlus(-youngerThanMs)),
        row('run.state', 'in', openRunStates),
      ]),
    )
    .orderBy('run.number')
    .limit(50);
  if (slackOnly) query = query.where('slack_request.id', 'is not', null);
  if (quietOperations.length > 0) {
    query = query.where((row) =>
      row.or([
        row('run.operation', 'not in', quietOperations),
        row('run.via', '=', 'SLACK'),
        row('run.state', 'in', troubledStates),
      ]),
    );
  }
  const rows = await query.execute();
  return rows.map((row) => ({ runId: row.run_id, channel: row.channel, slackUser: row.slack_user }));
}

/** The line that says what became of what a run hid. */
export const receiptKey = 'receipt';
/** Runs that ended longer ago owe nobody a receipt: their threads are read no more. */
const receiptForMs = 86_400_000;

/**
 * Cards of runs that are due: never sent, to be tried again, older than their run, to be compared with it again, or
 * without the line on what the run hid.
 */
export async function listDueRunCards(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('slack_card')
    .innerJoin('run', 'run.id', 'slack_card.subject_id')
    .select('slack_card.id')
    .where('slack_card.kind', '=', 'RUN')
    .where(isDue('slack_card'))
    .where((row) =>
      row.or([
        row('slack_card.state', '!=', 'SENT'),
        row('run.revision', '>', row.ref('slack_card.shown_revision')),
        row.and([
          row('run.state', 'in', openRunStates),
          row('slack_card.checked_at', '<', databaseNowPlus(-recheckMs)),
        ]),
        row.and([
          row('run.finished_at', '<', databaseNowPlus(-settleMs)),
          row('run.finished_at', '>', databaseNowPlus(-receiptForMs)),
          row('slack_card.checked_at', '<', databaseNowPlus(-recheckMs)),
          row.exists(
            row.selectFrom('hidden_by_run').select('fingerprint').whereRef('hidden_by_run.run_id', '=', 'run.id'),
          ),
          row.not(
            row.exists(
              row
                .selectFrom('slack_line')
                .select('slack_line.id')
                .whereRef('slack_line.card_id', '=', 'slack_card.id')
                .where('slack_line.line_key', '=', receiptKey),
            ),
          ),
        ]),
      ]),
    )
    .orderBy('slack_card.due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

const worstFirst = sql`FIELD(alert.severity, 'CRITICAL', 'HIGH', 'MEDIUM', 'LOW')`;

/** Cards of alerts that are due, the worst first: never sent, to be tried again, or older than their alert. */
export async function listDueAlertCards(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('slack_card')
    .innerJoin('alert', 'alert.id', 'slack_card.subject_id')
    .select('slack_card.id')
    .where('slack_card.kind', '=', 'ALERT')
    .where(isDue('slack_card'))
    .where((row) =>
      row.or([row('slack_card.state', '!=', 'SENT'), row('alert.revision', '>', row.ref('slack_card.shown_revision'))]),
    )
    .orderBy(worstFirst)
    .orderBy('slack_card.due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Claims a card that is due; null when somebody else has it. */
export async function claimCard(db: Database, by: { id: string; holder: string; forMs: number }): Promise<Card | null> {
  const claim = await claimDue(db, { ...by, table: 'slack_card' });
  if (claim === null) return null;
  const row = await db.selectFrom('slack_card').selectAll().where(isOurs(claim)).executeTakeFirst();
  return row === undefined ? null : toCard(row, claim);
}

/** Longer than a card waits for the next post into its channel: it is about to be due again. */
const turnMs = 2_000;
/** A card that could not be sent for so long holds nobody up any more, whatever the reason. */
const firstForMs = 10 * 60_000;

/**
 * Channels where a card that nobody has seen yet is due. Cards that Slack refused or did not answer about, and cards that
 * are due later, do not count.
 */
export function awaitedChannels(db: Database) {
  return db
    .selectFrom('slack_card as unseen')
    .select('unseen.channel')
    .where('unseen.ts', 'is', null)
    .where('unseen.state', 'in', ['QUEUED', 'SENDING'])
    .where('unseen.due_at', '<=', databaseNowPlus(turnMs))
    .where('unseen.created_at', '>', databaseNowPlus(-firstForMs));
}

export type CardChange = {
  state?: DeliveryState;
  channel?: string;
  ts?: string | null;
  shownRevision?: number;
  shownHash?: string | null;
  plain?: boolean;
  mayRepeat?: boolean;
  error?: string | null;
  attempts?: number;
  /** How long the card is left alone. */
  nextTryInMs?: number;
  checked?: true;
  /** Slack confirmed the message with all alerts that had joined it by then; see `CardContent`. */
  toldRevision?: number;
};

/**
 * Writes what became of a claimed card and gives the claim back; false, with nothing written, when somebody else claimed
 * it meanwhile. `keepForMs` = the work goes on, and the claim is kept for so long.
 */
export async function saveCard(db: Database, card: Card, change: CardChange, keep: Keep = {}): Promise<boolean> {
  const { toldRevision } = change;
  if (toldRevision === undefined) return saveCardIn(db, card, change, keep);
  return inTransaction(db, async (tx) => {
    if (!(await saveCardIn(tx, card, change, keep))) return false;
    await tx
      .updateTable('alert_delivery')
      .set({ told_at: databaseNow })
      .where('card_id', '=', card.id)
      .where('told_at', 'is', null)
      .where('group_revision', '<=', toldRevision)
      .execute();
    return true;
  });
}

/** The same within somebody's transaction, of a change that confirms nothing. */
export async function saveCardIn(
  db: Queryable,
  { claim }: Card,
  change: CardChange,
  keep: Keep = {},
): Promise<boolean> {
  const result = await db
    .updateTable('slack_card')
    .set({
      ...deliveryColumns(change, keep),
      ...(change.channel === undefined ? {} : { channel: change.channel }),
      ...(change.shownRevision === undefined ? {} : { shown_revision: change.shownRevision }),
      ...(change.shownHash === undefined ? {} : { shown_hash: change.shownHash }),
      ...(change.plain === undefined ? {} : { plain: change.plain ? 1 : 0 }),
      ...(change.checked === true ? { checked_at: databaseNow } : {}),
    })
    .where(isOurs(claim))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Messages of these tell people of alerts. */
const alertCardKinds: readonly CardKind[] = ['ALERT', 'GROUP', 'STORM'];

/**
 * Slack takes messages in a channel again: what it refused there with one of `errors` is due now, not when its next try would be.
 */
export async function wakeRefused(
  db: Database,
  { channel, errors }: { readonly channel: string; readonly errors: readonly string[] },
): Promise<void> {
  await db
    .updateTable('slack_card')
    .set({ due_at: databaseNow })
    .where('channel', '=', channel)
    .where('state', '=', 'FAILED')
    .where('error', 'in', errors)
    .where('due_at', '>', databaseNow)
    .execute();
  await db
    .updateTable('slack_line')
    .set({ due_at: databaseNow })
    .where('state', '=', 'FAILED')
    .where('error', 'in', errors)
    .where('due_at', '>', databaseNow)
    .where('card_id', 'in', db.selectFrom('slack_card').select('id').where('channel', '=', channel))
    .execute();
}

/** What people have to be told of by these goes on in another channel when Slack does not take it in its own any more. */
export const movingCardKinds: readonly CardKind[] = [...alertCardKinds, 'TOKEN', 'SILENCE', 'GAP'];

export type RefusedLine = { readonly id: string; readonly cardId: string; readonly channel: string };

/**
 * A reply was refused because of its channel, and that is recorded: the message that it belongs to is compared again, and goes on
 * elsewhere. If it did so while Slack refused the reply, nobody else wakes that.
 */
export async function checkPlace(db: Database, { id, cardId, channel }: RefusedLine): Promise<void> {
  await db
    .updateTable('slack_card')
    .set({ state: 'QUEUED', shown_hash: null, due_at: databaseNow })
    .where('id', '=', cardId)
    .where('kind', 'in', movingCardKinds)
    .where('state', '=', 'SENT')
    .execute();
  await db
    .updateTable('slack_line')
    .set({ due_at: databaseNow })
    .where('id', '=', id)
    .where('state', '=', 'FAILED')
    .where('card_id', 'in', db.selectFrom('slack_card').select('id').where('channel', '<>', channel))
    .execute();
}

/** How many cards have a subject that still goes on: edits are spread over them. */
export async function countLiveCards(db: Database): Promise<number> {
  const row = await db
    .selectFrom('slack_card')
    .innerJoin('run', 'run.id', 'slack_card.subject_id')
    .select((builder) => builder.fn.countAll().as('live'))
    .where('slack_card.kind', '=', 'RUN')
    .where('run.state', 'in', ['QUEUED', 'RUNNING', 'CANCELING', 'UNDOING'])
    .executeTakeFirstOrThrow();
  return Number(row.live);
}

export type Keep = { readonly keepForMs?: number };

export function deliveryColumns(change: CardChange, { keepForMs }: Keep) {
  return {
    ...(change.state === undefined ? {} : { state: change.state }),
    ...(change.ts === undefined ? {} : { ts: change.ts }),
    // Set once: a message that was deleted and posted anew was confirmed before.
    ...(change.ts == null ? {} : { sent_at: sql<Date>`COALESCE(sent_at, ${databaseNow})` }),
    ...(change.mayRepeat === undefined ? {} : { may_repeat: change.mayRepeat ? 1 : 0 }),
    ...(change.error === undefined ? {} : { error: change.error === null ? null : change.error.slice(0, 255) }),
    ...(change.attempts === undefined ? {} : { attempts: change.attempts }),
    ...(change.nextTryInMs === undefined ? {} : { due_at: databaseNowPlus(change.nextTryInMs) }),
    ...(keepForMs === undefined ? unclaimed : { claimed_until: databaseNowPlus(keepForMs) }),
  };
}

function toCard(row: Selectable<Tables['slack_card']>, claim: Claim): Card {
  return {
    id: row.id,
    claim,
    kind: z.enum(cardKinds).parse(row.kind),
    subjectId: row.subject_id,
    channel: row.channel,
    plannedFor: row.planned_for ?? row.channel,
    ts: row.ts,
    shownRevision: row.shown_revision,
    shownHash: row.shown_hash,
    state: z.enum(deliveryStates).parse(row.state),
    attempts: row.attempts,
    plain: row.plain === 1,
    mayRepeat: row.may_repeat === 1,
    error: row.error,
    createdAt: row.created_at,
  };
}
