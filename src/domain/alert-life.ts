import { type Alert, type AlertEventType, type Mute, type Severity, severities } from './alert.ts';

/** All that the life of an alert needs to know of its rule. No other code knows rules by name. */
export type RuleFacts = {
  readonly name: string;
  /** What was found when the condition no longer held; `{node}` stands for the identity label `node`. */
  readonly over: string;
  /** Rules whose alerts of the same cluster are hidden while one of this rule fires, and why. */
  readonly inhibits: { readonly rules: 'others' | readonly string[]; readonly because: string } | null;
  /**
   * True when a run that takes the node away explains the condition: meanwhile an open alert is hidden, and the condition
   * is not counted.
   */
  readonly isInhibitedByRuns: boolean;
  /** Set when an alert of this rule is never hidden, whatever fires beside it. */
  readonly isNeverHidden?: true;
};

/** Something that is wrong now, as a rule found it in one sample: plain data, without functions. */
export type Condition = {
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly nodeId: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly title: string;
  readonly pastTitle: string;
  /** The whole text in pieces. The time since when it holds goes between them: earlier samples know it, the rule does not. */
  readonly text: readonly string[];
  /** When it began, if the sample knows better than "when it was first seen". */
  readonly startedAt: Date | null;
  /** How long it must hold, and in how many samples in a row, before it is an alert. */
  readonly forMs: number;
  readonly minSamples: number;
  /** Set when it is not bad enough to begin an alert, and not good enough to end one: an open alert goes on. */
  readonly onlyGoesOn?: true;
};

/** A condition that holds, but not for long enough yet. */
export type Pending = {
  readonly fingerprint: string;
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly since: Date;
  readonly samples: number;
};

/** What the rules found in one probe of one cluster. */
export type Sample = {
  readonly at: Date;
  readonly conditions: readonly Condition[];
  /** Rules that could not be judged this time: their alerts neither fire nor resolve. */
  readonly unjudged: readonly string[];
  /** What a rule could not judge while it judged the rest: the alerts that have all of these labels. */
  readonly unknown?: readonly UnknownSubject[];
  /** Nodes that a run is working on: the run is the reason why they are away. */
  readonly plannedWork: readonly PlannedWork[];
};

export type UnknownSubject = { readonly rule: string; readonly labels: Readonly<Record<string, string>> };

/** A run that explains the absence of a node; `because` in place of the sentence that it is working on the node. */
export type PlannedWork = { readonly nodeId: string; readonly runId: string; readonly because?: string };

export type AlertTimes = {
  /**
   * If it fires again within this time after it was resolved, the same alert is re-opened; after that the alert is
   * closed.
   */
  readonly dedupeMs: number;
  /** The time from the reminder that an acknowledgement runs out until it is taken back. */
  readonly ackGraceMs: number;
  /** After so long without data, a firing alert is shown as STALE. */
  readonly staleAfterMs: number;
  /** A text that would say something else now is rewritten at most this often, since each rewrite edits a message. */
  readonly rewriteMs: number;
};

export const defaultAlertTimes = {
  dedupeMs: 900_000,
  ackGraceMs: 900_000,
  staleAfterMs: 45_000,
  rewriteMs: 45_000,
} as const;

export type NewAlertEvent = { readonly type: AlertEventType; readonly message: string };

/** An alert that changed so that it is worth showing; `events` is never empty. */
export type AlertChange = { readonly alert: Alert; readonly events: readonly NewAlertEvent[] };

/** The times and rules by which a sample is judged. */
export type AlertPolicy = { readonly times: AlertTimes; readonly rules: readonly RuleFacts[] };

/** What follows from one sample for a cluster's alerts. */
export type SampleEffect = {
  readonly opened: readonly { readonly condition: Condition; readonly since: Date; readonly mute: Mute }[];
  readonly changed: readonly AlertChange[];
  /** Fired again with nothing new to show: only `count` and `lastSeenAt` grew. */
  readonly repeated: readonly Alert[];
  readonly pending: readonly Pending[];
};

/**
 * The whole state machine: from the alerts of a cluster that are not closed, the conditions that are ripening and one new
 * sample, it makes what to write. A condition on a node under planned work is not counted at all, so that it is judged
 * afresh when the work ends; an alert that was open before is only muted. An alert whose rule could not be judged,
 * because of missing data or because this version does not have the rule, goes stale and is not resolved.
 */
