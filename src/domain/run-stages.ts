import type { Lane } from './plan.ts';
import type { Failure, StepPhase, StepState } from './run.ts';
import { commonSubject, type Subject } from './subject.ts';

/** What the journal knows of a step, as far as progress by stage needs it. */
export type StagedStep = {
  readonly position: number;
  readonly phase: StepPhase;
  readonly title: string;
  readonly about: Subject;
  readonly state: StepState;
  /** The position of the step that this one takes back; null also for a recovery from before a retry. */
  readonly undoOf: number | null;
  readonly lane: Lane | null;
  readonly failure: Failure | null;
  readonly startedAt: Date | null;
};

/**
 * The state of a stage or of one of its lanes. `TAKING_BACK`, `TAKEN_BACK`: it failed, or a person asked for an undo, and
 * what it did is being taken back, or was. `SKIPPED`: the run goes on without it.
 */
const stageStates = ['PENDING', 'RUNNING', 'DONE', 'FAILED', 'TAKING_BACK', 'TAKEN_BACK', 'SKIPPED'] as const;
export type StageState = (typeof stageStates)[number];

export type RunLane<S> = {
  readonly name: string;
  readonly about: Subject;
  readonly state: StageState;
  readonly steps: readonly S[];
  /** The step that is under way, recovery included; if none is, the next one. Null = the lane is over. */
  readonly current: S | null;
  /** The step at which the lane failed. */
  readonly failed: S | null;
  /** The steps that take it back by themselves, after a failure. */
  readonly recovery: readonly S[];
};

/** Steps that people see as one thing: the lanes of a stage, or one step that stands alone (then there are no lanes). */
export type RunStage<S> = {
  readonly name: string;
  readonly phase: StepPhase;
  readonly state: StageState;
  /** How many lanes may be under way at a time. */
  readonly width: number;
  readonly lanes: readonly RunLane<S>[];
  readonly steps: readonly S[];
};

/** Neighbouring steps of one stage; a step that stands alone is a group of its own, whose `stage` is null. */
export function groupByStage<S extends { readonly lane?: Lane | null }>(
  steps: readonly S[],
  isApart: (a: S, b: S) => boolean = () => false,
): readonly { readonly stage: Lane | null; readonly steps: readonly S[] }[] {
  const groups: { stage: Lane | null; steps: S[] }[] = [];
  for (const step of steps) {
    const stage = step.lane ?? null;
    const last = groups.at(-1);
    const before = last?.steps.at(-1);
    const isSame = stage !== null && last?.stage?.stage === stage.stage;
    if (isSame && before !== undefined && !isApart(before, step)) last?.steps.push(step);
    else groups.push({ stage, steps: [step] });
  }
  return groups;
}

/** A run's steps as stages with lanes, in the order of the journal. Pure; recoveries from before a retry are left out. */
export function stagesOf<S extends StagedStep>(steps: readonly S[]): readonly RunStage<S>[] {
  const known = steps
    .filter((step) => step.phase !== 'recover' || step.undoOf !== null)
    .toSorted((a, b) => a.position - b.position);
  return groupByStage(known, (a, b) => a.phase !== b.phase).flatMap(({ stage, steps: own }) => {
    const [first] = own;
    if (first === undefined) return [];
    const lanes =
      stage === null ? [] : [...Map.groupBy(own, nameOf)].map(([name, laneSteps]) => toLane(name, laneSteps, known));
    return [
      {
        name: stage?.stage ?? first.title,
        phase: first.phase,
        state: stage === null ? stateOf(own, laterOf(own, known)) : worstOf(lanes),
        width: stage?.width ?? 1,
        lanes,
        steps: own,
      },
    ];
  });
}

/**
 * How far a run has come: the one number that is shown for it. It counts the steps of the plan, or of the way back once
 * that has begun; steps that put something back at the end are not counted.
 */
