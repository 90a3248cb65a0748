import { type Actor, can, systemActor } from '../domain/access.ts';
import { approvalCoversMs, approvalsRequired, whyMayNotVote } from '../domain/approval.ts';
import { isTerminal, type RunAction } from '../domain/run.ts';
import { AppError } from '../errors.ts';
import { endApproval, findApprovalOfRun, insertVote, listVotes } from '../store/approvals.ts';
import { insertAudit } from '../store/audit.ts';
import { inTransaction, type Queryable, readDatabaseTime, type Tx } from '../store/database.ts';
import { applyEntry, type JournalEntry } from '../store/journal.ts';
import type { Run, RunStep } from '../store/run-rows.ts';
import { forgetWaiting, listSteps, lockRun, readRun, reopenChanges, reopenSteps, skipLane } from '../store/runs.ts';
import { forgetSecretsOf } from '../store/secrets.ts';
import type { AnyOperation } from './define.ts';
import {
  allowedActions,
  blockedUndo,
  fittingOperation,
  missingPermission,
  stageToLeave,
  stepsBack,
  targetOf,
} from './run-actions.ts';
import { type SubmitDeps, submit } from './submit.ts';

export { allowedActions };

export type ControlDeps = SubmitDeps & {
  /** Tells everybody who watches that the run changed; may be lost. */
  readonly changed: (runId: string) => void;
};

export type ControlRequest = {
  readonly runId: string;
  readonly actor: Actor;
  readonly comment?: string | null;
  readonly requestId?: string | null;
};

type Decision = { entry: JournalEntry; wake: boolean };

export async function approveRun(
  deps: ControlDeps,
  request: ControlRequest & { planHash?: string | null },
): Promise<Run> {
  return vote(deps, request, 'APPROVE');
}

export async function rejectRun(
  deps: ControlDeps,
  request: ControlRequest & { planHash?: string | null },
): Promise<Run> {
  return vote(deps, request, 'DENY');
}

/** Stops a run: at once when nothing has begun, else after the step that is under way or by stopping it. */
export function cancelRun(deps: ControlDeps, request: ControlRequest): Promise<Run> {
  return decide(deps, request, 'CANCEL', async (tx, run, steps) => {
    const untouched = steps.every((step) => step.state === 'pending') && run.state !== 'RUNNING';
    if (!untouched) {
      return {
        entry: {
          run: { state: 'CANCELING', cancelRequested: true, failure: null, wakeInMs: null },
          events: [stateEvent(request, 'asked to cancel')],
        },
        wake: true,
      };
    }
    await endApproval(tx, run.id, 'CANCELED');
    if (deps.operations.get(run.operation)?.effect === 'creates') await forgetSecretsOf(tx, run.clusterId);
    return {
      entry: {
        run: { state: 'CANCELED', finished: true, blockedBy: null },
        releaseLock: true,
        events: [stateEvent(request, 'cancelled it before it began')],
      },
      wake: false,
    };
  });
}

/** Lets the step that is under way end, then waits for `resumeRun`. The cluster stays locked. */
export function pauseRun(deps: ControlDeps, request: ControlRequest): Promise<Run> {
  return decide(deps, request, 'PAUSE', async (_tx, run) => ({
    entry: {
      run: { pauseRequested: true, ...(run.state === 'QUEUED' ? { wakeInMs: null } : {}) },
      events: [stateEvent(request, 'asked to pause')],
    },
    wake: run.state === 'QUEUED',
  }));
}

export function resumeRun(deps: ControlDeps, request: ControlRequest): Promise<Run> {
  return decide(deps, request, 'RESUME', async (tx, run) => ({
    entry: await resume(tx, run, request),
    wake: true,
  }));
}

/** What was put back for the pause is changed again first. */
async function resume(tx: Tx, run: Run, request: ControlRequest): Promise<JournalEntry> {
  await reopenChanges(tx, run.id, 'do');
  await forgetWaiting(tx, run.id);
  return {
    run: {
      state: 'QUEUED',
      pauseRequested: false,
      wakeInMs: null,
      // What was planned before a pause of unknown length is planned again, unless it has begun.
      ...(run.startedAt === null ? { needsReplan: true } : {}),
    },
    events: [stateEvent(request, 'resumed it')],
  };
}

