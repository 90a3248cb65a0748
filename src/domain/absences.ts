import type { RunStep } from './run.ts';
import { type RunLane, type StagedStep, type StageState, stagesOf } from './run-stages.ts';
import { isSameSubject, type Subject } from './subject.ts';

/** What the journal knows of a step, as far as it tells who was away. */
export type AbsenceStep = StagedStep & Pick<RunStep, 'effect' | 'finishedAt'>;

/** Somebody whom a run takes away and brings back, in a lane of their own. */
export type Absence = {
  readonly about: Subject;
  /** What people call the lane. */
  readonly name: string;
  /** The part of the run in which their turn comes, e.g. `Backends, wave 2`. */
  readonly stage: string;
  readonly state: StageState;
  /** When they were told to go; null = this run did not take them away, or not yet. */
  readonly awaySince: Date | null;
  /** When they were found to be back, as they should be or as they were; null = they are not. */
  readonly backAt: Date | null;
  /** From the one to the other; null when either is missing. */
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

/** What whom a lane takes away were last seen to be before they went, in a word; null = nobody has looked. */
export function seenBefore(lane: readonly Pick<RunStep, 'effect' | 'observed'>[]): string | null {
  const gone = lane.findIndex(({ effect }) => effect === 'takes-away');
  return lane.slice(0, Math.max(gone, 0)).findLast(({ observed }) => observed !== null)?.observed ?? null;
}

/** `appliedAt` is only there for a step that was waited for after it was sent; this one is sent as it begins. */
function wasSent({ state }: AbsenceStep): boolean {
  return state === 'done' || state === 'applying' || state === 'failed';
}

/** A retry takes them away once more, and what brought them back before it is no answer to that. */
function backSince(awaySince: Date, about: Subject, { steps, recovery }: RunLane<AbsenceStep>): Date | null {
  const times = [steps, recovery]
    .flatMap((way) => lastOfReturns(way.filter((step) => isSameSubject(step.about, about))))
    .filter(({ state }) => state === 'done' || state === 'already')
    .flatMap(({ finishedAt }) => (finishedAt === null || finishedAt < awaySince ? [] : [finishedAt]));
  return times.toSorted((a, b) => a.getTime() - b.getTime())[0] ?? null;
}

/** The last step of each row that brings back: until that one is done, they are not back. */
function lastOfReturns(steps: readonly AbsenceStep[]): readonly AbsenceStep[] {
  const turns = steps.filter(({ effect }) => effect === 'takes-away' || effect === 'brings-back');
  return turns.filter(({ effect }, index) => effect === 'brings-back' && turns[index + 1]?.effect !== 'brings-back');
}
