import type { Risk } from './approval.ts';
import type { Target } from './target.ts';

/** What the run does to its target. Whatever may change something takes the cluster's lock; reading waits for nobody. */
export function effectOn(operation: {
  readonly risk: Risk;
  readonly target: { readonly kind: Target['kind'] };
}): 'creates' | 'changes' | 'reads' {
  if (operation.target.kind === 'new-cluster') return 'creates';
  return operation.risk === 'read' ? 'reads' : 'changes';
}
