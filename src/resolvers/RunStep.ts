import type { RunStep as RunStepRow } from '../domain/run.ts';
import { redactInput } from '../operations/input/secret-fields.ts';

export const RunStep = {
  phase: (step: RunStepRow) => step.phase.toUpperCase(),
  state: (step: RunStepRow) => step.state.toUpperCase(),
  facts: (step: RunStepRow) => (step.facts === null ? null : redactInput(step.facts)),
};
