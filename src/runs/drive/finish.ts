import type { Failure, Outcome, Run, RunStep } from '../../domain/run.ts';
import { conclude } from './conclude.ts';
import type { Drive, Next } from './drive.ts';
import { lookAtEnd } from './look-at-end.ts';

/** Every temporary change is back, or could not be put back: the run ends and frees the cluster. */
export async function finish(drive: Drive, run: Run, outcome: Outcome, steps: readonly RunStep[]): Promise<Next> {
  // Recoveries of an earlier try, before a retry, do not count any more: their `undoOf` is null.
  const notRecovered = steps.find(
    (step) => step.phase === 'recover' && step.state === 'failed' && step.undoOf !== null,
  );
  const notRestored = steps.find((step) => step.phase === 'restore' && step.state === 'failed');
  const broken = notRecovered ?? notRestored;
  if (outcome.state === 'PAUSED' && broken === undefined)
    return run.cancelRequested ? concludeAgain(drive) : rest(drive, outcome);
  const failure =
    notRecovered !== undefined
      ? recoveryFailure(notRecovered, outcome)
      : notRestored !== undefined
        ? restoreFailure(notRestored, outcome)
        : outcome.failure;
  const state = broken === undefined && outcome.state !== 'PAUSED' ? outcome.state : 'FAILED';
  // A post-check that is kept by now did not pass and is the reason of this end. What was found at another end does not
  // answer for this one.
  const isSeen = state === 'SUCCEEDED' || state === 'UNDONE' || run.postCheck !== null;
  const seen = isSeen ? run.postCheck : await lookAtEnd(drive, { run, steps, ending: state });
  await drive.write({
    run: {
      state,
      outcome: null,
      failure,
      postCheck: seen,
      beforeUndo: null,
      finished: true,
      blockedBy: null,
      wakeInMs: null,
      pauseRequested: false,
      cancelRequested: false,
    },
    releaseLock: true,
    events: [
      { type: 'RUN_STATE', message: failure === null ? sentence(state) : `${sentence(state)}: ${failure.message}` },
    ],
  });
  drive.deps.log.info({ runId: run.id, operation: run.operation, state, code: failure?.code }, 'run ended');
  return 'stop';
}

/** Every temporary change is back: the run rests until a person resumes it. The cluster stays locked. */
async function rest(drive: Drive, { progress = null }: Outcome): Promise<Next> {
  await drive.write({
    run: { state: 'PAUSED', outcome: null, progress, pauseRequested: false, wakeInMs: null },
    events: [{ type: 'RUN_STATE', message: 'Paused between two steps; temporary changes are put back meanwhile' }],
  });
  return 'stop';
}

/** Somebody cancelled the run while it was about to pause. */
function concludeAgain(drive: Drive): Promise<Next> {
  return conclude(drive, { state: 'CANCELED', failure: null });
}

/**
 * Ends the run as it is, because what should have ended it properly is broken. Temporary changes that are still open stay
 * recorded as open.
 */
export async function abandon(drive: Drive, failure: Failure): Promise<Next> {
  await drive.write({
    run: { state: 'FAILED', outcome: null, failure, postCheck: null, finished: true, blockedBy: null, wakeInMs: null },
    releaseLock: true,
    events: [{ type: 'RUN_STATE', message: `${sentence('FAILED')}: ${failure.message}` }],
  });
  return 'stop';
}

function recoveryFailure(step: RunStep, outcome: Outcome): Failure {
  const before = outcome.failure === null ? '' : ` It had failed before: ${outcome.failure.message}`;
  return {
    code: 'RECOVERY_FAILED',
    message: `${step.lane?.name ?? 'It'} could not be put back to how it was: ${step.title}: ${step.failure?.message ?? ''}.${before}`,
    hint:
      step.failure?.hint ?? 'Look at the host; the binaries of both versions are in the starwarden directory there.',
    step: step.position,
    ...(step.failure?.log === undefined ? {} : { log: step.failure.log }),
  };
}

function restoreFailure(step: RunStep, outcome: Outcome): Failure {
  const before = outcome.failure === null ? '' : ` The run had failed before: ${outcome.failure.message}`;
  return {
    code: 'UNDO_FAILED',
    message: `A temporary change is still there: ${step.title}. ${step.failure?.message ?? ''}${before}`,
    hint: 'Retry the run: it tries again to put the value back.',
    step: step.position,
  };
}

function sentence(state: Exclude<Outcome['state'], 'PAUSED'>): string {
  switch (state) {
    case 'SUCCEEDED':
      return 'Succeeded, and checked';
    case 'FAILED':
      return 'Failed';
    case 'CANCELED':
      return 'Cancelled';
    case 'UNDONE':
      return 'Undone';
    default:
      return state satisfies never;
  }
}
