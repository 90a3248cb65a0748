import { nextAction } from '../../domain/next-action.ts';
import type { Progress } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import { isStoreAway } from '../../store/store-errors.ts';
import { apply } from './apply-step.ts';
import { conclude } from './conclude.ts';
import type { Drive, Next } from './drive.ts';
import { mayPass } from './may-pass.ts';
import { makeOutput } from './output.ts';
import { fail, hold, interrupt, record, recordStopped, wait } from './step-entries.ts';
import { stepKindOf } from './step-kind-of.ts';
import { contextOf, type Due, lateBy, type Work } from './work.ts';

/** Looks at a step on the cluster and does what the table of `nextAction` says. */
export async function runStep(drive: Drive, due: Due): Promise<Next | 'deferred'> {
  const kind = stepKindOf(drive.operation, due.step.kind);
  const work: Work = { ...due, drive, kind, output: makeOutput(drive, due.step.position) };
  try {
    return await lookAndAct(work);
  } catch (error) {
    return await handleError(work, error);
  } finally {
    work.output.close();
  }
}

async function lookAndAct(work: Work): Promise<Next | 'deferred'> {
  const { drive, step, kind } = work;
  const check = await kind.check(step.params, drive.deps.connections.portsFor(drive.clusterId), contextOf(work));
  drive.held.assertHeld();
  const action = nextAction({
    journal: step.state === 'applying' ? 'applying' : 'pending',
    check,
    repeat: step.repeatAllowed ? 'safe' : kind.repeat,
    appliedMsAgo: appliedMsAgo(work),
    settleMs: kind.settleMs,
    keepsUp: kind.keepsUp,
  });
  if (work.isCanceling && (action.do === 'apply' || action.do === 'interrupt')) return giveUp(work, action.do);
  switch (action.do) {
    case 'record':
      // A gate has no effect that could have been there before, so it is never `already`.
      await record(work, kind.isGate || kind.keepsUp ? 'done' : action.state, check);
      return 'again';
    case 'wait':
      return wait(work, action.progress, action.wakeAfterMs);
    case 'fail':
      // The message of a blocked check names what was checked; `nextAction` does not know which step it judges.
      return fail(work, {
        code: action.code,
        message: check.state === 'blocked' ? action.message : `${step.title}: ${action.message}`,
        hint: action.hint,
      });
    case 'interrupt':
      return interrupt(work, action.reason);
    case 'defer':
      if (work.waitingLanes === 0) throw new Error(`${kind.kind} defers, but no other lane waits`);
      return 'deferred';
    case 'hold':
      await hold(work, action.message);
      return 'again';
    case 'apply':
      return apply(work);
    default:
      return action satisfies never;
  }
}

function appliedMsAgo({ drive, step }: Work): number | null {
  const at = drive.appliedAt.get(step.position) ?? step.appliedAt;
  return at === null ? null : drive.now().getTime() - at.getTime();
}

/** For an error of `check` or `apply`: one that may pass by itself is tried again until the step's time is over. */
async function handleError(work: Work, error: unknown): Promise<Next> {
  const { drive, step, kind } = work;
  if (error instanceof AppError && error.code === 'LEASE_LOST') throw error;
  drive.held.assertHeld();
  if (isStoreAway(error)) throw error; // not the step's fault: the recover loop looks again
  await work.output.flush();
  if (!(error instanceof AppError)) {
    drive.deps.log.error(
      { runId: drive.runId, step: step.position, kind: kind.kind, err: error },
      'a step threw something that is not an AppError',
    );
    return fail(work, {
      code: 'INTERNAL_SERVER_ERROR',
      message: `${step.title}: an unexpected error`,
      hint: `The log has it under run ${drive.runId}.`,
    });
  }
  if (!mayPass(error) || lateBy(work) !== null) return fail(work, error);
  const wakeAfterMs = Math.min(1_000 * 2 ** Math.min(step.attempt, 5), 15_000);
  const message = `${error.message}; tries again`;
  const news =
    step.progress?.message === message ? [] : [{ type: 'STEP_PROGRESS' as const, step: step.position, message }];
  await drive.write({
    step: {
      position: step.position,
      started: true,
      progress: { completed: 0, total: null, message, ...memoOf(step.progress) },
    },
    run: { wakeInMs: wakeAfterMs },
    events: news,
  });
  return { wakeAfterMs };
}

function memoOf(progress: Progress | null): Pick<Progress, 'memo'> {
  return progress?.memo === undefined ? {} : { memo: progress.memo };
}

/** The run is cancelled, and the effect of the step under way does not show: it is not sent once more. */
async function giveUp(work: Work, instead: 'apply' | 'interrupt'): Promise<Next> {
  await recordStopped(
    work,
    instead === 'apply'
      ? 'Not sent again, because the run was cancelled'
      : 'Whether it happened is not known; not sent again, because the run was cancelled',
  );
  return conclude(work.drive, { state: 'CANCELED', failure: null });
}
