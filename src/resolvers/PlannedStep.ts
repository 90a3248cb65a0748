import type { StepSpec } from '../domain/plan.ts';
import { redactInput } from '../operations/input/secret-fields.ts';

export const PlannedStep = {
  params: (step: StepSpec) => redactInput(step.params),
  lane: (step: StepSpec) => step.lane ?? null,
};
