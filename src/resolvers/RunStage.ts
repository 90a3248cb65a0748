import type { RunStep } from '../domain/run.ts';
import { countDone, type RunLane as Lane, type RunStage as Stage } from '../domain/run-stages.ts';

export const RunStage = {
  phase: (stage: Stage<RunStep>) => stage.phase.toUpperCase(),
  completed: (stage: Stage<RunStep>) => countDone(stage.steps),
  total: (stage: Stage<RunStep>) => stage.steps.length,
};

export const RunLane = {
  currentStep: (lane: Lane<RunStep>) => lane.current,
  failure: (lane: Lane<RunStep>) => lane.failed?.failure ?? null,
  completed: (lane: Lane<RunStep>) => countDone(lane.steps),
  total: (lane: Lane<RunStep>) => lane.steps.length,
};
