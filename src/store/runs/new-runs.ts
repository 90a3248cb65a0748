import type { Actor } from '../../domain/access.ts';
import type { JsonObject } from '../../domain/json.ts';
import { type Plan, toKeptPlan } from '../../domain/plan.ts';
import type { SealingKeys } from '../../domain/sealing.ts';
import type { Target } from '../../domain/target.ts';
import { insertAudit } from '../access/audit.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Queryable } from '../database.ts';
import { toJson } from '../json.ts';
import { insertSecrets, type PendingSecret } from '../secrets/secrets.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { insertSteps } from './journal.ts';

export type NewRun = {
  id: string;
  operationVersion: number;
  target: Target;
  input: JsonObject;
  plan: Plan;
  actor: Actor;
  reason: string | null;
  retryOf: string | null;
  secrets: readonly PendingSecret[];
  keys: SealingKeys;
  approval: { id: string; required: number; ttlMs: number } | null;
  idempotency: { key: string; inputHash: string } | null;
  /** The input as the audit log may keep it. */
  auditDetail: JsonObject;
  requestId: string | null;
};

/** Run, steps, secrets, approval, idempotency key and audit row, in one transaction. `duplicate` = the key was used meanwhile. */
export async function insertRun(db: Database, run: NewRun): Promise<'created' | 'duplicate'> {
  try {
    await inTransaction(db, async (tx) => {
      if (run.idempotency !== null) {
        await tx
          .insertInto('idempotency_key')
          .values({
            actor_id: run.actor.id,
            key: run.idempotency.key,
            input_hash: run.idempotency.inputHash,
            run_id: run.id,
            created_at: databaseNow,
          })
          .execute();
      }
      await insertSecrets(tx, run.secrets, { clusterId: run.target.cluster.id, keys: run.keys });
      await insertRunRow(tx, run);
      await insertSteps(
        tx,
        { runId: run.id, from: 0 },
        run.plan.steps.map((step) => ({ ...step, phase: 'do' as const })),
      );
      if (run.approval !== null) await insertApproval(tx, run, run.approval);
      await insertAudit(tx, {
        actor: run.actor,
        action: run.plan.operation,
        subject: run.target.cluster.name,
        clusterId: run.target.cluster.id,
        outcome: run.approval === null ? 'STARTED' : 'AWAITING_APPROVAL',
        detail: run.auditDetail,
        runId: run.id,
        requestId: run.requestId,
      });
    });
    return 'created';
  } catch (error) {
    if (run.idempotency !== null && isDuplicateKey(error)) return 'duplicate';
    throw error;
  }
}

async function insertRunRow(tx: Queryable, run: NewRun): Promise<void> {
  await tx
    .insertInto('run')
    .values({
      id: run.id,
      operation: run.plan.operation,
      operation_version: run.operationVersion,
      target_kind: run.target.kind,
      cluster_id: run.target.cluster.id,
      cluster_name: run.target.cluster.name,
      environment: run.target.cluster.environment,
      state: run.approval === null ? 'QUEUED' : 'AWAITING_APPROVAL',
      input: toJson(run.input),
      plan: toJson(toKeptPlan(run.plan)),
      plan_hash: run.plan.hash,
      requested_by_id: run.actor.id,
      requested_by_name: run.actor.name,
      via: run.actor.via,
      reason: run.reason,
      blocked_by: null,
      needs_replan: run.approval === null ? 0 : 1,
      due_at: null,
      claimed_by: null,
      claimed_until: null,
      outcome: null,
      progress: null,
      failure: null,
      post_check: null,
      before_undo: null,
      undo_gone: null,
      retry_of: run.retryOf,
      event_sequence: 1,
      created_at: databaseNow,
      started_at: null,
      finished_at: null,
    })
    .execute();
  await tx
    .insertInto('run_event')
    .values({
      run_id: run.id,
      sequence: 1,
      at: databaseNow,
      type: 'RUN_CREATED',
      step: null,
      message: `${run.actor.name} asked for it: ${run.plan.summary}`.slice(0, 4000),
    })
    .execute();
}

async function insertApproval(tx: Queryable, run: NewRun, approval: NonNullable<NewRun['approval']>): Promise<void> {
  await tx
    .insertInto('approval')
    .values({
      id: approval.id,
      run_id: run.id,
      plan_hash: run.plan.hash,
      state: 'PENDING',
      required: approval.required,
      created_at: databaseNow,
      expires_at: databaseNowPlus(approval.ttlMs),
      decided_at: null,
    })
    .execute();
}

/** What an idempotency key was used for by this actor, or null. */
export async function findIdempotencyKey(
  db: Queryable,
  actorId: string,
  key: string,
): Promise<{ inputHash: string; runId: string } | null> {
  const row = await db
    .selectFrom('idempotency_key')
    .selectAll()
    .where('actor_id', '=', actorId)
    .where('key', '=', key)
    .executeTakeFirst();
  return row === undefined ? null : { inputHash: row.input_hash, runId: row.run_id };
}
