import { systemActor } from '../domain/access.ts';
import { whyMayNotVote } from '../domain/approval.ts';
import type { Run, RunAction, RunStep } from '../domain/run.ts';
import { AppError } from '../errors.ts';
import type { AnyOperation } from '../operations/define.ts';
import { insertAudit } from '../store/access/audit.ts';
import { inTransaction, readDatabaseTime, type Tx } from '../store/database.ts';
import { endApproval, findApprovalOfRun, insertVote, listVotes } from '../store/runs/approvals.ts';
import { applyEntry, type JournalEntry } from '../store/runs/journal.ts';
import {
  forgetWaiting,
  listSteps,
  lockRun,
  readRun,
  reopenChanges,
  reopenSteps,
  skipLane,
} from '../store/runs/runs.ts';
import { forgetSecretsOf } from '../store/secrets/secrets.ts';
import { auditOf, authorize, type ControlRequest, readVisible, refuseUnlessAllowed } from './decision.ts';
import type { Engine } from './engine.ts';
import { allowedActions, fittingOperation, isAskedAfresh, stageToLeave, stepsBack } from './run-actions.ts';
import { submit } from './submit.ts';
import { foreseeUndo } from './way-back.ts';

export type { ControlRequest };
export { allowedActions };

type Decision = { entry: JournalEntry; wake: boolean };

export async function approveRun(deps: Engine, request: ControlRequest & { planHash?: string | null }): Promise<Run> {
  return vote(deps, request, 'APPROVE');
}

export async function rejectRun(deps: Engine, request: ControlRequest & { planHash?: string | null }): Promise<Run> {
  return vote(deps, request, 'DENY');
}

/** Stops a run: at once when nothing has begun, else after the step that is under way or by stopping it. */
export function cancelRun(deps: Engine, request: ControlRequest): Promise<Run> {
  return decide(deps, request, 'CANCEL', async (tx, run, steps) => {
    const untouched = steps.every((step) => step.state === 'pending') && run.state !== 'RUNNING';
    if (!untouched) {
      return {
        entry: {
          run: { state: 'CANCELING', cancelRequested: true, failure: null, postCheck: null, wakeInMs: null },
          events: [stateEvent(request, 'asked to cancel')],
        },
        wake: true,
      };
    }
    await endApproval(tx, run.id, 'CANCELED');
    if (run.targetKind === 'new-cluster') await forgetSecretsOf(tx, run.clusterId);
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
export function pauseRun(deps: Engine, request: ControlRequest): Promise<Run> {
  return decide(deps, request, 'PAUSE', async (_tx, run) => ({
    entry: {
      run: { pauseRequested: true, ...(run.state === 'QUEUED' ? { wakeInMs: null } : {}) },
      events: [stateEvent(request, 'asked to pause')],
    },
    wake: run.state === 'QUEUED',
  }));
}

export function resumeRun(deps: Engine, request: ControlRequest): Promise<Run> {
  return decide(deps, request, 'RESUME', async (tx, run) => ({
    entry: await resume(tx, run, request),
    wake: true,
  }));
}

/** Temporary changes that were put back for the pause are made again first. */
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
export async function retryRun(deps: Engine, request: ControlRequest & { withoutLane?: string | null }): Promise<Run> {
  const before = await readVisible(deps, request);
  const without = request.withoutLane ?? null;
  if (isAskedAfresh(before)) {
    await authorize(deps, request, before, 'RETRY');
    await refuseUnlessAllowed(deps, deps.db, { run: before, steps: [], action: 'RETRY' });
    return retryAfresh(deps, request, before);
  }
  return decide(deps, request, 'RETRY', async (tx, run, steps) => {
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
          postCheck: null,
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
 * Takes back every step that is ours, newest first. Refused with a sentence when one of them has no way back; where the
 * operation plans the way back itself, when it finds none now: then the run stays as it was. An undo that stopped goes on
 * where it stopped.
 */
export async function undoRun(deps: Engine, request: ControlRequest): Promise<Run> {
  await foreseeUndo(deps, request);
  return decide(deps, request, 'UNDO', async (tx, run, steps) => {
    const operation = fittingOperation(deps.operations, run);
    const isPlannedLater = operation.planUndo !== null && !steps.some((step) => step.phase === 'undo');
    // Everything stays as it is until the way back is planned from what the cluster says: it may still be refused.
    if (!isPlannedLater) await reopenSteps(tx, run.id, 'undo');
    const { state, failure, progress, postCheck, finishedAt } = run;
    return {
      entry: {
        run: {
          state: 'UNDOING',
          outcome: null,
          failure: null,
          postCheck: null,
          beforeUndo: { state, failure, progress, postCheck, finishedAt },
          cancelRequested: false,
          pauseRequested: false,
          wakeInMs: null,
        },
        addSteps: stepsBack(operation, steps),
        events: [stateEvent(request, 'asked to undo it')],
      },
      wake: true,
    };
  });
}

/** Ends approvals whose time is over. */
export async function expireApproval(deps: Engine, runId: string): Promise<void> {
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
  deps: Engine,
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
  deps: Engine,
  request: ControlRequest,
  action: RunAction,
  decision: (tx: Tx, run: Run, steps: readonly RunStep[]) => Promise<Decision>,
): Promise<Run> {
  const seen = await readVisible(deps, request);
  await authorize(deps, request, seen, action);
  const outcome = await inTransaction(deps.db, async (tx) => {
    const run = await lockRun(tx, request.runId);
    const steps = await listSteps(tx, run.id);
    await refuseUnlessAllowed(deps, tx, { run, steps, action });
    const { entry, wake } = await decision(tx, run, steps);
    const woken = await applyEntry(tx, run.id, entry);
    await insertAudit(tx, auditOf(run, request, `${action.toLowerCase()}Run`, 'DONE'));
    return { wake, woken };
  }).catch(async (error: unknown) => {
    // The refusal ended its transaction; the audit log gets the attempt all the same.
    if (error instanceof AppError && error.code === 'FORBIDDEN')
      await insertAudit(deps.db, auditOf(seen, request, `${action.toLowerCase()}Run`, 'FORBIDDEN'));
    throw error;
  });
  if (outcome.wake) deps.ring(request.runId);
  for (const id of outcome.woken) {
    deps.ring(id);
    deps.changed(id);
  }
  deps.changed(request.runId);
  return readRun(deps.db, request.runId);
}

function stateEvent({ actor, comment }: ControlRequest, what: string) {
  return { type: 'RUN_STATE' as const, message: `${actor.name} ${what}${comment ? `: ${comment}` : ''}` };
}

async function retryAfresh(deps: Engine, request: ControlRequest, run: Run): Promise<Run> {
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
