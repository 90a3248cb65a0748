import type { Failure, Outcome, PostCheck, RunStep, TemporaryChange } from '../../domain/run.ts';
import type { NewStep } from '../../store/runs/journal.ts';
import { listTemporaryChanges } from '../../store/runs/runs.ts';
import type { Drive, Next } from './drive.ts';
import { stepKindOf } from './step-kind-of.ts';

/**
 * Decides how the run ends, or that it pauses. Steps that take back what failed lanes had done, and steps that put back
 * temporary changes that are still open, become visible steps of the run; they are carried out before the run may end in
 * any way.
 */
export async function conclude(
  drive: Drive,
  outcome: Outcome,
  { postCheck }: { postCheck?: PostCheck } = {},
): Promise<Next> {
  const { recover, restore } = await stepsToTakeBack(drive, outcome, await drive.known.steps());
  const lanes = [...new Set(recover.map((step) => step.lane?.name))];
  const events = [
    ...(recover.length === 0
      ? []
      : [{ type: 'NOTE' as const, message: `Takes back what was done to ${lanes.join(', ')}` }]),
    ...(restore.length === 0
      ? []
      : [{ type: 'TEMPORARY_CHANGE' as const, message: `Puts back ${count(restore.length, 'temporary change')}` }]),
  ];
  await drive.write({
    run: { outcome, ...(postCheck === undefined ? {} : { postCheck }) },
    addSteps: [...recover, ...restore],
    events,
  });
  return 'again';
}

/** The steps to carry out before the run may end in this way; none where both lists are empty. */
export async function stepsToTakeBack(
  drive: Drive,
  outcome: Outcome,
  steps: readonly RunStep[],
): Promise<{ recover: readonly NewStep[]; restore: readonly NewStep[] }> {
  const recover = outcome.state === 'PAUSED' ? [] : recoverSteps(drive, steps);
  return { recover, restore: restoreSteps(drive, steps, await openChanges(drive, steps)) };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** Temporary changes of the run that are not put back yet. Only a step of a temporary kind can have made one. */
export async function openChanges(drive: Drive, steps: readonly RunStep[]): Promise<readonly TemporaryChange[]> {
  if (!steps.some((step) => stepKindOf(drive.operation, step.kind).isTemporary)) return [];
  return (await listTemporaryChanges(drive.deps.db, drive.runId)).filter((change) => change.state === 'OPEN');
}

/**
 * The steps that take back what was done in each lane that is not whole, newest first, the step that failed included. In
 * an undo too: a node that cannot go back is not left down, but returned to where it came from. A lane whose recovery
 * failed in an earlier try is not whole either, even when none of its steps was begun anew: what the run has taken away,
 * the run still has to bring back.
 */
function recoverSteps(drive: Drive, steps: readonly RunStep[]): NewStep[] {
  const phase = steps.some((step) => step.phase === 'undo') ? 'undo' : 'do';
  const lanes = Map.groupBy(
    steps.filter((step) => step.phase === phase && step.lane !== null),
    ({ lane }) => JSON.stringify([lane?.stage, lane?.name]),
  );
  return [...lanes.values()]
    .filter((own) => own.some((step) => step.state === 'failed' || isHalfDone(step)))
    .flatMap((own) => recoverLane(drive, own));
}

function recoverLane(drive: Drive, all: readonly RunStep[]): NewStep[] {
  const kindOf = (step: RunStep) => stepKindOf(drive.operation, step.kind);
  const isFinal = (step: RunStep) =>
    (step.state === 'done' || step.state === 'already') && kindOf(step).pointOfNoReturn;
  const own = all.slice(all.findLastIndex(isFinal) + 1);
  const isOurs = (step: RunStep) => step.state === 'done' || isHalfDone(step) || isTriedInVain(step);
  const last = own.findLast((step) => isOurs(step) && kindOf(step).recoverSteps(step.params).length > 0);
  if (last === undefined) return [];
  // A node that was down already when its turn came is brought up too, once a later step of the lane was carried out.
  const isTakenOver = (step: RunStep) =>
    step.state === 'already' && kindOf(step).recoversAlready && step.position < last.position;
  return own
    .filter((step) => isOurs(step) || isTakenOver(step))
    .toReversed()
    .flatMap((step) =>
      kindOf(step)
        .recoverSteps(step.params)
        .map((spec) => ({
          ...spec,
          ...(step.lane === null ? {} : { lane: step.lane }),
          phase: 'recover' as const,
          undoOf: step.position,
        })),
    );
}

/** The step was sent at least once, and nobody has seen yet what became of it. */
function isHalfDone(step: RunStep): boolean {
  return step.state === 'applying' && step.attempt > 0;
}

function isTriedInVain(step: RunStep): boolean {
  return step.state === 'failed' && step.attempt > 0;
}

export function concludeAsFailed(drive: Drive, failure: Failure, found: { postCheck?: PostCheck } = {}): Promise<Next> {
  return conclude(drive, { state: 'FAILED', failure }, found);
}

/** Concludes a run one of whose steps failed. */
export function concludeAfter(
  drive: Drive,
  step: Pick<RunStep, 'phase' | 'position' | 'failure' | 'lane'>,
  steps: readonly RunStep[] = [],
) {
  const { phase, position } = step;
  const known = failureOfLanes(step, steps) ?? {
    code: 'INTERNAL_SERVER_ERROR' as const,
    message: 'A step failed without a reason',
    hint: null,
    step: position,
  };
  return concludeAsFailed(
    drive,
    phase === 'undo' ? { ...known, code: 'UNDO_FAILED', message: `Undo stopped: ${known.message}` } : known,
  );
}

/** The failure of the step; where several independent lanes failed, a sentence that names each. */
function failureOfLanes(
  { phase, lane, failure }: Pick<RunStep, 'phase' | 'lane' | 'failure'>,
  steps: readonly RunStep[],
): Failure | null {
  if (failure === null || lane?.independent !== true) return failure;
  const isOfStage = (step: RunStep) => step.phase === phase && step.lane?.stage === lane.stage;
  const failed = steps.filter((step) => isOfStage(step) && step.state === 'failed');
  const lanes = new Set(steps.filter(isOfStage).map((step) => step.lane?.name));
  const each = failed.map((step) => `${step.lane?.name}: ${step.failure?.message ?? 'no reason is known'}`);
  return lanes.size === 1
    ? failure
    : { ...failure, message: `${failed.length} of ${lanes.size} failed. ${each.join('; ')}`.slice(0, 2_000) };
}

function restoreSteps(drive: Drive, steps: readonly RunStep[], open: readonly TemporaryChange[]): NewStep[] {
  return open.toReversed().flatMap((change) => {
    const made = steps.find((step) => step.position === change.position);
    if (made === undefined) return [];
    const specs = stepKindOf(drive.operation, made.kind).restoreSteps(made.params, change.before);
    return specs.map((spec) => ({ ...spec, phase: 'restore' as const, ledgerId: change.id }));
  });
}
