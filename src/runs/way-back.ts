import type { StepSpec } from '../domain/plan.ts';
import type { Run, RunAction, RunStep } from '../domain/run.ts';
import { AppError } from '../errors.ts';
import { type ControlRequest, readForDecision } from './decision.ts';
import type { Engine } from './engine.ts';
import { fittingOperation, isAskedAfresh, stageToLeave, stepsBack, toPlannedStep } from './run-actions.ts';

/** What a decision about a run would do. `summary` is one line for people. Nothing was done yet. */
export type Outlook = {
  readonly run: Run;
  readonly summary: string;
  readonly steps: readonly StepSpec[];
  readonly notes: readonly string[];
};

const observeTimeoutMs = 25_000;

/**
 * What `undoRun` would do now: the way back as it would be planned from what the cluster says. Changes nothing. Throws
 * what `undoRun` would throw: `NOT_UNDOABLE` with the reason where there is no way back now.
 */
export async function foreseeUndo(deps: Engine, request: ControlRequest): Promise<Outlook> {
  const { run, steps } = await readForDecision(deps, request, 'UNDO');
  const operation = fittingOperation(deps.operations, run);
  const left = stillToUndo(steps);
  const back = stepsBack(operation, steps);
  if (operation.planUndo === null || steps.some(({ phase }) => phase === 'undo'))
    return { run, steps: [...left, ...back], notes: [], summary: 'What this run did is taken back, newest first' };
  const signal = AbortSignal.timeout(observeTimeoutMs);
  const plan = await operation.planUndo(run.input, deps.connections.reading(run.clusterId, signal), {
    runId: run.id,
    steps: steps.map(toPlannedStep),
  });
  if ('refusals' in plan) {
    throw new AppError(
      'NOT_UNDOABLE',
      `R-${run.number} cannot be undone now: ${plan.refusals.map(({ message }) => message).join('; ')}`,
      { hint: plan.refusals[0]?.hint ?? 'Look at the cluster, then ask again.' },
    );
  }
  return { run, summary: plan.summary, steps: plan.steps, notes: plan.notes ?? [] };
}

/** What `retryRun` or `cancelRun` would do now. Changes nothing; throws what they would throw. */
export async function foresee(
  deps: Engine,
  request: ControlRequest,
  { action, without }: { action: Extract<RunAction, 'RETRY' | 'CANCEL'>; without: string | null },
): Promise<Outlook> {
  const { run, steps } = await readForDecision(deps, request, action);
  if (action === 'CANCEL') return foreseeCancel(run, steps);
  const isUndo = steps.some(({ phase }) => phase === 'undo');
  if (without !== null)
    stageToLeave(run, { steps, operation: fittingOperation(deps.operations, run), without, isUndo });
  return foreseeRetry(run, steps, { without, isUndo });
}

function foreseeCancel(run: Run, steps: readonly RunStep[]): Outlook {
  const now = steps.find(({ state }) => state === 'applying');
  const begun =
    now === undefined
      ? 'The run ends before its next step'
      : `"${now.title}" is under way: it is stopped where that does no harm, else its end is waited for`;
  const summary =
    run.startedAt === null ? 'Nothing was begun; the run ends at once' : `${begun}. What was done stays as it is`;
  return { run, summary, steps: [], notes: [] };
}

function foreseeRetry(
  run: Run,
  steps: readonly RunStep[],
  { without, isUndo }: { without: string | null; isUndo: boolean },
): Outlook {
  if (isAskedAfresh(run))
    return { run, steps: [], notes: [], summary: 'It is asked for again, as a new run with a new plan' };
  const open = isUndo
    ? stillToUndo(steps)
    : steps
        .filter(
          ({ phase, state, lane }) => phase === 'do' && isLeft(state) && (without === null || lane?.name !== without),
        )
        .map(toPlannedStep);
  return {
    run,
    summary: `${isUndo ? 'The undo' : 'The run'} goes on from where it stopped${without === null ? '' : `, without ${without}`}`,
    steps: open,
    notes: [],
  };
}

function stillToUndo(steps: readonly RunStep[]): readonly StepSpec[] {
  return steps.filter(({ phase, state }) => phase === 'undo' && isLeft(state)).map(toPlannedStep);
}

function isLeft(state: RunStep['state']): boolean {
  return state !== 'done' && state !== 'already';
}
