import type { Risk } from './approval.ts';
import type { Target } from './target.ts';

/**
 * What the run does to its target. A run that may change something takes the cluster's lock; a run that only reads waits
 * for no other.
 */
export function effectOn(operation: {
  readonly risk: Risk;
  readonly target: { readonly kind: Target['kind'] };
}): 'creates' | 'changes' | 'reads' {
  if (operation.target.kind === 'new-cluster') return 'creates';
  return operation.risk === 'read' ? 'reads' : 'changes';
}
