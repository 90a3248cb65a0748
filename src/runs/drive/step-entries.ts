import { isDeepStrictEqual } from 'node:util';
import type { InventoryRecord } from '../../domain/inventory.ts';
import type { Check } from '../../domain/next-action.ts';
import type { Progress } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import type { WorkerEntry } from '../../store/runs/journal.ts';
import { concludeAfter } from './conclude.ts';
import type { Next } from './drive.ts';
import { contextOf, lateBy, observe, progressOf, type Work } from './work.ts';

export async function record(work: Work, state: 'done' | 'already', check: Check): Promise<void> {
  const { drive, step, kind } = work;
  await work.output.flush();
  const { facts = null, records = [] } = check.state === 'done' ? check : {};
  await drive.write({
    step: {
      position: step.position,
      state,
      facts,
      observed: kind.observed(facts),
      progress: null,
      failure: null,
      started: true,
      finished: true,
    },
    run: { progress: progressOf(work), wakeInMs: null },
    records,
    ...(step.ledgerId === null || !(await isLastOfChange(work)) ? {} : { restoredChange: step.ledgerId }),
    events: [
      {
        type: 'STEP_FINISHED',
        step: step.position,
        message: state === 'already' ? `${step.title}: was so already` : `${step.title}: done`,
      },
    ],
  });
  observe(work, 'after-record');
}

async function isLastOfChange(work: Work): Promise<boolean> {
  const steps = await work.drive.known.steps();
  return !steps.some((step) => step.ledgerId === work.step.ledgerId && step.position > work.step.position);
}

/** Records the step as done and pauses the run, in one entry, so that nobody finds the step done and the run going on. */
export async function hold(work: Work, message: string): Promise<void> {
  const { drive, step } = work;
  await drive.write({
    step: { position: step.position, state: 'done', hold: message, started: true, finished: true },
    run: { pauseRequested: true, progress: { ...progressOf(work), message } },
    events: [{ type: 'STEP_FINISHED', step: step.position, message }],
  });
}

/** A wait that is not worth an entry of its own when nothing is new. */
const soonMs = 500;

export async function wait(work: Work, progress: Progress, wakeAfterMs: number): Promise<Next> {
  const { drive, step, kind } = work;
  const late = lateBy(work);
  if (late !== null) {
    return fail(work, {
      code: kind.isGate ? 'HEALTH_GATE_TIMEOUT' : 'TIMEOUT',
      message: `${step.title}: not there after ${Math.round(late / 1000)} s. Last seen: ${progress.message}`,
      hint: 'Look at the node and its log, then retry the run.',
    });
  }
  const news =
    step.progress?.message === progress.message
      ? []
      : [{ type: 'STEP_PROGRESS' as const, step: step.position, message: progress.message }];
  const isToRecord = drive.appliedAt.has(step.position) && step.appliedAt === null;
  const isAsBefore = step.startedAt !== null && isDeepStrictEqual(step.progress, progress);
  // The journal says all of this already, and this drive looks again before anybody else would.
  if (isAsBefore && !isToRecord && wakeAfterMs <= soonMs) return { wakeAfterMs };
  await drive.write({
    step: {
      position: step.position,
      progress,
      started: true,
      ...(isToRecord ? { applied: true } : {}),
    },
    run: { progress: { ...progressOf(work), message: progress.message }, wakeInMs: wakeAfterMs },
    events: news,
  });
  return { wakeAfterMs };
}

export async function recordStopped({ drive, step, output }: Work, message: string): Promise<void> {
  await output.flush();
  await drive.write({
    step: {
      position: step.position,
      state: 'failed',
      progress: null,
      finished: true,
      failure: { code: 'CANCELED', message, hint: null, step: step.position },
    },
    events: [{ type: 'STEP_FAILED', step: step.position, message: `${step.title}: ${message}` }],
  });
}

export async function fail(
  work: Work,
  failure: { code: AppError['code']; message: string; hint: string | null },
  records: readonly InventoryRecord[] = [],
): Promise<Next> {
  const { drive, step } = work;
  const log = await diagnose(work);
  const stored = {
    code: failure.code,
    message: failure.message,
    hint: failure.hint,
    step: step.position,
    ...(log.length === 0 ? {} : { log }),
  };
  await work.output.flush();
  const entry: WorkerEntry = {
    records,
    step: { position: step.position, state: 'failed', failure: stored, progress: null, finished: true, started: true },
    events: [{ type: 'STEP_FAILED', step: step.position, message: `${step.title}: ${failure.message}` }],
  };
  await drive.write(entry);
  // A step of these phases that failed does not keep the others of its phase from being carried out.
  if (step.phase === 'restore' || step.phase === 'recover') return 'again';
  // In a lane: the other lanes come to a place to stop at first.
  return step.lane === null ? concludeAfter(drive, { ...step, failure: stored }) : 'again';
}

const diagnoseMs = 15_000;

/** The lines that help to understand the failure, if they can be had now. */
async function diagnose(work: Work): Promise<readonly string[]> {
  const { drive, step, kind } = work;
  const context = contextOf(work);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(diagnoseMs)]);
  try {
    const lines = await kind.diagnose(step.params, drive.deps.connections.portsFor(drive.clusterId), {
      ...context,
      signal,
    });
    return lines.slice(-40).map((line) => line.slice(0, 500));
  } catch (error) {
    if (!(error instanceof AppError)) drive.deps.log.warn({ runId: drive.runId, err: error }, 'no diagnosis');
    drive.held.assertHeld();
    return [];
  }
}

export async function interrupt(work: Work, reason: string): Promise<Next> {
  await work.drive.write({
    run: {
      state: 'INTERRUPTED',
      failure: {
        code: 'LEASE_LOST',
        message: `${work.step.title}: ${reason}`,
        hint: 'Look whether it happened, then retry or cancel the run.',
        step: work.step.position,
      },
    },
    events: [{ type: 'RUN_STATE', step: work.step.position, message: `Interrupted: ${reason}` }],
  });
  return 'stop';
}
