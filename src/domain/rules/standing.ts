import { type Alert, alertName, alertWord, hiderOf, type Severity, severities, titleToShow } from '../alert.ts';
import { durationInWords, type Pending } from '../alert-facts.ts';
import { nodeLabel } from '../node-identity.ts';
import type { NotJudged } from '../probe.ts';
import { countUnjudged } from '../unjudged.ts';
import { count } from '../words.ts';
import { overrideInWords } from './in-words.ts';
import { type EffectiveRule, type RuleOverride, switchedOffInWords, whyNotInForce } from './override.ts';
import { heldBackBy, leftTo, type Present, presentsOf } from './present.ts';
import { type AlertRule, isMetricRule } from './rule.ts';
import { metricLook, type WatchedCluster, whyBlind } from './watched.ts';

/** How a rule stands on a cluster, the loudest first. */
export const ruleStandings = ['FIRING', 'PENDING', 'UNKNOWN', 'QUIET', 'OFF'] as const;
export type RuleStanding = (typeof ruleStandings)[number];

/** A rule as it holds for a cluster, with how near it is to an alert. */
export type StandingRule = {
  readonly rule: AlertRule;
  /** As it holds for the cluster itself. */
  readonly effective: EffectiveRule;
  /** What people changed of it here: for single nodes that there are, then for all of the cluster, the narrowest first. */
  readonly changedBy: readonly RuleOverride[];
  /** What people said of it for this cluster or a node of it and that counts no more, with why. */
  readonly notInForce: readonly NotInForce[];
  readonly standing: RuleStanding;
  /** The open alerts of the rule, worst first. */
  readonly alerts: readonly Alert[];
  /** What holds, but not for long enough yet. */
  readonly pending: readonly Pending[];
  /** What could not be judged: of each kind of subject 3 at most, the last of which says how many more there were. */
  readonly unknown: readonly NotJudged[];
  /** Every value that it judges, nearest to its threshold first; empty for a check. */
  readonly values: readonly Present[];
  /** In a sentence. */
  readonly words: string;
};

/** Pure. Every rule of a cluster: what fires, what is about to, then by how near each is to its threshold; what is off last. */
export function standingsOf(watched: WatchedCluster): readonly StandingRule[] {
  return watched.book.rules
    .flatMap((rule) => standingOf(rule, watched) ?? [])
    .toSorted((a, b) => rankOf(b) - rankOf(a));
}

/** Pure. Null = the cluster has no such rule. */
export function standingOf(rule: AlertRule, watched: WatchedCluster): StandingRule | null {
  const { book, look } = watched;
  const effective = book.effective(rule.name, null);
  if (effective === undefined) return null;
  const isOfRule = (each: { readonly rule: string }) => each.rule === rule.name;
  const found = {
    ...{ rule, effective, changedBy: [...ofNodesHere(rule, watched), ...effective.changedBy] },
    notInForce: notInForceHere(rule, watched),
    alerts: watched.alerts.filter(isOfRule).toSorted((a, b) => worseFirst(a.severity, b.severity)),
    pending: (look?.pending ?? []).filter(isOfRule),
    unknown: (look?.notJudged ?? []).filter(isOfRule),
    values: isMetricRule(rule) ? presentsOf(rule, metricLook(watched)) : [],
  };
  return { ...found, ...inWords(found, watched) };
}

function ofNodesHere({ name }: AlertRule, { book, nodes }: WatchedCluster): readonly RuleOverride[] {
  const ids = new Set(nodes.map(({ id }) => id));
  return book.changesOfNodes(name).filter(({ scope }) => scope.kind === 'node' && ids.has(scope.nodeId));
}

export type NotInForce = { readonly override: RuleOverride; readonly because: string };

