import { inUtc } from '../../domain/utc.ts';
import { AppError } from '../../errors.ts';
import { closeFiring, findEndedFiring, type OpenFiring } from '../../store/schedules/firings.ts';
import { findSchedule } from '../../store/schedules/schedules.ts';
import { isStoreAway } from '../../store/store-errors.ts';
import type { Engine } from '../engine.ts';
import { submit } from '../submit.ts';
import { mayFire, scheduleTime } from './may-fire.ts';

/** So often a run is asked for at one time of a schedule, the first one included. */
const attempts = 3;
/** After that, whatever the time stood for is left to the next one. */
const againForMs = 6 * 3_600_000;

/**
 * Looks at the run of a schedule once it has ended. One that waited, and whose plan was stale before its first step, is asked
 * for again for the same time: nobody is there to do so. That happens at most twice, and what became of it stands in the
 * firing.
 */
export async function lookAtEndedRun(deps: Engine, runId: string): Promise<void> {
  const ended = await findEndedFiring(deps.db, runId);
  if (ended === null) return;
  const { firing, run } = ended;
  if (!run.isUntouched) return closeFiring(deps.db, ended, null);
  const said = `R-${run.number} ended before it did anything, since the cluster had changed while it waited`;
  const why = await askAgain(deps, ended, said);
  if (why !== null) await closeFiring(deps.db, { firing, run }, `${said}; it was not asked for again: ${why}`);
}

/** Null = it was, or somebody else did; otherwise why not. */
async function askAgain(deps: Engine, { firing, run }: OpenFiring, said: string): Promise<string | null> {
  const at = await scheduleTime(deps);
  if (firing.askedByName !== null) return 'a person had asked for it';
  if (firing.attempt >= attempts) return `it was asked for ${attempts} times`;
  const schedule = await findSchedule(deps.db, firing.scheduleId);
  if (schedule === null) return 'the schedule is gone';
  if (schedule.state !== 'ACTIVE') return 'the schedule is paused';
  // It may do something else now, or only make plans; what that is, its next time asks for.
  if (schedule.changedAt > run.createdAt) return 'the schedule was changed meanwhile';
  if (at.getTime() - firing.decidedAt.getTime() > againForMs) return 'that was too long ago';
  if (schedule.dueAt !== null && schedule.dueAt <= at) return 'the next time is due';
  const may = await mayFire(deps, schedule, at);
  if ('reason' in may) return may.reason.message;
  const { scheduleId, slotAt, attempt } = firing;
  try {
    const result = await submit(deps, {
      operation: schedule.operation,
      input: schedule.input,
      actor: may.actor,
      options: { reason: `Schedule "${schedule.name}", ${inUtc(slotAt)}`, confirm: may.cluster.name },
      retryOf: run.id,
      schedule: {
        consent: may.consent,
        firing: {
          kind: 'again',
          ...{
            scheduleId,
            slotAt,
            decidedAt: at,
            insteadOf: run.id,
            attempt: attempt + 1,
            revision: schedule.revision,
          },
          note: `${said}; it was asked for again`,
        },
      },
    });
    const [first] = result.userErrors;
    if (first === undefined) return null;
    if (first.retryable) throw new AppError(first.code, first.message, { retryable: true });
    return first.message;
  } catch (error) {
    // Tried again by the loop, until it is too long ago.
    if (isStoreAway(error) || !(error instanceof AppError) || error.retryable) throw error;
    return error.message;
  }
}
