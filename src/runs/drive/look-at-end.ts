import type { PostCheck, Run, RunStep } from '../../domain/run.ts';
import { skipped } from '../../domain/verdict.ts';
import { AppError } from '../../errors.ts';
import type { EndedRun, Reading } from '../../operations/define.ts';
import { toPlannedStep } from '../run-actions.ts';
import type { Drive } from './drive.ts';

const lookMs = 30_000;

/**
 * How a run that failed or was cancelled leaves things, checked after everything was taken back; null when the run has
 * changed nothing, or the operation has no check for it. Decides nothing.
 */
export async function lookAtEnd(
  drive: Drive,
  { run, steps, ending }: { run: Run; steps: readonly RunStep[]; ending: 'FAILED' | 'CANCELED' },
): Promise<PostCheck | null> {
  const { endCheck } = drive.operation;
  if (endCheck === null || !steps.some((step) => step.attempt > 0)) return null;
  try {
    const { checks } = await endCheck(run.input, readEnd(drive, run), { ...endedRun(run, steps), ending });
    return checks.length === 0 ? null : { passed: false, checks };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'LEASE_LOST') throw error;
    drive.held.assertHeld();
    return { passed: false, checks: [unseen(error)] };
  }
}

function unseen(error: AppError) {
  return skipped('end', {
    why: `how things were left could not be looked at: ${error.message}`,
    wanted: 'a look at the cluster',
    severity: 'BLOCK',
    hint: error.hint,
  });
}

export function readEnd(drive: Drive, run: Run): Reading {
  return drive.deps.connections.reading(
    run.clusterId,
    AbortSignal.any([drive.held.signal, AbortSignal.timeout(lookMs)]),
  );
}

/** What an end check is given about the run. */
export function endedRun(run: Run, steps: readonly RunStep[]): EndedRun {
  return { runId: run.id, steps: steps.map(toPlannedStep) };
}
