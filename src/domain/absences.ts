import type { RunStep } from './run.ts';
import { type RunLane, type StagedStep, type StageState, stagesOf } from './run-stages.ts';
import { isSameSubject, type Subject } from './subject.ts';

/** What the journal knows of a step, as far as it shows who was away. */
export type AbsenceStep = StagedStep & Pick<RunStep, 'effect' | 'finishedAt'>;

/** A subject that a run takes away and brings back, in a lane of its own. */
export type Absence = {
  readonly about: Subject;
  /** What people call the lane. */
  readonly name: string;
  /** The stage of the run in which its turn comes, e.g. `Backends, wave 2`. */
  readonly stage: string;
  readonly state: StageState;
  /** When it was told to go; null = this run did not take it away, or has not yet. */
  readonly awaySince: Date | null;
  /** When it was found to be back, changed or as before; null = it is not back. */
  readonly backAt: Date | null;
  /** The time from `awaySince` to `backAt`; null when either is missing. */
  readonly awayMs: number | null;
};

/** Whom a run takes away, in the order of its plan. Pure. */
export function absencesIn(steps: readonly AbsenceStep[]): readonly Absence[] {
  return stagesOf(steps)
    .filter(({ phase }) => phase === 'do')
    .flatMap(({ name, lanes }) => lanes.flatMap((lane) => absenceIn(name, lane) ?? []));
}

function absenceIn(stage: string, lane: RunLane<AbsenceStep>): Absence | null {
  const going = lane.steps.filter(({ effect }) => effect === 'takes-away');
  const gone = going.findLast(wasSent) ?? going[0];
  if (gone === undefined) return null;
  const awaySince = wasSent(gone) ? gone.startedAt : null;
  const backAt = awaySince === null ? null : backSince(awaySince, gone.about, lane);
  const awayMs = awaySince === null || backAt === null ? null : backAt.getTime() - awaySince.getTime();
  return { about: gone.about, name: lane.name, stage, state: lane.state, awaySince, backAt, awayMs };
}

/** What the steps before `takes-away` last observed of the lane's subject, in a word; null = nothing was observed. */
export function seenBefore(lane: readonly Pick<RunStep, 'effect' | 'observed'>[]): string | null {
  const gone = lane.findIndex(({ effect }) => effect === 'takes-away');
  return lane.slice(0, Math.max(gone, 0)).findLast(({ observed }) => observed !== null)?.observed ?? null;
}

/** `appliedAt` is set only for a step that was waited for after it was sent; a step that takes away is sent as it begins. */
function wasSent({ state }: AbsenceStep): boolean {
  return state === 'done' || state === 'applying' || state === 'failed';
}

/** A retry takes the subject away once more: what brought it back before that does not count. */
function backSince(awaySince: Date, about: Subject, { steps, recovery }: RunLane<AbsenceStep>): Date | null {
  const times = [steps, recovery]
    .flatMap((way) => lastOfReturns(way.filter((step) => isSameSubject(step.about, about))))
    .filter(({ state }) => state === 'done' || state === 'already')
    .flatMap(({ finishedAt }) => (finishedAt === null || finishedAt < awaySince ? [] : [finishedAt]));
  return times.toSorted((a, b) => a.getTime() - b.getTime())[0] ?? null;
}

/** The last step of each row of steps that bring back: the subject is not back until that one is done. */
function lastOfReturns(steps: readonly AbsenceStep[]): readonly AbsenceStep[] {
  const turns = steps.filter(({ effect }) => effect === 'takes-away' || effect === 'brings-back');
  return turns.filter(({ effect }, index) => effect === 'brings-back' && turns[index + 1]?.effect !== 'brings-back');
}