/**
 * Goes on from the step that failed: the same run, so that undo still knows what is ours; an undo goes on as an undo. A
 * run that never began, or whose plan is stale, is asked for again, as a new run that names this one: with a new plan,
 * and a new approval where one is needed.
 */
export async function retryRun(
  deps: ControlDeps,
  request: ControlRequest & { withoutLane?: string | null },
): Promise<Run> {
  const before = await readVisible(deps, request);
  const without = request.withoutLane ?? null;
  if (before.failure?.code === 'PLAN_STALE' || before.startedAt === null) {
    await authorize(deps, request, before, 'RETRY');
    refuseUnlessAllowed(deps, before, [], 'RETRY');
    return retryAfresh(deps, request, before);
  }
  return decide(deps, request, 'RETRY', async (tx, run, steps) => {
    await refuseUnlessApproved(deps, tx, run);
    const isUndo = steps.some((step) => step.phase === 'undo');
    await reopenSteps(tx, run.id, isUndo ? 'undo' : 'do', { leftOutToo: without === null });
    const operation = fittingOperation(deps.operations, run);
    const left = without === null ? null : await leaveOut(tx, { run, steps, operation, without, isUndo });
    return {
      entry: {
        run: {
          state: isUndo ? 'UNDOING' : 'QUEUED',
          outcome: null,
          failure: null,
          cancelRequested: false,
          pauseRequested: false,
          wakeInMs: null,
        },
        events: [stateEvent(request, left === null ? 'retried it' : `let it go on without ${left}`)],
      },
      wake: true,
    };
  });
}

type LeaveOut = { run: Run; steps: readonly RunStep[]; operation: AnyOperation; without: string; isUndo: boolean };

/** Skips the lane that failed, if the operation can do without it. Answers its name. */
async function leaveOut(tx: Tx, { run, steps, operation, without, isUndo }: LeaveOut): Promise<string> {
  const stage = stageToLeave(run, { steps, operation, without, isUndo });
  await skipLane(tx, run.id, { stage, name: without });
  return without;
}

/**
 * Takes back, newest first, every step that is ours. Refused in words when one of them has no way back. An undo that
 * stopped goes on where it stopped.
 */
export function undoRun(deps: ControlDeps, request: ControlRequest): Promise<Run> {
  return decide(deps, request, 'UNDO', async (tx, run, steps) => {
    await refuseUnlessApproved(deps, tx, run);
    const operation = fittingOperation(deps.operations, run);
    await reopenSteps(tx, run.id, 'undo');
    const addSteps = stepsBack(operation, steps);
    return {
      entry: {
        run: {
          state: 'UNDOING',
          outcome: null,
          failure: null,
          cancelRequested: false,
          pauseRequested: false,
          wakeInMs: null,
        },
        addSteps,
        events: [stateEvent(request, 'asked to undo it')],
      },
      wake: true,
    };
  });
}

/** Ends approvals whose time is over. */
export async function expireApproval(deps: ControlDeps, runId: string): Promise<void> {
  const expired = await inTransaction(deps.db, async (tx) => {
    const run = await lockRun(tx, runId);
    if (run.state !== 'AWAITING_APPROVAL') return false;
    if (!(await endApproval(tx, runId, 'EXPIRED'))) return false;
    await applyEntry(tx, runId, {
      run: { state: 'EXPIRED', finished: true },
      events: [{ type: 'APPROVAL', message: 'Nobody approved in time' }],
    });
    await insertAudit(tx, auditOf(run, { runId, actor: systemActor }, 'expireApproval', 'EXPIRED'));
    return true;
  });
  if (expired) deps.changed(runId);
}

