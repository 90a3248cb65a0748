import { type Alert, type Mute, severities } from './alert.ts';
import type { AlertPolicy, RuleFacts } from './alert-facts.ts';

/** An alert, open or about to be opened, as far as it matters for what hides it. */
export type Hideable = Pick<Alert, 'fingerprint' | 'rule' | 'nodeId' | 'labels' | 'severity' | 'signal'> &
  Partial<Pick<Alert, 'flapping' | 'isNeverHidden'>>;

type Rules = Pick<AlertPolicy, 'rules'>;

/** An alert that may hide others, and by which words of its rule. */
type Source = { readonly alert: Hideable; readonly inhibits: NonNullable<RuleFacts['inhibits']> };

/**
 * Which of the alerts are hidden by another of them, by fingerprint. `alerts` are those that nothing else hides. An alert
 * hides no other that is worse than itself, and none while it is hidden itself, or flaps and does not hold now: whatever
 * hides an alert is told. The order of rules and alerts decides only which of several explanations is named, and which
 * alert is told of those that explain each other in a circle.
 */
export function explained(alerts: readonly Hideable[], policy: Rules): ReadonlyMap<string, Mute> {
  const told = toldOf(
    policy.rules.flatMap(({ name, inhibits }): readonly Source[] =>
      inhibits === null
        ? []
        : alerts.filter((alert) => alert.rule === name && isLoud(alert)).map((alert) => ({ alert, inhibits })),
    ),
    policy,
  );
  const isTold = new Set(told.map(({ alert }) => alert));
  const mutes = new Map<string, Mute>();
  for (const target of alerts) {
    if (isTold.has(target)) continue;
    const source = told.find((each) => hides(each, target, policy));
    if (source === undefined) continue;
    const { alert, inhibits } = source;
    mutes.set(target.fingerprint, { kind: 'INHIBITED', by: alert.rule, because: inhibits.because });
  }
  return mutes;
}

export function isNeverHidden(rule: string, { rules }: Rules): boolean {
  return rules.some((each) => each.name === rule && each.isNeverHidden);
}

/** Of the alerts that may hide others, those that none of them hides, in the same order. */
function toldOf(sources: readonly Source[], policy: Rules): readonly Source[] {
  const told = new Set<Source>();
  // Whatever a told one hides is gone from here, so what is told is hidden by nothing that was told before it.
  let open = sources;
  while (open.length > 0) {
    const free = open.filter(({ alert }) => !open.some((other) => hides(other, alert, policy)));
    // A circle: the worst of it are equally bad, and the first is told.
    const now = free.length > 0 ? free : worstFirst(open).slice(0, 1);
    for (const source of now) told.add(source);
    open = open.filter((each) => !told.has(each) && !now.some((source) => hides(source, each.alert, policy)));
  }
  return sources.filter((source) => told.has(source));
}

function worstFirst(sources: readonly Source[]): readonly Source[] {
  const badness = ({ alert }: Source) => severities.indexOf(alert.severity);
  return sources.toSorted((a, b) => badness(a) - badness(b));
}

/** Whether it may hide others: it holds now. */
export function isLoud({ signal, flapping }: Hideable): boolean {
  return signal === 'FIRING' && flapping?.quietSince == null;
}

function hides({ alert: source, inhibits }: Source, target: Hideable, policy: Rules): boolean {
  if (target.rule === source.rule || target.signal === 'RESOLVED') return false;
  if (severities.indexOf(source.severity) > severities.indexOf(target.severity)) return false;
  if (inhibits.rules !== 'others' && !inhibits.rules.includes(target.rule)) return false;
  if (inhibits.butNot?.includes(target.rule) === true) return false;
  if (inhibits.sameNode !== undefined && !isSameNode(source, target)) return false;
  // A rule that this version does not have was known when its alert was opened.
  if (target.isNeverHidden) return false;
  return !isNeverHidden(target.rule, policy) && !standsAlone(target.rule, policy);
}

/** Whether it is about Starwarden's own work, which nothing that is wrong with the cluster explains. */
export function standsAlone(rule: string, { rules }: Rules): boolean {
  return rules.some((each) => each.name === rule && each.standsAlone === true);
}

/** By the inventory, or by the label where one of them is not in it. */
export function isSameNode(a: Hideable, b: Hideable): boolean {
  if (a.nodeId !== null && b.nodeId !== null) return a.nodeId === b.nodeId;
  return a.labels.node !== undefined && a.labels.node === b.labels.node;
}