function notInForceHere(rule: AlertRule, { book, nodes, cluster, now }: WatchedCluster): readonly NotInForce[] {
  const ids = new Set(nodes.map(({ id }) => id));
  return book.saidHere(rule.name).flatMap((override) => {
    const { scope } = override;
    const isThere = scope.kind !== 'node' || ids.has(scope.nodeId);
    const subject = { environment: cluster.environment, isThere };
    const because = whyNotInForce(rule, override, { at: now, subject });
    return because === null ? [] : [{ override, because }];
  });
}

/** `be 10.0.0.11:9050: off, by kim: …: its node has left the cluster`. */
export function notInForceInWords(rule: AlertRule, { override, because }: NotInForce, watched: WatchedCluster): string {
  return `${changeInWords(rule, override, watched)}: ${because}`;
}

/** `be 10.0.0.11:9050: off, by kim: …`; what is said of more than a node begins with what was changed. */
export function changeInWords(rule: AlertRule, change: RuleOverride, { nodes }: Pick<WatchedCluster, 'nodes'>): string {
  const { scope } = change;
  const node = scope.kind === 'node' ? nodes.find(({ id }) => id === scope.nodeId) : undefined;
  return `${node === undefined ? '' : `${nodeLabel(node)}: `}${overrideInWords(rule, change)}`;
}

type Found = Omit<StandingRule, 'standing' | 'words'>;

function inWords(found: Found, watched: WatchedCluster): Pick<StandingRule, 'standing' | 'words'> {
  const { alerts, pending, unknown, values } = found;
  const blind = whyBlind(watched);
  const off = offEverywhere(found, watched);
  if (alerts.length > 0) return { standing: 'FIRING', words: listed(alerts.map(alertInWords)) };
  if (off !== null) return { standing: 'OFF', words: switchedOffInWords(off) };
  if (blind !== null) return { standing: 'UNKNOWN', words: withLast(blind, values[0]) };
  if (pending.length > 0)
    return { standing: 'PENDING', words: listed(pending.map((each) => pendingInWords(each, watched))) };
  const whole = unknown.find(({ labels }) => labels === null);
  if (whole !== undefined) return { standing: 'UNKNOWN', words: whole.because };
  const parts = unknown.map(notJudgedInWords);
  if (parts.length > 0 && values.length === 0 && isMetricRule(found.rule))
    return { standing: 'UNKNOWN', words: listed(parts, unkept(unknown)) };
  const quiet = quietInWords(found, watched);
  return {
    standing: 'QUIET',
    words: parts.length === 0 ? quiet : `${quiet}; not known of ${listed(parts, unkept(unknown))}`,
  };
}

function quietInWords({ rule, values: [nearest] }: Found, watched: WatchedCluster): string {
  if (!isMetricRule(rule)) return 'the last look found nothing';
  if (nearest === undefined) return 'there is nothing that it judges';
  const stricter = leftTo(rule, nearest, watched.book);
  if (stricter !== null) return `${nearest.words}, which ${stricter} tells`;
  const other = nearest.side === 'GOOD' ? null : heldBackBy(rule, nearest, metricLook(watched));
  return other === null ? nearest.words : `${nearest.words}, and ${other} is judged as long as it is known`;
}

function offEverywhere({ rule, effective }: Found, { book, nodes }: WatchedCluster) {
  const isOnSomewhere = nodes.some(({ id }) => book.effective(rule.name, id)?.off === null);
  return effective.off !== null && !isOnSomewhere ? effective.off : null;
}

/** `A-7 CRITICAL, acknowledged: The node be 10.0.0.11:9050 is down`. */
export function alertInWords(alert: Alert): string {
  return `${alertName(alert)} ${alert.severity}, ${stateInWords(alert)}: ${titleToShow(alert)}`;
}

