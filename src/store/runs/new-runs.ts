import type { Actor } from '../../domain/access.ts';
import type { JsonObject } from '../../domain/json.ts';
import { type Plan, toKeptPlan } from '../../domain/plan.ts';
import type { SealingKeys } from '../../domain/sealing.ts';
import type { Target } from '../../domain/target.ts';
import { insertAudit } from '../access/audit.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Queryable } from '../database.ts';
import { toJson } from '../json.ts';
import { isTaken, type RunOfSchedule, recordRunOf } from '../schedules/firings.ts';
import { insertSecrets, type PendingSecret } from '../secrets/secrets.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { insertSteps } from './journal.ts';

/** Who agreed, once and before, to what a schedule does. */
export type StandingConsent = {
  readonly byId: string;
  readonly byName: string;
  readonly at: Date;
  /** What was agreed to: `schedule "nightly"`. */
  readonly to: string;
};

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
  /** `given`: it is approved already. */
  approval: { id: string; required: number; ttlMs: number; given: StandingConsent | null } | null;
  /** The time of a schedule that it is for; null = none. */
  schedule: RunOfSchedule | null;
  idempotency: { key: string; inputHash: string } | null;
  /** The input as the audit log may keep it. */
  auditDetail: JsonObject;
  requestId: string | null;
};

/**
 * Run, steps, secrets, approval, idempotency key, time of a schedule and audit row, in one transaction. `duplicate` = the key
 * was used meanwhile; `taken` = somebody else has the time of the schedule.
 */
export async function insertRun(db: Database, run: NewRun): Promise<'created' | 'duplicate' | 'taken'> {
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
      if (run.schedule !== null) await recordRunOf(tx, run.id, run.schedule);
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
        outcome: isWaiting(run) ? 'AWAITING_APPROVAL' : 'STARTED',
        detail: run.auditDetail,
        runId: run.id,
        requestId: run.requestId,
      });
    });
    return 'created';
  } catch (error) {
    if (run.schedule !== null && isTaken(error)) return 'taken';
    if (run.idempotency !== null && isDuplicateKey(error)) return 'duplicate';
    throw error;
  }
}

/** Nothing happens before somebody says yes. */
function isWaiting({ approval }: NewRun): boolean {
  return approval !== null && approval.given === null;
}

async function insertRunRow(tx: Queryable, run: NewRun): Promise<void> {
  const given = run.approval?.given ?? null;
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
      state: isWaiting(run) ? 'AWAITING_APPROVAL' : 'QUEUED',
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
      event_sequence: given === null ? 1 : 2,
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
  if (given === null) return;
  await tx
    .insertInto('run_event')
    .values({
      run_id: run.id,
      sequence: 2,
      at: databaseNow,
      type: 'APPROVAL',
      step: null,
      message: `${given.byName} approved the ${given.to} at ${given.at.toISOString()}`,
    })
    .execute();
}

async function insertApproval(tx: Queryable, run: NewRun, approval: NonNullable<NewRun['approval']>): Promise<void> {
  const { id, required, ttlMs, given } = approval;
  await tx
    .insertInto('approval')
    .values({
      id,
      run_id: run.id,
      plan_hash: run.plan.hash,
      state: given === null ? 'PENDING' : 'APPROVED',
      required,
      created_at: databaseNow,
      expires_at: databaseNowPlus(ttlMs),
      // From the firing on, so that a standing consent covers each run for as long as an approval of its own would.
      decided_at: given === null ? null : databaseNow,
    })
    .execute();
  if (given === null) return;
  await tx
    .insertInto('approval_vote')
    .values({
      approval_id: id,
      person_id: given.byId,
      person_name: given.byName,
      via: 'SCHEDULE',
      vote: 'APPROVE',
      comment: `For the ${given.to}`,
      at: given.at,
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
