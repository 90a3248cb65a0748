import type { AnyOperation } from '../../operations/define.ts';
import type { AnyStepKind } from '../../steps/define.ts';

/** The step kinds an operation may use, by name; a kind that its definition does not list is a bug in the plan. */
export function stepKindOf(operation: AnyOperation, kind: string): AnyStepKind {
  const found = operation.steps.find((candidate) => candidate.kind === kind);
  if (found === undefined) throw new Error(`operation ${operation.name} does not list the step kind ${kind}`);
  return found;
}