export function applySample(
  state: { readonly alerts: readonly Alert[]; readonly pending: readonly Pending[] },
  sample: Sample,
  policy: AlertPolicy,
): SampleEffect {
  const opened: { condition: Condition; since: Date }[] = [];
  // A condition that could not be judged keeps what it has ripened so far; any other that does not hold now starts again.
  const pending: Pending[] = state.pending.filter((ripening) => !isJudged(ripening, sample, policy));
  const drafts = new Map<string, Draft>();

  for (const alert of state.alerts) {
    const condition = sample.conditions.find((candidate) => candidate.fingerprint === alert.fingerprint);
    drafts.set(alert.fingerprint, meet(alert, { condition, sample, policy }));
  }
  for (const condition of sample.conditions) {
    const draft = drafts.get(condition.fingerprint);
    if (draft !== undefined && draft.alert.signal !== 'RESOLVED') continue;
    if (condition.onlyGoesOn) continue;
    if (workOn(condition, sample, policy) !== null) continue;
    const ripe = ripen(condition, state.pending, sample.at);
    if (!isRipe(ripe, condition, sample.at)) pending.push(ripe);
    else if (draft === undefined || draft.alert.closedAt !== null) opened.push({ condition, since: ripe.since });
    else drafts.set(condition.fingerprint, reopen(draft.alert, condition, { at: sample.at, since: ripe.since }));
  }

  const firing = new Set([
    ...[...drafts.values()].filter(({ alert }) => alert.signal === 'FIRING').map(({ alert }) => alert.rule),
    ...opened.map(({ condition }) => condition.rule),
  ]);
  const settled = [...drafts.values()].map((draft) =>
    expireAck(applyMute(draft, muteOf(draft.alert, { sample, policy, firing })), sample.at, policy.times),
  );
  return {
    opened: opened.map((opening) => ({
      ...opening,
      mute: muteOf({ ...opening.condition, signal: 'FIRING' }, { sample, policy, firing }),
    })),
    changed: settled.filter(({ events }) => events.length > 0),
    repeated: settled.filter(({ events, repeated }) => repeated && events.length === 0).map(({ alert }) => alert),
    pending,
  };
}

/** The whole text, once it is known since when the condition holds. */
export function textOf({ text }: Pick<Condition, 'text'>, since: Date): string {
  return text.join(inWords(since));
}

/** Ends an alert whose subject is gone: there is nothing left that could fire or be repaired. */
export function endAlert(alert: Alert, at: Date, why: string): AlertChange {
  return {
    alert: {
      ...alert,
      signal: 'RESOLVED',
      mute: { kind: 'NONE' },
      text: alert.signal === 'RESOLVED' ? alert.text : textOfPast(alert, { at, now: why }),
      resolvedAt: alert.resolvedAt ?? at,
      closedAt: at,
    },
    events: [{ type: 'CLOSED', message: `Closed: ${why}` }],
  };
}

/** "20 s", "4 min", "2 h 5 min". */
export function durationInWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

type Draft = AlertChange & { readonly repeated?: boolean };

type Meeting = { readonly condition: Condition | undefined; readonly sample: Sample; readonly policy: AlertPolicy };

/** What follows from a sample for one alert, before re-opening and muting. */
function meet(alert: Alert, { condition, sample, policy }: Meeting): Draft {
  const { at } = sample;
  const { times } = policy;
  if (alert.signal === 'RESOLVED') return closeWhenQuiet(alert, at, times);
  if (condition !== undefined) return fireAgain(alert, condition, { at, times });
  const rule = policy.rules.find(({ name }) => name === alert.rule);
  return rule === undefined || !isJudged(alert, sample, policy)
    ? withoutData(alert, at, times)
    : resolve(alert, rule, at);
}

function isJudged(
  { rule, labels }: Pick<Pending, 'rule' | 'labels'>,
  { unjudged, unknown = [] }: Sample,
  { rules }: AlertPolicy,
): boolean {
  const isUnknown = ({ rule: name, labels: known }: UnknownSubject) =>
    name === rule && Object.entries(known).every(([label, value]) => labels[label] === value);
  return rules.some(({ name }) => name === rule) && !unjudged.includes(rule) && !unknown.some(isUnknown);
}

