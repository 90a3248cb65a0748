import { type AccessTarget, type Actor, can, type Permission } from '../domain/access.ts';
import { type Approval, approvalCoversMs, approvalsRequired } from '../domain/approval.ts';
import type { Lane, StepSpec } from '../domain/plan.ts';
import { actionsIn, type Run, type RunAction, type RunStep } from '../domain/run.ts';
import { AppError } from '../errors.ts';
import type { AnyOperation, PlannedStep } from '../operations/define.ts';

/** A step as far as an operation may look at it. */
export function toPlannedStep(step: RunStep): PlannedStep {
  const { kind, title, params, about, effect, leaves, removes, lane, phase, state, facts } = step;
  return {
    ...{ kind, title, params, about, effect, phase, state, facts },
    ...(leaves === null ? {} : { leaves }),
    ...(removes === null ? {} : { removes }),
    ...(lane === null ? {} : { lane }),
  };
}

/** True when the way back is planned by the operation itself, and there is something to take back. */
function isUndoPlanned(operation: AnyOperation, steps: readonly RunStep[]): boolean {
  return (
    operation.planUndo !== null &&
    steps.some(
      (step) =>
        step.phase === 'do' &&
        (step.state === 'done' || step.attempt > 0) &&
        operation.steps.find((kind) => kind.kind === step.kind)?.undoPlanned === true,
    )
  );
}

/** Steps that are ours, done, and have a way back; newest first. */
function undoableSteps(operation: AnyOperation, steps: readonly RunStep[]): readonly RunStep[] {
  const undone = new Set(
    steps.filter((step) => step.phase === 'undo' && step.state !== 'failed').map((step) => step.undoOf),
  );
  return steps
    .filter((step) => step.phase === 'do' && step.state === 'done' && !undone.has(step.position))
    .filter((step) => (operation.steps.find((kind) => kind.kind === step.kind)?.undoSteps(step.params).length ?? 0) > 0)
    .toReversed();
}

/** The steps that take back what is ours and was not taken back yet, newest first; empty where the operation plans the way back. */
export function stepsBack(operation: AnyOperation, steps: readonly RunStep[]): readonly NewUndoStep[] {
  const begun = new Set(steps.filter((step) => step.phase === 'undo').map((step) => step.undoOf));
  const undoable = operation.planUndo === null ? undoableSteps(operation, steps) : [];
  return undoable
    .filter((step) => !begun.has(step.position))
    .flatMap((step) => {
      const kind = operation.steps.find((candidate) => candidate.kind === step.kind);
      return (kind?.undoSteps(step.params) ?? []).map((spec) => ({
        ...spec,
        phase: 'undo' as const,
        undoOf: step.position,
      }));
    });
}

type NewUndoStep = StepSpec & { readonly phase: 'undo'; readonly undoOf: number };

/** What an approval means for a run now; `now` is the database's time where it matters to the second. */
export type Consent = {
  readonly approval: Approval | null;
  readonly now: Date;
  /** Where approvals are needed at all. */
  readonly approvalEnvironments: readonly string[];
};

/** Effects that start long after the approval need a new approval, of a new plan. Null = the approval still covers them. */
export function whyNotCovered(run: Run, operation: AnyOperation, consent: Consent): Uncovered | null {
  const { approval, now, approvalEnvironments } = consent;
  const { environment } = run;
  if (approval === null && approvalsRequired(operation.risk, { environment, approvalEnvironments }) === 0) return null;
  if (approval?.state !== 'APPROVED' || approval.decidedAt === null)
    return { code: 'APPROVAL_REQUIRED', message: `R-${run.number} was never approved` };
  if (now.getTime() - approval.decidedAt.getTime() <= approvalCoversMs) return null;
  return { code: 'APPROVAL_EXPIRED', message: `R-${run.number} was approved at ${approval.decidedAt.toISOString()}` };
}

type Uncovered = { readonly code: 'APPROVAL_REQUIRED' | 'APPROVAL_EXPIRED'; readonly message: string };

/** A retry of such a run is a new run, with a new plan, and a new approval where one is needed. */
export function isAskedAfresh(run: Run): boolean {
  return run.failure?.code === 'PLAN_STALE' || run.startedAt === null;
}

/** What anybody who is entitled may ask of this run now. What is not named here is refused. */
export function allowedActions(
  run: Run,
  operation: AnyOperation | undefined,
  steps: readonly RunStep[],
  consent: Consent,
): readonly RunAction[] {
  const fits = operation !== undefined && (operation.version === run.operationVersion || run.startedAt === null);
  const undoable =
    fits &&
    blockedUndo(run, operation, steps) === null &&
    (isUndoPlanned(operation, steps) || undoableSteps(operation, steps).length > 0);
  const isCovered = fits && whyNotCovered(run, operation, consent) === null;
  const mayRetry = isCovered || (fits && isAskedAfresh(run));
  const isVotingOver = consent.approval !== null && consent.approval.expiresAt <= consent.now;
  return actionsIn(run.state, { undoable: undoable && isCovered }).filter((action) => {
    if (action === 'RETRY') return mayRetry;
    return !(isVotingOver && (action === 'APPROVE' || action === 'REJECT'));
  });
}

/**
 * Lanes at which the run failed and which a retry may leave out, by name (`retryRun` with `withoutLane`); empty when it is
 * to be retried as a whole. Pure.
 */
