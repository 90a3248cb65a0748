import type { Alert } from '../alert.ts';
import { applySample, type Condition, defaultAlertTimes, durationInWords, textOf } from '../alert-life.ts';
import { inUtc } from '../utc.ts';
import { judgeMetricRule, type MetricLook, type MetricsSeen } from './judge-metric.ts';
import type { MetricRule } from './rule.ts';

/** What was measured in one step of the past. */
export type PastLook = { readonly at: Date } & MetricsSeen;

/** One time at which the rule would have had an alert. */
export type Firing = {
  readonly labels: Readonly<Record<string, string>>;
  readonly title: string;
  /** Since when the condition held. */
  readonly since: Date;
  /** When somebody would have been told. */
  readonly firedAt: Date;
  /** Null = it would fire still. */
  readonly until: Date | null;
};

export type TryOut = {
  /** In the order in which they would have fired. */
  readonly firings: readonly Firing[];
  /** How many of the looks left something of the rule unknown, and the first reason. */
  readonly unknownLooks: number;
  readonly firstUnknown: string | null;
};

/**
 * Pure. The alerts that a rule would have had, by the same judging and the same ripening as in life; what was not known
 * then began and ended none. `stepMs`: the time between two looks.
 */
export function tryOut(
  rule: MetricRule,
  looks: readonly PastLook[],
  { stepMs, ...world }: Omit<MetricLook, 'seen'> & { readonly stepMs: number },
): TryOut {
  const over = 'it is over';
  const facts = { name: rule.name, over, inhibits: null, isInhibitedByRuns: false } as const;
  const policy = {
    times: { ...defaultAlertTimes, staleAfterMs: 3 * stepMs, dedupeMs: 0, flapChanges: Number.POSITIVE_INFINITY },
    rules: [facts],
  };
  let state: Parameters<typeof applySample>[0] = { alerts: [], pending: [] };
  const firings: Firing[] = [];
  let unknownLooks = 0;
  let firstUnknown: string | null = null;
  const open = new Map<string, number>();

  for (const look of looks) {
    const { at } = look;
    const { conditions, unknown } = judgeMetricRule(rule, { ...world, seen: look });
    if (unknown.length > 0) unknownLooks += 1;
    firstUnknown ??= unknown[0]?.because ?? null;
    const effect = applySample(state, { at, conditions, unjudged: [], unknown, plannedWork: [] }, policy);
    for (const { condition, since } of effect.opened) {
      open.set(condition.fingerprint, firings.length);
      firings.push({ labels: condition.labels, title: condition.title, since, firedAt: at, until: null });
    }
    const known = new Map(state.alerts.map((alert) => [alert.fingerprint, alert]));
    for (const alert of [...effect.kept, ...effect.changed.map((change) => change.alert)])
      known.set(alert.fingerprint, alert);
    for (const alert of known.values()) {
      const place = open.get(alert.fingerprint);
      const firing = place === undefined ? undefined : firings[place];
      if (alert.signal !== 'RESOLVED' || place === undefined || firing === undefined) continue;
      firings[place] = { ...firing, until: at };
      open.delete(alert.fingerprint);
      known.delete(alert.fingerprint);
    }
    for (const { condition, since } of effect.opened)
      known.set(condition.fingerprint, alertOf(condition, { at, since, clusterId: world.clusterId }));
    state = { alerts: [...known.values()], pending: effect.pending };
  }
  return { firings, unknownLooks, firstUnknown };
}

/** `fired 3 times: be 10.0.0.3:9050 from 2026-11-27 10:00 UTC for 12 min, …`. */
export function firingsInWords(firings: readonly Firing[], { most }: { readonly most: number }): string {
  if (firings.length === 0) return 'would not have fired';
  const shown = firings.slice(0, most).map(({ labels, since, until }) => {
    const who = Object.values(labels).join(' ') || 'the cluster';
    const end = until === null ? 'until now' : `for ${durationInWords(until.getTime() - since.getTime())}`;
    return `${who} from ${inUtc(since)} ${end}`;
  });
  const rest = firings.length > most ? `, and ${firings.length - most} more` : '';
  return `would have fired ${firings.length === 1 ? 'once' : `${firings.length} times`}: ${shown.join(', ')}${rest}`;
}

type Opening = { readonly at: Date; readonly since: Date; readonly clusterId: string };

/** An alert of which nobody hears. */
function alertOf(condition: Condition, { at, since, clusterId }: Opening): Alert {
  const { fingerprint, rule, severity, nodeId, labels, title, pastTitle } = condition;
  return {
    ...{ fingerprint, rule, severity, nodeId, labels, title, pastTitle, since, clusterId },
    ...{ id: fingerprint, number: 0, clusterName: '', environment: '' },
    text: textOf(condition, since),
    signal: 'FIRING',
    handling: { kind: 'UNACKED' },
    mute: { kind: 'NONE' },
    ...{
      isNeverHidden: false,
      hiddenSince: null,
      assignee: null,
      resolvedBy: null,
      turns: [],
      flapping: null,
      previousId: null,
    },
    ...{ openedAt: at, lastSeenAt: at, changedAt: at, resolvedAt: null, closedAt: null },
    ...{ count: 1, flaps: 0, revision: 1 },
  };
}
