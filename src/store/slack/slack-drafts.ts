import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { type Database, databaseNow } from '../database.ts';
import { fromJson, toJson } from '../json.ts';
import type { SlackAccount } from './slack.ts';

const draftStates = ['OPEN', 'STARTED', 'CANCELED'] as const;

/**
 * An operation that was shown to somebody and not started yet. Everything its buttons need is here, so they work after a
 * restart of Starwarden too.
 */
export type SlackDraft = SlackAccount & {
  readonly id: string;
  readonly channel: string | null;
  readonly operation: string;
  readonly input: JsonObject;
  readonly planHash: string;
  readonly clusterName: string;
  /** The cluster's name as it was typed with `--confirm`. */
  readonly confirm: string | null;
  readonly reason: string | null;
  /** What was typed, for asking again. */
  readonly line: string;
  readonly state: (typeof draftStates)[number];
  readonly runId: string | null;
};

const inputShape: z.ZodType<JsonObject> = z.record(z.string(), z.json());

export async function insertDraft(db: Database, draft: Omit<SlackDraft, 'state' | 'runId'>): Promise<void> {
  await db
    .insertInto('slack_draft')
    .values({
      id: draft.id,
      team: draft.team,
      slack_user: draft.user,
      channel: draft.channel,
      operation: draft.operation,
      input: toJson(draft.input),
      plan_hash: draft.planHash,
      cluster_name: draft.clusterName,
      confirm: draft.confirm,
      reason: draft.reason,
      line: draft.line,
      state: 'OPEN',
      run_id: null,
      created_at: databaseNow,
    })
    .execute();
}

/** A draft of this account; nobody else can find it. */
export async function findDraft(
  db: Database,
  { id, team, user }: SlackAccount & { id: string },
): Promise<SlackDraft | null> {
  const row = await db
    .selectFrom('slack_draft')
    .selectAll()
    .where('id', '=', id)
    .where('team', '=', team)
    .where('slack_user', '=', user)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    id: row.id,
    team: row.team,
    user: row.slack_user,
    channel: row.channel,
    operation: row.operation,
    input: fromJson(inputShape, row.input),
    planHash: row.plan_hash,
    clusterName: row.cluster_name,
    confirm: row.confirm,
    reason: row.reason,
    line: row.line,
    state: z.enum(draftStates).parse(row.state),
    runId: row.run_id,
  };
}

/**
 * From now on the draft cannot be cancelled; false when it was cancelled before. A draft may be started twice: the run's
 * idempotency key makes it one run.
 */
export async function markDraftStarted(db: Database, id: string): Promise<boolean> {
  await db
    .updateTable('slack_draft')
    .set({ state: 'STARTED' })
    .where('id', '=', id)
    .where('state', '=', 'OPEN')
    .execute();
  const row = await db.selectFrom('slack_draft').select('state').where('id', '=', id).executeTakeFirst();
  return row?.state === 'STARTED';
}

export async function saveDraftRun(db: Database, id: string, runId: string): Promise<void> {
  await db.updateTable('slack_draft').set({ run_id: runId }).where('id', '=', id).execute();
}

/** The start made no run: the draft may be started or cancelled again. */
export async function reopenDraft(db: Database, id: string): Promise<void> {
  await db.updateTable('slack_draft').set({ state: 'OPEN' }).where('id', '=', id).where('run_id', 'is', null).execute();
}

/** Cancels a draft; false when it was started or cancelled before. */
export async function cancelDraft(db: Database, id: string): Promise<boolean> {
  const result = await db
    .updateTable('slack_draft')
    .set({ state: 'CANCELED' })
    .where('id', '=', id)
    .where('state', '=', 'OPEN')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