export function lanesToLeaveOut(
  run: Run,
  operation: AnyOperation | undefined,
  steps: readonly RunStep[],
  consent: Consent,
): readonly string[] {
  if (operation?.whyNotWithout === undefined || isAskedAfresh(run)) return [];
  if (steps.some((step) => step.phase === 'undo') || !allowedActions(run, operation, steps, consent).includes('RETRY'))
    return [];
  const failed = steps
    .filter((step) => step.phase === 'do' && step.state === 'failed')
    .flatMap(({ lane }) => lane ?? []);
  return failed.flatMap((lane) => (whyNotWithout(operation, steps, lane) === null ? [lane.name] : []));
}

/** The stage in which the run failed at this lane and may go on without it. Throws `PRECONDITION_FAILED` where it may not. */
export function stageToLeave(
  run: Run,
  given: { steps: readonly RunStep[]; operation: AnyOperation; without: string; isUndo: boolean },
): string {
  const { steps, operation, without, isUndo } = given;
  const failed = steps.find((step) => step.phase === 'do' && step.lane?.name === without && step.state === 'failed');
  const stage = failed?.lane?.stage ?? '';
  const refusal = isUndo
    ? 'an undo takes everything back'
    : failed === undefined
      ? `the run did not fail at ${without}`
      : whyNotWithout(operation, steps, { stage, name: without });
  if (refusal === null) return stage;
  throw new AppError('PRECONDITION_FAILED', `R-${run.number} cannot go on without ${without}: ${refusal}`, {
    hint: 'Retry it as a whole, or undo it.',
  });
}

/** Why a run must not go on without a lane at which it failed; null = it may. */
export function whyNotWithout(
  operation: AnyOperation,
  steps: readonly RunStep[],
  { stage, name }: Pick<Lane, 'stage' | 'name'>,
): string | null {
  if (operation.whyNotWithout === undefined) return `${operation.title} cannot leave anything out`;
  const own = steps.filter(({ phase, lane }) => phase === 'do' && lane?.stage === stage && lane.name === name);
  if (!isTakenBack(operation, own, steps)) return `${name} is not back as it was; the run still has to bring it back`;
  return operation.whyNotWithout(own.map(toPlannedStep));
}

/** True when nothing that the run did to this lane is left: each of its effects was taken back, by steps that ended well. */
function isTakenBack(operation: AnyOperation, own: readonly RunStep[], all: readonly RunStep[]): boolean {
  return own.every((step) => {
    const isOurs = step.state === 'done' || (step.attempt > 0 && step.state !== 'pending');
    const kind = operation.steps.find((candidate) => candidate.kind === step.kind);
    if (!isOurs || (kind !== undefined && kind.recoverSteps(step.params).length === 0)) return true;
    const wayBack = all.filter((other) => other.phase === 'recover' && other.undoOf === step.position);
    return wayBack.length > 0 && wayBack.every(({ state }) => state === 'done' || state === 'already');
  });
}

/** Why a run cannot be undone as a whole: a step that was done and has no way back. Null = it can. */
export function blockedUndo(run: Run, operation: AnyOperation, steps: readonly RunStep[]): string | null {
  if (run.undoGone !== null) return run.undoGone;
  if (run.state === 'SUCCEEDED' && operation.noUndoAfterSuccess !== undefined) return operation.noUndoAfterSuccess;
  // Recovery steps from before a retry say nothing about how far the lane is now.
  const current = steps.filter((step) => step.phase !== 'recover' || step.undoOf !== null);
  const tooFar = operation.whyNoUndo(run.input, current.map(toPlannedStep));
  if (tooFar !== null) return tooFar;
  const blocking = steps.find(
    (step) =>
      step.phase === 'do' &&
      step.state === 'done' &&
      operation.steps.find((kind) => kind.kind === step.kind)?.undoImpossible !== null,
  );
  if (blocking === undefined) return null;
  return (
    operation.steps.find((kind) => kind.kind === blocking.kind)?.undoImpossible ??
    `This version does not know the step ${blocking.kind}`
  );
}

/**
 * The permission that the actor lacks to ask this of the run; null = none. Retry and undo start effects, so they need
 * what asking for the operation needs as well.
 */
export function missingPermission(
  actor: Actor,
  run: Run,
  { action, operation }: { action: RunAction; operation: AnyOperation | undefined },
): Permission | null {
  const needed = action === 'APPROVE' || action === 'REJECT' ? 'run:approve' : 'run:control';
  if (!can(actor, needed, targetOf(run))) return needed;
  if ((action !== 'RETRY' && action !== 'UNDO') || operation === undefined) return null;
  const target = run.targetKind === 'new-cluster' ? null : targetOf(run);
  return can(actor, operation.permission, target) ? null : operation.permission;
}

/** The operation, if it is the one that planned the run. Throws `PRECONDITION_FAILED` otherwise. */
export function fittingOperation(operations: ReadonlyMap<string, AnyOperation>, run: Run): AnyOperation {
  const operation = operations.get(run.operation);
  if (operation === undefined) {
    throw new AppError('PRECONDITION_FAILED', `This Starwarden does not know the operation ${run.operation}`, {
      hint: 'The run was made by another version.',
    });
  }
  // A run without effects yet gets a new plan when it is asked for again; one that has begun is only for the version that
  // began it.
  if (operation.version === run.operationVersion || run.startedAt === null) return operation;
  throw new AppError(
    'PRECONDITION_FAILED',
    `R-${run.number} was planned by version ${run.operationVersion} of ${run.operation}; this Starwarden has version ${operation.version}`,
    { hint: 'Ask for the operation again, or use the version of Starwarden that began it.' },
  );
}

function targetOf(run: Run): NonNullable<AccessTarget> {
  return { clusterId: run.clusterId, environment: run.environment };
}
