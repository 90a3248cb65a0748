import type { RunStep } from '../../domain/run.ts';
import type { AnyStepKind, EngineContext } from '../../steps/define.ts';
import type { RunnerPoint } from '../engine.ts';
import type { Drive } from './drive.ts';
import type { Output } from './output.ts';

/** A step that is to be checked, and carried out if that is due. */
export type Due = {
  readonly step: RunStep;
  /** The step may end, but its effect is not sent (again). */
  readonly isCanceling: boolean;
  /** Other lanes of its stage that were not begun yet. */
  readonly waitingLanes: number;
};

/** One step being carried out. */
export type Work = Due & { drive: Drive; kind: AnyStepKind; output: Output };

/** Milliseconds the step has been tried for, when that is longer than it may be; otherwise null. */
export function lateBy({ drive, step, kind }: Work): number | null {
  if (step.startedAt === null) return null;
  const triedMs = drive.now().getTime() - step.startedAt.getTime();
  return triedMs > kind.timeoutMs(step.params) ? triedMs : null;
}

/** What the run does now, in words; its numbers are counted from its steps (see `countProgress`). */
export function progressOf({ step }: Work) {
  return { completed: 0, total: null, message: step.title };
}

export function contextOf({ drive, step, output, waitingLanes }: Work): EngineContext {
  return {
    runId: drive.runId,
    clusterId: drive.clusterId,
    signal: drive.held.signal,
    now: drive.now,
    log: output.add,
    startedAt: step.startedAt,
    attempts: step.attempt,
    applied: drive.appliedAt.has(step.position) || step.appliedAt !== null,
    ...(step.progress?.memo === undefined ? {} : { memo: step.progress.memo }),
    waitingLanes,
    earlier: async (kinds) => {
      const found = (await drive.known.steps()).filter(
        (other) =>
          other.position < step.position &&
          (other.state === 'done' || other.state === 'already') &&
          kinds.includes(other.kind),
      );
      // A step outside of lanes comes after all lanes before it, and sees the facts of each of them.
      const inLane = found.findLast((other) => step.lane === null || isSameLane(other, step));
      return inLane ?? found.findLast((other) => other.lane === null) ?? null;
    },
  };
}

/** True also between a step that takes a lane back and the lane's own steps, so that it sees their facts. */
function isSameLane(a: RunStep, b: RunStep): boolean {
  return a.lane?.stage === b.lane?.stage && a.lane?.name === b.lane?.name;
}

export function observe({ drive, step }: Work, at: RunnerPoint['at']): void {
  drive.deps.observer?.({ runId: drive.runId, position: step.position, kind: step.kind, at });
}