export function countProgress(steps: readonly Pick<StagedStep, 'state' | 'phase'>[]): {
  readonly completed: number;
  readonly total: number;
  readonly phase: 'do' | 'undo';
} {
  const phase = steps.some((step) => step.phase === 'undo') ? 'undo' : 'do';
  const own = steps.filter((step) => step.phase === phase);
  return { completed: countDone(own), total: own.length, phase };
}

/** How many steps are done, by the run or before it. */
export function countDone(steps: readonly Pick<StagedStep, 'state'>[]): number {
  return steps.filter(({ state }) => state === 'done' || state === 'already').length;
}

function nameOf(step: StagedStep): string {
  return step.lane?.name ?? '';
}

function toLane<S extends StagedStep>(name: string, steps: readonly S[], all: readonly S[]): RunLane<S> {
  const later = laterOf(steps, all);
  const state = stateOf(steps, later);
  const way = state === 'TAKING_BACK' ? [...later.undo, ...later.recovery] : steps;
  const isOver = state === 'DONE' || state === 'TAKEN_BACK' || state === 'SKIPPED' || state === 'FAILED';
  return {
    name,
    about: commonSubject(steps),
    state,
    steps,
    current: isOver ? null : (way.find((step) => step.state === 'applying') ?? way.find(isOpen) ?? null),
    failed: steps.find((step) => step.state === 'failed') ?? null,
    recovery: later.recovery,
  };
}

type Later<S> = { readonly recovery: readonly S[]; readonly undo: readonly S[] };

/**
 * The steps that take these steps back. An undo may be planned anew, with stages of its own: then they are found by the
 * lane's name.
 */
function laterOf<S extends StagedStep>(steps: readonly S[], all: readonly S[]): Later<S> {
  const [first] = steps;
  if (first?.phase !== 'do') return { recovery: [], undo: [] };
  const positions = new Set(steps.map((step) => step.position));
  const isOurs = (step: S) => step.undoOf !== null && positions.has(step.undoOf);
  const isNamesake = (step: S) => first.lane !== null && step.lane?.name === first.lane.name;
  const hasBegun = steps.some((step) => step.state !== 'pending' && step.state !== 'skipped');
  return {
    recovery: all.filter((step) => step.phase === 'recover' && isOurs(step)),
    undo: hasBegun ? all.filter((step) => step.phase === 'undo' && (isOurs(step) || isNamesake(step))) : [],
  };
}

function stateOf(steps: readonly StagedStep[], { recovery, undo }: Later<StagedStep>): StageState {
  if (undo.length > 0) return wayBack(undo);
  if (steps.some((step) => step.state === 'failed')) return recovery.length > 0 ? wayBack(recovery) : 'FAILED';
  if (steps.some((step) => step.state === 'skipped')) return 'SKIPPED';
  if (!steps.some(isOpen)) return 'DONE';
  return steps.some((step) => step.state !== 'pending' || step.startedAt !== null) ? 'RUNNING' : 'PENDING';
}

function wayBack(steps: readonly StagedStep[]): StageState {
  if (steps.some((step) => step.state === 'failed')) return 'FAILED';
  return steps.some(isOpen) ? 'TAKING_BACK' : 'TAKEN_BACK';
}

/** The state that people have to know first; a stage whose lanes are over is done, even if some of them were left out. */
function worstOf(lanes: readonly RunLane<unknown>[]): StageState {
  const states = lanes.map(({ state }) => state);
  const worst = (['FAILED', 'TAKING_BACK', 'TAKEN_BACK'] as const).find((state) => states.includes(state));
  if (worst !== undefined) return worst;
  if (states.every((state) => state === 'SKIPPED')) return 'SKIPPED';
  if (states.every((state) => state === 'DONE' || state === 'SKIPPED')) return 'DONE';
  return states.every((state) => state === 'PENDING') ? 'PENDING' : 'RUNNING';
}

function isOpen({ state }: Pick<StagedStep, 'state'>): boolean {
  return state === 'pending' || state === 'applying';
}
