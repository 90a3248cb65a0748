import type { RuleFacts } from '../alert-facts.ts';
import { findMetric } from '../metrics/catalogue/index.ts';
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

/** Checks whose alerts are about one node each; those of all others are about the cluster as a whole. */
export const checksOfNodes: readonly string[] = ['node_down', 'node_stopped', 'frontend_no_greeting', 'quorum_at_risk'];

function isAboutNodes({ name, on }: Pick<AlertRule, 'name' | 'on'>): boolean {
  if (on.kind === 'CHECK') return checksOfNodes.includes(name);
  const scope = findMetric(on.metric)?.scope;
  return on.of === 'EACH' && (scope === 'NODE' || scope === 'DISK');
}

/** What keeps the alerts of a rule from being told. `isOfSameNode`: only those about the node that the other alert is about. */
export type Hiding =
  | { readonly kind: 'RUN' | 'SILENCE' | 'MAINTENANCE' }
  | { readonly kind: 'RULE'; readonly rule: string; readonly isOfSameNode: boolean; readonly because: string };

/** Pure. What can hide the alerts of a rule, in the order in which it is asked; empty = nothing does. */
export function hidingsOf(
  rule: Pick<AlertRule, 'name' | 'on' | 'isInhibitedByRuns' | 'isNeverHidden'>,
): readonly Hiding[] {
  const { name, isInhibitedByRuns, isNeverHidden } = rule;
  if (isNeverHidden === true) return [];
  const rules: readonly (readonly [string, Inhibits])[] = Object.entries(inhibitions);
  const others = rules.flatMap(([by, { rules: hidden, because, sameNode = false, butNot = [] }]): readonly Hiding[] => {
    const isMeant = by !== name && ![...butNot, ...standAlone].includes(name);
    const canMeet = !sameNode || isAboutNodes(rule);
    return isMeant && canMeet && (hidden === 'others' || hidden.includes(name))
      ? [{ kind: 'RULE', rule: by, because, isOfSameNode: sameNode }]
      : [];
  });
  return [
    ...(isInhibitedByRuns ? [{ kind: 'RUN' } as const] : []),
    { kind: 'SILENCE' },
    ...(standAlone.includes(name) ? [] : [{ kind: 'MAINTENANCE' } as const]),
    ...others,
  ];
}