function fireAgain(before: Alert, condition: Condition, { at, times }: { at: Date; times: AlertTimes }): Draft {
  const events: NewAlertEvent[] = [];
  const seen: Alert = {
    ...before,
    signal: 'FIRING',
    nodeId: condition.nodeId,
    lastSeenAt: at,
    count: before.count + 1,
  };
  if (before.signal === 'STALE') events.push({ type: 'DATA_BACK', message: 'Data is back, and it still fires' });
  const rise = riseTo(condition.severity, before);
  if (rise > 0)
    events.push({ type: 'SEVERITY_ROSE', message: `Severity rose from ${before.severity} to ${condition.severity}` });
  if (rise < 0)
    events.push({ type: 'SEVERITY_FELL', message: `Severity fell from ${before.severity} to ${condition.severity}` });
  const { title, pastTitle } = condition;
  const text = textOf(condition, before.since);
  const mayRewrite = events.length > 0 || at.getTime() - before.changedAt.getTime() >= times.rewriteMs;
  if (mayRewrite && events.length === 0 && (text !== before.text || title !== before.title)) {
    events.push({ type: 'UPDATED', message: text });
  }
  if (events.length === 0) return { alert: seen, events, repeated: true };
  const handling = rise > 0 ? ({ kind: 'UNACKED' } as const) : before.handling;
  return { alert: { ...seen, severity: condition.severity, title, pastTitle, text, handling }, events };
}

/** Above 0 when it gets worse. */
function riseTo(severity: Severity, before: Alert): number {
  return severities.indexOf(before.severity) - severities.indexOf(severity);
}

/** Re-opens the alert, on the same card. An acknowledgement stays if it has not run out, unless the alert is worse now. */
function reopen(before: Alert, condition: Condition, { at, since }: { at: Date; since: Date }): Draft {
  const quietMs = at.getTime() - (before.resolvedAt ?? at).getTime();
  const isAcked =
    before.handling.kind === 'ACKED' && before.handling.until > at && riseTo(condition.severity, before) <= 0;
  return {
    alert: {
      ...before,
      signal: 'FIRING',
      severity: condition.severity,
      nodeId: condition.nodeId,
      title: condition.title,
      pastTitle: condition.pastTitle,
      text: textOf(condition, since),
      handling: isAcked ? before.handling : { kind: 'UNACKED' },
      since,
      lastSeenAt: at,
      resolvedAt: null,
      count: before.count + 1,
      flaps: before.flaps + 1,
    },
    events: [{ type: 'REOPENED', message: `Fired again after ${durationInWords(quietMs)}` }],
  };
}

function resolve(before: Alert, rule: RuleFacts, at: Date): Draft {
  const lastedMs = at.getTime() - before.since.getTime();
  return {
    alert: {
      ...before,
      signal: 'RESOLVED',
      mute: { kind: 'NONE' },
      text: textOfPast(before, { at, now: overOf(rule, before) }),
      resolvedAt: at,
    },
    events: [{ type: 'RESOLVED', message: `Resolved after ${durationInWords(lastedMs)}` }],
  };
}

/** What was found when the condition no longer held; the text from while it fired stays behind it, as a quotation. */
function textOfPast(before: Alert, { at, now }: { at: Date; now: string }): string {
  const start = `${now.slice(0, 1).toUpperCase()}${now.slice(1)}`;
  return `${start}, seen at ${inWords(at)}. What was said while it fired: ${before.text}`;
}

function overOf({ over }: RuleFacts, { labels }: Alert): string {
  return over.replace(/\{(\w+)\}/g, (_, label: string) => labels[label] ?? `the ${label}`);
}

