import type { RunStep } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import type { Drive, Next } from './drive.ts';
import { mayPass } from './may-pass.ts';
import { makeOutput } from './output.ts';
import { fail, record, recordStopped } from './step-entries.ts';
import { stepKindOf } from './step-kind-of.ts';
import { contextOf, lateBy, type Work } from './work.ts';

/**
 * Stops what a step set in motion. `stopped`, or when to look again. What cannot be stopped, because it has just come to its
 * own end, is recorded as done: the lane must not be left without the step that follows, if this one binds it.
 */
export async function stopStep(drive: Drive, step: RunStep): Promise<'stopped' | Next> {
  const work: Work = {
    drive,
    step,
    isCanceling: true,
    waitingLanes: 0,
    kind: stepKindOf(drive.operation, step.kind),
    output: makeOutput(drive, step.position),
  };
  try {
    await work.kind.stop(step.params, drive.deps.connections.portsFor(drive.clusterId), contextOf(work));
    await recordStopped(work, 'Stopped, because the run was cancelled');
    return 'stopped';
  } catch (error) {
    return await handleStopError(work, error);
  } finally {
    work.output.close();
  }
}

const stopAgainMs = 2_000;

/**
 * Tries again after an error that may pass, and once more after any other: a job may just have ended by itself. Then
 * records the error as the step's failure.
 */
async function handleStopError(work: Work, error: unknown): Promise<Next> {
  const { drive, step } = work;
  if (error instanceof AppError && error.code === 'LEASE_LOST') throw error;
  drive.held.assertHeld();
  if (!(error instanceof AppError)) throw error;
  if (!mayPass(error) && (await hasEnded(work))) return 'again';
  const message = `Could not be stopped yet: ${error.message}`;
  const isRepeated = step.progress?.message === message;
  if (lateBy(work) !== null || (isRepeated && !mayPass(error))) {
    return fail(work, {
      code: error.code,
      message: `Could not be stopped, and may still go on: ${error.message}`,
      hint: 'Look at the cluster, and stop it by hand.',
    });
  }
  await drive.write({
    step: { position: step.position, progress: { completed: 0, total: null, message } },
    run: { wakeInMs: stopAgainMs },
    events: isRepeated ? [] : [{ type: 'STEP_PROGRESS', step: step.position, message }],
  });
  return { wakeAfterMs: stopAgainMs };
}

/** Looks once, and records the step as done if its effect is there. */
async function hasEnded(work: Work): Promise<boolean> {
  const { drive, step, kind } = work;
  const ports = drive.deps.connections.portsFor(drive.clusterId);
  const check = await kind.check(step.params, ports, contextOf(work)).catch((error: unknown) => {
    if (error instanceof AppError && error.code !== 'LEASE_LOST') return null; // it is stopped again, and looked at again
    throw error;
  });
  drive.held.assertHeld();
  if (check?.state !== 'done') return false;
  await record(work, 'done', check);
  return true;
}
