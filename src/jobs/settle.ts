import type { Failure } from '../domain/run.ts';
import type { NewStep } from '../store/journal.ts';
import type { Outcome, Run, RunStep } from '../store/run-rows.ts';
import { listSteps, listTemporaryChanges } from '../store/runs.ts';
import type { Drive, Next } from './runner.ts';
import { stepKindOf } from './runner-deps.ts';

/**
 * Decides how the run ends. Temporary changes that are still open become visible steps, newest first, that run before
 * the run may end in any way.
 */
export async function settle(drive: Drive, outcome: Outcome): Promise<Next> {
  const restore = await restoreSteps(drive);
  await drive.write({
    run: { outcome },
    ...(restore.length === 0
      ? {}
      : {
          addSteps: restore,
          events: [{ type: 'TEMPORARY_CHANGE', message: `Puts back ${restore.length} temporary change(s)` }],
        }),
  });
  return 'again';
}

export function settleAsFailed(drive: Drive, failure: Failure): Promise<Next> {
  return settle(drive, { state: 'FAILED', failure });
}

/** How a run ends whose step failed. */
export function settleAfter(
  drive: Drive,
  { phase, position, failure }: Pick<RunStep, 'phase' | 'position' | 'failure'>,
) {
  const known = failure ?? {
    code: 'INTERNAL_SERVER_ERROR' as const,
    message: 'A step failed without a reason',
    hint: null,
    step: position,
  };
  return settleAsFailed(
    drive,
    phase === 'undo' ? { ...known, code: 'UNDO_FAILED', message: `Undo stopped: ${known.message}` } : known,
  );
}

async function restoreSteps(drive: Drive): Promise<NewStep[]> {
  const { db } = drive.deps;
  const open = (await listTemporaryChanges(db, drive.runId)).filter((change) => change.state === 'OPEN');
  if (open.length === 0) return [];
  const steps = await listSteps(db, drive.runId);
  return open.toReversed().flatMap((change) => {
    const made = steps.find((step) => step.position === change.position);
    if (made === undefined) return [];
    const specs = stepKindOf(drive.operation, made.kind).restoreSteps(made.params, change.before);
    return specs.map((spec) => ({ ...spec, phase: 'restore' as const, ledgerId: change.id }));
  });
}

/** Every temporary change is back, or could not be put back: the run ends and frees the cluster. */
export async function finish(drive: Drive, run: Run, outcome: Outcome, steps: readonly RunStep[]): Promise<Next> {
  const broken = steps.find((step) => step.phase === 'restore' && step.state === 'failed');
  const failure = broken === undefined ? outcome.failure : restoreFailure(broken, outcome);
  const state = broken === undefined ? outcome.state : 'FAILED';
  await drive.write({
    run: {
      state,
      outcome: null,
      failure,
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

/** Ends the run as it is: what should have ended it properly is broken. What stays changed stands in the ledger. */
export async function abandon(drive: Drive, failure: Failure): Promise<Next> {
  await drive.write({
    run: { state: 'FAILED', outcome: null, failure, finished: true, blockedBy: null, wakeInMs: null },
    releaseLock: true,
    events: [{ type: 'RUN_STATE', message: `${sentence('FAILED')}: ${failure.message}` }],
  });
  return 'stop';
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

function sentence(state: Outcome['state']): string {
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
