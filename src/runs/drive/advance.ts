import { drivenRunStates, type Outcome, type Run, type RunStep, type StepPhase } from '../../domain/run.ts';
import { begin, takeLock } from './begin.ts';
import { conclude, concludeAfter, openChanges } from './conclude.ts';
import type { Drive, Next } from './drive.ts';
import { checkSucceeded } from './end-check.ts';
import { finish } from './finish.ts';
import type { Seen } from './known-run.ts';
import { canGoOn, driveStage } from './stage.ts';
import { stepKindOf } from './step-kind-of.ts';
import { runStep } from './step-runner.ts';
import { stopStep } from './stop-step.ts';
import { concludeUndone, planUndo } from './undo.ts';
import type { Due } from './work.ts';

/** One move: reads the run afresh and does the next thing that is due. */
export async function advance(drive: Drive): Promise<Next> {
  const seen = await drive.known.look();
  const { run, steps } = seen;
  // A person ended or paused the run meanwhile.
  if (!drivenRunStates.some((state) => state === run.state)) return 'stop';
  if (run.outcome !== null) return advanceRestore(drive, seen, run.outcome);
  const phase = run.state === 'UNDOING' ? 'undo' : 'do';
  // A worker may die between recording that a step failed and deciding how the run ends: then no later step is begun.
  const failed = steps.find((step) => step.phase === phase && step.state === 'failed');
  const next = steps.find((step) => step.phase === phase && (step.state === 'pending' || step.state === 'applying'));
  const stage = stageOf(steps, phase, failed ?? next);
  // A lane of the stage that is half done comes to its end first, whatever happened to the other lanes.
  if (stage !== null && (failed !== undefined || isToStop(run, phase)) && canGoOn(drive, seen, phase, stage))
    return (await takeLock(drive, seen)) ?? driveStage(drive, phase, stage);
  if (failed !== undefined) {
    const isStopped = (step: RunStep) => step.phase === phase && step.failure?.code === 'CANCELED';
    const isCanceled = run.cancelRequested && steps.some(isStopped);
    return isCanceled ? conclude(drive, { state: 'CANCELED', failure: null }) : concludeAfter(drive, failed, steps);
  }
  const isBound = phase === 'do' && stage === null && next !== undefined && isBoundToGoOn(drive, next, steps);
  const isCanceling = run.cancelRequested && phase === 'do' && !isBound;
  if (isCanceling) {
    if (next === undefined || next.state === 'pending' || stoppable(drive, next)) return cancel(drive, next);
    // No effect is sent any more: what remains is to see how the step under way ends.
    return runAlone(drive, { step: next, isCanceling });
  }
  if (run.pauseRequested && phase === 'do' && !isBound && next !== undefined && mayRest(drive, next))
    return pause(drive, seen);
  const waiting = await begin(drive, seen, phase);
  if (waiting !== null) return waiting;
  if (phase === 'undo' && drive.operation.planUndo !== null && !steps.some((step) => step.phase === 'undo')) {
    const end = await planUndo(drive, run, steps);
    if (end !== null) return end;
  }
  if (stage !== null) return driveStage(drive, phase, stage);
  if (next !== undefined) return runAlone(drive, { step: next, isCanceling: false });
  return phase === 'undo' ? concludeUndone(drive, run, steps) : checkSucceeded(drive, run, steps);
}

async function advanceRestore(drive: Drive, seen: Seen, outcome: Outcome): Promise<Next> {
  const { run, steps } = seen;
  const next = nextRecoverStep(steps) ?? nextOpenStep(steps, 'restore');
  if (next === undefined) return finish(drive, run, outcome, steps);
  return (await takeLock(drive, seen)) ?? runAlone(drive, { step: next, isCanceling: false });
}

/** A lane whose recovery failed is left as it is; the others are still taken back. */
function nextRecoverStep(steps: readonly RunStep[]): RunStep | undefined {
  const broken = new Set(
    steps.filter((step) => step.phase === 'recover' && step.state === 'failed').map((step) => step.lane?.name),
  );
  return steps.find((step) => step.phase === 'recover' && isOpen(step) && !broken.has(step.lane?.name));
}

function nextOpenStep(steps: readonly RunStep[], phase: StepPhase): RunStep | undefined {
  return steps.find((step) => step.phase === phase && isOpen(step));
}

function isOpen(step: RunStep): boolean {
  return step.state === 'pending' || step.state === 'applying';
}

/** One step on its own: there is no other lane whose turn it could be. */
async function runAlone(drive: Drive, { step, isCanceling }: Pick<Due, 'step' | 'isCanceling'>): Promise<Next> {
  const next = await runStep(drive, { step, isCanceling, waitingLanes: 0 });
  return next === 'deferred' ? 'again' : next;
}

/** The stage that this step is part of; null when it stands alone. */
function stageOf(steps: readonly RunStep[], phase: StepPhase, step: RunStep | undefined): string | null {
  const stage = step?.lane?.stage;
  return stage !== undefined && steps.some((other) => other.phase === phase) ? stage : null;
}

function isToStop(run: Run, phase: StepPhase): boolean {
  return phase === 'do' && (run.cancelRequested || run.pauseRequested);
}

/**
 * True when the step before left the cluster in a state that nobody asked for and that must not last, such as a stopped
 * node.
 */
function isBoundToGoOn(drive: Drive, next: RunStep, steps: readonly RunStep[]): boolean {
  const before = steps.findLast((step) => step.phase === 'do' && step.position < next.position);
  if (before === undefined) return false;
  const isDone = before.state === 'done' || before.state === 'already';
  return isDone && stepKindOf(drive.operation, before.kind).bindsNext;
}

/** Before a step that was not begun, or in one that lasts: nothing that it has sent is under way. */
function mayRest(drive: Drive, next: RunStep): boolean {
  return next.state === 'pending' || stepKindOf(drive.operation, next.kind).keepsUp;
}

function stoppable(drive: Drive, step: RunStep): boolean {
  return stepKindOf(drive.operation, step.kind).canStop;
}

async function cancel(drive: Drive, next: RunStep | undefined): Promise<Next> {
  if (next?.state === 'applying') {
    const stopped = await stopStep(drive, next);
    if (stopped !== 'stopped') return stopped;
  }
  return conclude(drive, { state: 'CANCELED', failure: null });
}

/** Temporary changes are not left in place while nobody works: they are put back first, and made again on resume. */
async function pause(drive: Drive, { run, steps }: Seen): Promise<Next> {
  if ((await openChanges(drive, steps)).length > 0)
    return conclude(drive, { state: 'PAUSED', failure: null, progress: run.progress });
  await drive.write({
    run: { state: 'PAUSED', pauseRequested: false },
    events: [{ type: 'RUN_STATE', message: 'Paused between two steps' }],
  });
  return 'stop';
}