function stateInWords(alert: Alert): string {
  const word = alertWord(alert);
  const { mute, handling } = alert;
  switch (word) {
    case 'FIRING':
      return alert.flapping === null ? 'firing' : 'flapping';
    case 'ACKED':
      return handling.kind === 'ACKED' ? `acknowledged by ${handling.byName}` : 'acknowledged';
    case 'STALE':
      return 'no data';
    case 'SILENCED':
      return mute.kind === 'NONE' ? 'silenced' : `silenced by ${mute.by}`;
    case 'MAINTENANCE':
      return mute.kind === 'NONE' ? 'in maintenance' : `in maintenance by ${hiderOf(mute)}`;
    case 'INHIBITED':
      return 'held back';
    case 'RESOLVED':
      return alert.switchedOff === undefined ? 'resolved' : 'its rule is off';
    default:
      return word satisfies never;
  }
}

/** `The disk /data1 of be … fills up: for 40 s now, an alert after 80 s more`. */
export function pendingInWords(
  { labels, since, samples, ripens, settles }: Pending,
  { now }: Pick<WatchedCluster, 'now'>,
): string {
  const heldMs = Math.max(0, now.getTime() - since.getTime());
  const what = ripens?.title ?? (Object.values(labels).join(' ') || 'the cluster');
  const held = `for ${durationInWords(heldMs)} now, in ${count(samples, 'look')}`;
  if (ripens === undefined) return `${what}: ${held}`;
  const settlesMs = settles === undefined ? 0 : settles.until.getTime() - now.getTime();
  const leftMs = Math.max(ripens.forMs - heldMs, settlesMs);
  const left = [
    ...(leftMs > 0 ? [`${durationInWords(leftMs)} more`] : []),
    ...(ripens.minSamples > samples ? [`${count(ripens.minSamples - samples, 'more look')}`] : []),
  ];
  const after =
    settles === undefined || settlesMs <= 0 ? '' : `; R-${settles.runNumber}, which hid it, ended well a moment ago`;
  return `${what}: ${held}; an alert ${left.length === 0 ? 'with the next look' : `after ${left.join(' and ')}`}, if it stays so${after}`;
}

/** `be 10.0.0.11:9050: its page was not read`. */
export function notJudgedInWords({ labels, because }: NotJudged): string {
  return [...Object.values(labels ?? {}), because].join(': ');
}

/** What of a rule could not be judged, line by line, with how many more there were than are kept by name. */
export function unknownInWords(unknown: readonly NotJudged[]): readonly string[] {
  const more = unkept(unknown);
  return [...unknown.map(notJudgedInWords), ...(more > 0 ? [`… and ${more} more`] : [])];
}

function unkept(unknown: readonly NotJudged[]): number {
  return countUnjudged(unknown) - unknown.length;
}

const shown = 3;

function listed(texts: readonly string[], more = 0): string {
  const rest = Math.max(0, texts.length - shown) + more;
  return [...texts.slice(0, shown), ...(rest > 0 ? [`${rest} more`] : [])].join('; ');
}

function withLast(blind: string, last: Present | undefined): string {
  return last === undefined ? blind : `${blind}; the last value was ${last.words}`;
}

/** What is not known stands among what has gone three quarters of the way. */
const unknownRank = 0.75;

function rankOf({ standing, alerts, pending, values, effective, rule }: StandingRule): number {
  const bad = (severity: Severity) => severities.length - severities.indexOf(severity);
  switch (standing) {
    case 'FIRING':
      return 2_000 + bad(alerts[0]?.severity ?? rule.severity);
    case 'PENDING':
      return 1_000 + bad(pending[0]?.ripens?.severity ?? effective.severity ?? rule.severity);
    case 'UNKNOWN':
      return unknownRank;
    case 'QUIET':
      // Beyond its threshold and no alert: the look before it was not, or a stricter rule has it.
      return Math.min(values[0]?.nearness ?? 0, 100);
    case 'OFF':
      return -1;
    default:
      return standing satisfies never;
  }
}

function worseFirst(a: Severity, b: Severity): number {
  return severities.indexOf(a) - severities.indexOf(b);
}
