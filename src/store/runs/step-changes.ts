import type { JsonObject } from '../../domain/json.ts';
import type { Failure, Progress, RunStep, StepState } from '../../domain/run.ts';
import { databaseNow, type Queryable } from '../database.ts';
import { toJsonOrNull } from '../json.ts';

/** What changes about a step. Everything left out stays as it is. */
export type StepChange = {
  position: number;
  state?: StepState;
  progress?: Progress | null;
  failure?: Failure | null;
  facts?: JsonObject | null;
  observed?: string | null;
  hold?: string;
  attempted?: true;
  started?: true;
  applied?: true;
  finished?: true;
};

export async function updateStep(tx: Queryable, runId: string, step: StepChange): Promise<void> {
  await tx
    .updateTable('run_step')
    .set((row) => ({
      ...(step.state === undefined ? {} : { state: step.state }),
      ...(step.progress === undefined ? {} : { progress: toJsonOrNull(step.progress) }),
      ...(step.failure === undefined ? {} : { failure: toJsonOrNull(step.failure) }),
      ...(step.facts === undefined ? {} : { facts: toJsonOrNull(step.facts) }),
      ...(step.observed === undefined ? {} : { observed: observedOf(step.observed) }),
      ...(step.hold === undefined ? {} : { hold: step.hold }),
      ...(step.attempted === true ? { attempt: row('attempt', '+', 1), repeat_allowed: 0 } : {}),
      ...(step.started === true ? { started_at: row.fn.coalesce('started_at', databaseNow) } : {}),
      ...(step.applied === true ? { applied_at: databaseNow } : {}),
      ...(step.finished === true ? { finished_at: databaseNow } : {}),
      position: step.position,
    }))
    .where('run_id', '=', runId)
    .where('position', '=', step.position)
    .execute();
}

/**
 * Applies the change to a step that was read before: the result is what reading it now would give, except for the
 * milliseconds of its times.
 */
export function stepAfter(step: RunStep, change: StepChange, now: Date): RunStep {
  return {
    ...step,
    state: change.state ?? step.state,
    progress: change.progress === undefined ? step.progress : change.progress,
    failure: change.failure === undefined ? step.failure : change.failure,
    facts: change.facts === undefined ? step.facts : change.facts,
    observed: change.observed === undefined ? step.observed : observedOf(change.observed),
    hold: change.hold ?? step.hold,
    ...(change.attempted === true ? { attempt: step.attempt + 1, repeatAllowed: false } : {}),
    ...(change.started === true ? { startedAt: step.startedAt ?? now } : {}),
    ...(change.applied === true ? { appliedAt: now } : {}),
    ...(change.finished === true ? { finishedAt: now } : {}),
  };
}

/** The text, cut to the length of its column. */
function observedOf(observed: string | null): string | null {
  return observed?.slice(0, 255) ?? null;
}