async function vote(
  deps: ControlDeps,
  request: ControlRequest & { planHash?: string | null },
  word: 'APPROVE' | 'DENY',
): Promise<Run> {
  const action = word === 'APPROVE' ? 'APPROVE' : 'REJECT';
  return decide(deps, request, action, async (tx, run) => {
    const approval = await findApprovalOfRun(tx, run.id);
    if (approval === null) throw new Error(`run ${run.id} awaits an approval that does not exist`);
    const votes = await listVotes(tx, approval.id);
    const refusal = whyMayNotVote({
      actor: request.actor,
      requestedById: run.requestedById,
      target: { clusterId: run.clusterId, environment: run.environment },
      expiresAt: approval.expiresAt,
      now: await readDatabaseTime(tx),
      planHash: approval.planHash,
      votedPlanHash: request.planHash ?? null,
      alreadyVoted: votes.some((given) => given.personId === request.actor.id),
    });
    if (refusal !== null) throw new AppError(refusal.code, refusal.message, { hint: refusal.hint });
    await insertVote(tx, {
      approvalId: approval.id,
      personId: request.actor.id,
      personName: request.actor.name,
      via: request.actor.via,
      vote: word,
      comment: request.comment ?? null,
    });
    const yes = votes.filter((given) => given.vote === 'APPROVE').length + (word === 'APPROVE' ? 1 : 0);
    const said = `${request.actor.name} ${word === 'APPROVE' ? `approved (${yes} of ${approval.required})` : 'denied it'}${request.comment ? `: ${request.comment}` : ''}`;
    const event = { type: 'APPROVAL' as const, message: said };
    if (word === 'APPROVE' && yes < approval.required) return { entry: { events: [event] }, wake: false };
    const state = word === 'APPROVE' ? 'APPROVED' : 'DENIED';
    await endApproval(tx, run.id, state);
    if (word === 'DENY') return { entry: { run: { state: 'REJECTED', finished: true }, events: [event] }, wake: false };
    return { entry: { run: { state: 'QUEUED', wakeInMs: null }, events: [event] }, wake: true };
  });
}

/** Everything a person decides about a run goes through here: visible? entitled? allowed now? then one transaction with its audit row. */
async function decide(
  deps: ControlDeps,
  request: ControlRequest,
  action: RunAction,
  decision: (tx: Tx, run: Run, steps: readonly RunStep[]) => Promise<Decision>,
): Promise<Run> {
  const seen = await readVisible(deps, request);
  await authorize(deps, request, seen, action);
  const outcome = await inTransaction(deps.db, async (tx) => {
    const run = await lockRun(tx, request.runId);
    const steps = await listSteps(tx, run.id);
    refuseUnlessAllowed(deps, run, steps, action);
    const { entry, wake } = await decision(tx, run, steps);
    const woken = await applyEntry(tx, run.id, entry);
    await insertAudit(tx, auditOf(run, request, `${action.toLowerCase()}Run`, 'DONE'));
    return { wake, woken };
  }).catch(async (error: unknown) => {
    // The refusal ended its transaction; that somebody tried is written down all the same.
    if (error instanceof AppError && error.code === 'FORBIDDEN')
      await insertAudit(deps.db, auditOf(seen, request, `${action.toLowerCase()}Run`, 'FORBIDDEN'));
    throw error;
  });
  if (outcome.wake) deps.ring(request.runId);
  for (const id of outcome.woken) deps.ring(id);
  deps.changed(request.runId);
  return readRun(deps.db, request.runId);
}

/** The run and its steps, for a person who may decide this now. Throws what the decision would throw. */
export async function readForDecision(
  deps: ControlDeps,
  request: ControlRequest,
  action: RunAction,
): Promise<{ run: Run; steps: readonly RunStep[] }> {
  const run = await readVisible(deps, request);
  await authorize(deps, request, run, action);
  const steps = await listSteps(deps.db, run.id);
  refuseUnlessAllowed(deps, run, steps, action);
  if (action === 'UNDO') await refuseUnlessApproved(deps, deps.db, run);
  return { run, steps };
}

