import type { RuleFacts } from '../alert-facts.ts';
import type { AlertRule } from './rule.ts';

type Inhibits = NonNullable<RuleFacts['inhibits']>;

/** Rules whose alerts explain those of others, which are hidden meanwhile, by name. All of them are checks. */
export const inhibitions = {
  cluster_unreachable: { rules: 'others', because: 'the whole cluster cannot be observed' },
  // That nobody is left to spare is about one of the dead frontends, and of more weight than its death.
  node_down: { rules: 'others', sameNode: true, butNot: ['quorum_at_risk'], because: 'the node is down' },
} as const satisfies Readonly<Record<string, Inhibits>>;

/** Rules whose alerts no other rule explains, and no maintenance window hides: they are about Starwarden, and true whatever became of the cluster. */
export const standAlone: readonly string[] = ['run_waits', 'looks_late'];

/** What keeps the alerts of a rule from being told. `isOfSameNode`: only those about the node that the other alert is about. */
export type Hiding =
  | { readonly kind: 'RUN' | 'SILENCE' | 'MAINTENANCE' }
  | { readonly kind: 'RULE'; readonly rule: string; readonly isOfSameNode: boolean; readonly because: string };

/** Pure. What can hide the alerts of a rule, in the order in which it is asked; empty = nothing does. */
export function hidingsOf({
  name,
  isInhibitedByRuns,
  isNeverHidden,
}: Pick<AlertRule, 'name' | 'isInhibitedByRuns' | 'isNeverHidden'>): readonly Hiding[] {
  if (isNeverHidden === true) return [];
  const rules: readonly (readonly [string, Inhibits])[] = Object.entries(inhibitions);
  const others = rules.flatMap(([rule, { rules: hidden, because, sameNode, butNot = [] }]): readonly Hiding[] =>
    rule !== name && ![...butNot, ...standAlone].includes(name) && (hidden === 'others' || hidden.includes(name))
      ? [{ kind: 'RULE', rule, because, isOfSameNode: sameNode === true }]
      : [],
  );
  return [
    ...(isInhibitedByRuns ? [{ kind: 'RUN' } as const] : []),
    { kind: 'SILENCE' },
    ...(standAlone.includes(name) ? [] : [{ kind: 'MAINTENANCE' } as const]),
    ...others,
  ];
}
