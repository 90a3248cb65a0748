import type { Actor } from '../domain/access.ts';
import { approvalCoversMs } from '../domain/approval.ts';
import { actionsIn, isTerminal, type Run, type RunAction, type RunStep } from '../domain/run.ts';
import { AppError } from '../errors.ts';
import { insertAudit } from '../store/access/audit.ts';
import { type Queryable, readDatabaseTime } from '../store/database.ts';
import { findVisibleRun } from '../store/reads/runs.ts';
import { visibilityOf } from '../store/reads/visibility.ts';
import { findApprovalOfRun } from '../store/runs/approvals.ts';
import { listSteps } from '../store/runs/runs.ts';
import type { Engine } from './engine.ts';
import { allowedActions, blockedUndo, fittingOperation, missingPermission, whyNotCovered } from './run-actions.ts';

export type ControlRequest = {
  readonly runId: string;
  readonly actor: Actor;
  readonly comment?: string | null;
  readonly requestId?: string | null;
};

/** The run and its steps, for a person who may decide this now. Throws what the decision would throw. */
export async function readForDecision(
  deps: Engine,
  request: ControlRequest,
  action: RunAction,
): Promise<{ run: Run; steps: readonly RunStep[] }> {
  const run = await readVisible(deps, request);
  await authorize(deps, request, run, action);
  const steps = await listSteps(deps.db, run.id);
  await refuseUnlessAllowed(deps, deps.db, { run, steps, action });
  return { run, steps };
}

/** Refuses what `allowedActions` does not name, and says why. */
export async function refuseUnlessAllowed(
  deps: Engine,
  db: Queryable,
  { run, steps, action }: { run: Run; steps: readonly RunStep[]; action: RunAction },
): Promise<void> {
  // A run of an operation that is gone, or has another version now, can still be stopped.
  const startsEffects = action === 'UNDO' || action === 'RETRY';
  const operation = startsEffects ? fittingOperation(deps.operations, run) : deps.operations.get(run.operation);
  const consent = {
    approval: await findApprovalOfRun(db, run.id),
    now: await readDatabaseTime(db),
    approvalEnvironments: deps.approvalEnvironments,
  };
  const allowed = allowedActions(run, operation, steps, consent);
  if (allowed.includes(action)) return;
  // A vote that comes too late is refused by `vote` itself, with its own message.
  if ((action === 'APPROVE' || action === 'REJECT') && run.state === 'AWAITING_APPROVAL') return;
  const blocked =
    action === 'UNDO' && operation !== undefined && !isTerminalWithoutEffect(run)
      ? blockedUndo(run, operation, steps)
      : null;
  if (blocked !== null)
    throw new AppError('NOT_UNDOABLE', `R-${run.number} cannot be undone: ${blocked}`, {
      hint: 'Take the effect back by hand.',
    });
  const couldOnce = startsEffects && actionsIn(run.state, { undoable: true }).includes(action);
  const uncovered = couldOnce && operation !== undefined ? whyNotCovered(run, operation, consent) : null;
  if (uncovered !== null) {
    throw new AppError(uncovered.code, uncovered.message, {
      hint: `An approval covers ${approvalCoversMs / 3_600_000} hours. Ask for the operation again.`,
    });
  }
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

export async function readVisible(deps: Engine, { runId, actor }: ControlRequest): Promise<Run> {
  const run = await findVisibleRun(deps.db, { visibility: visibilityOf(actor, 'cluster:read'), id: runId });
  if (run !== null) return run;
  throw new AppError('NOT_FOUND', `There is no run ${runId}`, { hint: 'Look at the list of runs for its id.' });
}

export async function authorize(deps: Engine, request: ControlRequest, run: Run, action: RunAction): Promise<void> {
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

export function auditOf(run: Run, request: ControlRequest, action: string, outcome: string) {
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