/** What starts effects anew long after the yes needs a new yes, for a new plan. */
async function refuseUnlessApproved(deps: ControlDeps, tx: Queryable, run: Run): Promise<void> {
  const approval = await findApprovalOfRun(tx, run.id);
  if (
    approval === null &&
    approvalsRequired(fittingOperation(deps.operations, run).risk, {
      environment: run.environment,
      approvalEnvironments: deps.approvalEnvironments,
    }) === 0
  )
    return;
  if (approval?.state !== 'APPROVED' || approval.decidedAt === null) {
    throw new AppError('APPROVAL_REQUIRED', `R-${run.number} was never approved`, {
      hint: 'Ask for the operation again.',
    });
  }
  const sinceMs = (await readDatabaseTime(tx)).getTime() - approval.decidedAt.getTime();
  if (sinceMs <= approvalCoversMs) return;
  throw new AppError('APPROVAL_EXPIRED', `R-${run.number} was approved at ${approval.decidedAt.toISOString()}`, {
    hint: `An approval covers ${approvalCoversMs / 3_600_000} hours. Ask for the operation again.`,
  });
}

function refuseUnlessAllowed(deps: ControlDeps, run: Run, steps: readonly RunStep[], action: RunAction): void {
  // A run of an operation that is gone, or has another version now, can still be stopped.
  const startsEffects = action === 'UNDO' || action === 'RETRY';
  const operation = startsEffects ? fittingOperation(deps.operations, run) : deps.operations.get(run.operation);
  const allowed = allowedActions(run, operation, steps);
  if (allowed.includes(action)) return;
  const blocked =
    action === 'UNDO' && operation !== undefined && !isTerminalWithoutEffect(run)
      ? blockedUndo(run, operation, steps)
      : null;
  if (blocked !== null)
    throw new AppError('NOT_UNDOABLE', `R-${run.number} cannot be undone: ${blocked}`, {
      hint: 'Take the effect back by hand.',
    });
  throw new AppError(
    'PRECONDITION_FAILED',
    `R-${run.number} is ${run.state}; it cannot be asked to ${action.toLowerCase()} now`,
    {
      hint:
        allowed.length === 0
          ? 'Nothing more can be asked of it.'
          : `It can be asked to: ${allowed.map((word) => word.toLowerCase()).join(', ')}.`,
    },
  );
}

function isTerminalWithoutEffect(run: Run): boolean {
  return isTerminal(run.state) && (run.state === 'REJECTED' || run.state === 'EXPIRED' || run.state === 'UNDONE');
}

async function readVisible(deps: ControlDeps, { runId, actor }: ControlRequest): Promise<Run> {
  const run = await readRun(deps.db, runId);
  if (can(actor, 'cluster:read', targetOf(run))) return run;
  throw new AppError('NOT_FOUND', `There is no run ${runId}`, { hint: 'Look at the list of runs for its id.' });
}

async function authorize(deps: ControlDeps, request: ControlRequest, run: Run, action: RunAction): Promise<void> {
  const missing = missingPermission(request.actor, run, {
    action: action,
    operation: deps.operations.get(run.operation),
  });
  if (missing === null) return;
  await insertAudit(deps.db, auditOf(run, request, `${action.toLowerCase()}Run`, 'FORBIDDEN'));
  throw new AppError('FORBIDDEN', `${request.actor.name} may not ${action.toLowerCase()} runs on ${run.clusterName}`, {
    hint: `It needs the permission ${missing}.`,
  });
}

function auditOf(run: Run, request: ControlRequest, action: string, outcome: string) {
  return {
    actor: request.actor,
    action,
    subject: `R-${run.number}`,
    clusterId: run.clusterId,
    outcome,
    detail: request.comment ? { comment: request.comment } : null,
    runId: run.id,
    requestId: request.requestId ?? null,
  };
}

function stateEvent({ actor, comment }: ControlRequest, what: string) {
  return { type: 'RUN_STATE' as const, message: `${actor.name} ${what}${comment ? `: ${comment}` : ''}` };
}

async function retryAfresh(deps: ControlDeps, request: ControlRequest, run: Run): Promise<Run> {
  const again = await submit(deps, {
    operation: run.operation,
    input: run.input,
    actor: request.actor,
    options: { reason: request.comment ?? run.reason, confirm: run.clusterName },
    requestId: request.requestId ?? null,
    retryOf: run.id,
  });
  if (again.run !== null) return again.run;
  const [first] = again.userErrors;
  throw new AppError(first?.code ?? 'PRECONDITION_FAILED', first?.message ?? 'It cannot be asked for again', {
    hint: first?.hint ?? undefined,
  });
}
