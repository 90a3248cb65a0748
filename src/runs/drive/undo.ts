import type { PlanResult } from '../../domain/plan.ts';
import { isTerminal, type Run, type RunStep } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import { findNoteAt, findWaitBegin } from '../../store/runs/runs.ts';
import { whyNotEntitled } from '../entitled.ts';
import { toPlannedStep } from '../run-actions.ts';
import { concludeAsFailed } from './conclude.ts';
import type { Drive, Next } from './drive.ts';
import { checkUndone } from './end-check.ts';
import { mayPass } from './may-pass.ts';
import { stepKindOf } from './step-kind-of.ts';

/** Plans the way back as the operation sees it now, and adds its steps to the run. Null = they are there. */
export async function planUndo(drive: Drive, run: Run, steps: readonly RunStep[]): Promise<Next | null> {
  const lost = await whyNotEntitled(drive.deps.db, run, drive.operation);
  if (lost !== null) return refuseUndo(drive, run, lost.message);
  const planned = await observeForUndo(drive, run, steps);
  if ('wakeAfterMs' in planned) return planned;
  if ('refusals' in planned)
    return refuseUndo(drive, run, planned.refusals.map((refusal) => refusal.message).join('; '));
  if (planned.steps.length === 0) return null;
  const message = `Way back: ${planned.summary}`;
  await drive.write({
    run: { beforeUndo: null },
    beginUndo: true,
    addSteps: planned.steps.map((step) => ({ ...step, phase: 'undo' as const })),
    events: [
      { type: 'NOTE', message },
      ...(planned.notes ?? []).map((note) => ({ type: 'NOTE' as const, message: note })),
    ],
  });
  return 'again';
}

/** Nothing was begun: the run becomes again what it was when the undo was asked for. */
async function refuseUndo(drive: Drive, run: Run, why: string): Promise<Next> {
  const message = `It cannot be undone now: ${why}`;
  const before = run.beforeUndo;
  if (before === null) return concludeAsFailed(drive, { code: 'UNDO_FAILED', message, hint: null, step: null });
  await drive.write({
    run: { ...before, beforeUndo: null, blockedBy: null, wakeInMs: null },
    ...(isTerminal(before.state) ? { releaseLock: true } : {}),
    events: [{ type: 'NOTE', message: `${message}. Nothing was done, and the run is ${before.state} as before` }],
  });
  return 'stop';
}

/** How long planning an undo is tried again because something does not answer. */
const undoPatienceMs = 10 * 60_000;
const cannotPlan = 'Cannot plan the way back yet';

async function observeForUndo(
  drive: Drive,
  run: Run,
  steps: readonly RunStep[],
): Promise<PlanResult | { wakeAfterMs: number }> {
  const signal = AbortSignal.any([drive.held.signal, AbortSignal.timeout(60_000)]);
  try {
    const result = await drive.operation.planUndo?.(run.input, drive.deps.connections.reading(run.clusterId, signal), {
      runId: run.id,
      steps: steps.map(toPlannedStep),
    });
    return result ?? { summary: '', steps: [] };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'LEASE_LOST') throw error;
    drive.held.assertHeld();
    const message = `${cannotPlan}: ${error.message}`;
    // What does not answer says so in other words each time: the wait began with the first of them.
    const since = (await findWaitBegin(drive.deps.db, run.id, cannotPlan)) ?? drive.now();
    const waitedMs = drive.now().getTime() - since.getTime();
    if (!mayPass(error) || waitedMs > undoPatienceMs) {
      const waited = waitedMs > undoPatienceMs ? ` (waited ${Math.round(waitedMs / 60_000)} min)` : '';
      return {
        refusals: [
          {
            code: 'PRECONDITION_FAILED',
            message: `${error.message}${waited}`,
            hint: error.hint ?? 'Undo the run again when it answers.',
          },
        ],
      };
    }
    const wakeAfterMs = 2_000;
    await drive.write({
      run: { wakeInMs: wakeAfterMs, progress: { completed: 0, total: null, message } },
      events: run.progress?.message === message ? [] : [{ type: 'NOTE', message }],
    });
    return { wakeAfterMs };
  }
}

/** Only effects that are known to be ours were taken back; nobody knows about a step that broke off, and the run says so. */
export async function concludeUndone(drive: Drive, run: Run, steps: readonly RunStep[]): Promise<Next> {
  const doubtful = steps.filter((step) => {
    if (step.phase !== 'do' || step.attempt === 0 || (step.state !== 'failed' && step.state !== 'applying'))
      return false;
    const kind = stepKindOf(drive.operation, step.kind);
    return kind.undoImpossible !== null || kind.undoSteps(step.params).length > 0;
  });
  if (doubtful.length > 0) {
    const message = `Not taken back, for whether it happened is not known: ${doubtful.map((step) => step.title).join('; ')}`;
    if ((await findNoteAt(drive.deps.db, run.id, message)) === null)
      await drive.write({ events: [{ type: 'NOTE', message }] });
  }
  return checkUndone(drive, run, steps);
}