function inWords(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function withoutData(before: Alert, at: Date, times: AlertTimes): Draft {
  if (before.signal === 'STALE' || at.getTime() - before.lastSeenAt.getTime() < times.staleAfterMs)
    return { alert: before, events: [] };
  return {
    alert: { ...before, signal: 'STALE' },
    events: [
      {
        type: 'STALE',
        message: `No data for ${durationInWords(at.getTime() - before.lastSeenAt.getTime())}: whether it still fires is not known`,
      },
    ],
  };
}

function closeWhenQuiet(before: Alert, at: Date, times: AlertTimes): Draft {
  const quietMs = at.getTime() - (before.resolvedAt ?? at).getTime();
  if (quietMs < times.dedupeMs) return { alert: before, events: [] };
  return {
    alert: { ...before, closedAt: at },
    events: [{ type: 'CLOSED', message: `Closed after ${durationInWords(quietMs)} of quiet` }],
  };
}

function ripen(condition: Condition, pending: readonly Pending[], at: Date): Pending {
  const before = pending.find((candidate) => candidate.fingerprint === condition.fingerprint);
  const { fingerprint, rule, labels, startedAt } = condition;
  // Clocks differ: a condition cannot have begun after it was seen.
  const began = startedAt === null || startedAt > at ? at : startedAt;
  return { fingerprint, rule, labels, since: before?.since ?? began, samples: (before?.samples ?? 0) + 1 };
}

function isRipe(pending: Pending, condition: Condition, at: Date): boolean {
  return pending.samples >= condition.minSamples && at.getTime() - pending.since.getTime() >= condition.forMs;
}

type AboutNode = { readonly rule: string; readonly nodeId: string | null };

/** The run that takes the node away now, if that explains what the rule found. */
function workOn({ rule, nodeId }: AboutNode, { plannedWork }: Sample, { rules }: AlertPolicy): PlannedWork | null {
  const isExplained = rules.some(({ name, isInhibitedByRuns }) => name === rule && isInhibitedByRuns);
  return isExplained ? (plannedWork.find((work) => work.nodeId === nodeId) ?? null) : null;
}

type Muting = { readonly sample: Sample; readonly policy: AlertPolicy; readonly firing: ReadonlySet<string> };

function muteOf(alert: AboutNode & Pick<Alert, 'signal'>, { sample, policy, firing }: Muting): Mute {
  if (alert.signal === 'RESOLVED') return { kind: 'NONE' };
  const work = workOn(alert, sample, policy);
  if (work !== null) {
    const { runId, because = `run ${runId} is working on the node` } = work;
    return { kind: 'INHIBITED', by: `run:${runId}`, because };
  }
  if (policy.rules.some(({ name, isNeverHidden }) => name === alert.rule && isNeverHidden)) return { kind: 'NONE' };
  for (const { name, inhibits } of policy.rules) {
    if (inhibits === null || name === alert.rule || !firing.has(name)) continue;
    if (inhibits.rules === 'others' || inhibits.rules.includes(alert.rule))
      return { kind: 'INHIBITED', by: name, because: inhibits.because };
  }
  return { kind: 'NONE' };
}

function applyMute(draft: Draft, mute: Mute): Draft {
  const before = draft.alert.mute;
  if (before.kind === mute.kind && (before.kind === 'NONE' || mute.kind === 'NONE' || before.by === mute.by))
    return draft;
  const event: NewAlertEvent =
    mute.kind === 'NONE'
      ? { type: 'UNMUTED', message: 'No longer hidden' }
      : { type: 'MUTED', message: hiddenBecause(mute) };
  return { alert: { ...draft.alert, mute }, events: [...draft.events, event] };
}

/** The line in the history of an alert that is hidden. */
export function hiddenBecause({ because }: Extract<Mute, { kind: 'INHIBITED' }>): string {
  return `Hidden: ${because}`;
}

function expireAck(draft: Draft, at: Date, times: AlertTimes): Draft {
  const { alert } = draft;
  const { handling } = alert;
  if (handling.kind !== 'ACKED' || alert.signal === 'RESOLVED' || at < handling.until) return draft;
  if (at.getTime() - handling.until.getTime() >= times.ackGraceMs) {
    const event: NewAlertEvent = {
      type: 'ACK_EXPIRED',
      message: `The acknowledgement by ${handling.byName} ran out; nobody handles it`,
    };
    return { alert: { ...alert, handling: { kind: 'UNACKED' } }, events: [...draft.events, event] };
  }
  if (handling.reminded) return draft;
  const event: NewAlertEvent = {
    type: 'ACK_RUNS_OUT',
    message: `The acknowledgement by ${handling.byName} ends in ${durationInWords(times.ackGraceMs)}`,
  };
  return { alert: { ...alert, handling: { ...handling, reminded: true } }, events: [...draft.events, event] };
}
