import { type Alert, type Severity, severities } from './alert.ts';
import {
  type AlertChange,
  type AlertPolicy,
  type AlertTimes,
  type Condition,
  type Draft,
  durationInWords,
  inWords,
  type NewAlertEvent,
  type Pending,
  type RuleFacts,
  type Sample,
  textOf,
  type UnknownSubject,
} from './alert-facts.ts';

/** Ends an alert whose subject is gone: there is nothing left that could fire or be repaired. */
export function endAlert(alert: Alert, at: Date, why: string): AlertChange {
  return {
    alert: {
      ...alert,
      signal: 'RESOLVED',
      mute: { kind: 'NONE' },
      hiddenSince: null,
      flapping: null,
      text: alert.signal === 'RESOLVED' ? alert.text : textOfPast(alert, { at, now: why }),
      resolvedAt: alert.resolvedAt ?? at,
      closedAt: at,
    },
    events: [{ type: 'CLOSED', message: `Closed: ${why}` }],
  };
}

type Meeting = { readonly condition: Condition | undefined; readonly sample: Sample; readonly policy: AlertPolicy };

/** What follows from a sample for one alert, before re-opening and muting. */
export function meet(alert: Alert, { condition, sample, policy }: Meeting): Draft {
  const { at } = sample;
  const { times } = policy;
  const off = alert.signal === 'RESOLVED' ? null : switchedOffWhy(alert, sample);
  if (off !== null) return switchOff(alert, { at, off });
  const rule = policy.rules.find(({ name }) => name === alert.rule);
  const isKnown = rule !== undefined && isJudged({ ...alert, seenAt: alert.lastSeenAt }, sample, policy);
  const judging = isKnown ? { ...rule, endedBy: sample.endedBy?.(alert) ?? null } : null;
  if (alert.signal === 'RESOLVED')
    return closeWhenQuiet(condition === undefined && judging !== null ? confirmed(alert) : { alert, events: [] }, {
      at,
      times,
    });
  if (condition !== undefined) return fireAgain(alert, condition, { at, times });
  if (judging === null) return isWaiting(alert, sample, policy) ? { alert, events: [] } : withoutData(alert, at, times);
  return alert.flapping === null ? resolve(alert, judging, { at, times }) : stayQuiet(alert, judging, { at, times });
}

function switchedOffWhy({ rule, nodeId }: Alert, { switchedOff = [] }: Sample): string | null {
  const found = switchedOff.filter((each) => each.rule === rule).flatMap(({ because }) => because(nodeId) ?? []);
  return found[0] ?? null;
}

/** Nothing got better: somebody does not want to be told any more, and the alert says who. */
function switchOff(before: Alert, { at, off }: { at: Date; off: string }): Draft {
  const lasted = durationInWords(at.getTime() - before.since.getTime());
  return {
    alert: { ...resolved(before, { over: off }, at), turns: [], switchedOff: off },
    events: [{ type: 'RESOLVED', message: `Ended after ${lasted}: ${off}` }],
  };
}

/** A look found that what somebody resolved by hand does not hold: from now on it has to ripen like every other. */
function confirmed(alert: Alert): Draft {
  const { resolvedBy } = alert;
  if (resolvedBy === null || resolvedBy.isConfirmed) return { alert, events: [] };
  return { alert: { ...alert, resolvedBy: { ...resolvedBy, isConfirmed: true } }, events: [], isKept: true };
}

/** What was found before, and when that was; null = nobody knows when. */
type Found = Pick<Pending, 'rule' | 'labels'> & { readonly seenAt?: Date | null; readonly isUnreadable?: true };

export function isJudged(found: Found, sample: Sample, { rules }: AlertPolicy): boolean {
  const { unjudged, unknown = [] } = sample;
  const { rule } = found;
  const isUnknown = (each: UnknownSubject) => isAbout(each, found) && isOpenQuestion(each, found, sample);
  return rules.some(({ name }) => name === rule) && !unjudged.includes(rule) && !unknown.some(isUnknown);
}

function isAbout({ rule, labels }: UnknownSubject, found: Found): boolean {
  if (rule !== found.rule) return false;
  // It may be about whatever could not be judged.
  return found.isUnreadable === true || Object.entries(labels).every(([label, value]) => found.labels[label] === value);
}

function isOpenQuestion({ nothingForMs }: UnknownSubject, { seenAt = null }: Found, { at }: Sample): boolean {
  return nothingForMs === undefined || (seenAt !== null && at.getTime() - seenAt.getTime() < nothingForMs);
}

/** Somebody looked, and nothing happened by which it could be judged: that is no lack of data. */
function isWaiting(alert: Alert, sample: Sample, policy: AlertPolicy): boolean {
  const { unjudged, unknown = [] } = sample;
  const about = unknown.filter((each) => isAbout(each, alert));
  const isKnown = policy.rules.some(({ name }) => name === alert.rule) && !unjudged.includes(alert.rule);
  return isKnown && about.length > 0 && about.every(({ nothingForMs }) => nothingForMs !== undefined);
}

function fireAgain(before: Alert, condition: Condition, { at, times }: { at: Date; times: AlertTimes }): Draft {
  const events: NewAlertEvent[] = [];
  const { isUnreadable: _, ...known } = before;
  const seen: Alert = {
    ...known,
    signal: 'FIRING',
    ...aboutOf(condition),
    lastSeenAt: at,
    count: before.count + 1,
    ...(before.flapping === null
      ? {}
      : {
          flaps: before.flaps + (before.flapping.quietSince === null ? 0 : 1),
          flapping: { ...before.flapping, quietSince: null, judgedAt: at },
        }),
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
  if (events.length === 0) return { alert: seen, events, isKept: true };
  const handling = rise > 0 ? ({ kind: 'UNACKED' } as const) : before.handling;
  return { alert: { ...seen, severity: condition.severity, title, pastTitle, text, handling }, events };
}

/** A look that finds it knows what it is about, whatever became of what was stored of that. */
function aboutOf({ nodeId, labels }: Condition) {
  return { nodeId, labels };
}

/** Above 0 when it gets worse. */
function riseTo(severity: Severity, before: Alert): number {
  return severities.indexOf(before.severity) - severities.indexOf(severity);
}

/**
 * Re-opens the alert, on the same card. An acknowledgement stays if it has not run out, unless the alert is worse now.
 * Once it has changed too often it flaps, and gets no line for each time any more.
 */
export function reopen(
  before: Alert,
  condition: Condition,
  { at, since, times, neverFlaps }: { at: Date; since: Date; times: AlertTimes; neverFlaps: boolean },
): Draft {
  const quiet = durationInWords(at.getTime() - (before.resolvedAt ?? at).getTime());
  const again =
    before.switchedOff === undefined ? `Fired again after ${quiet}` : `It fires; nobody looked for ${quiet}`;
  const isAcked =
    before.handling.kind === 'ACKED' && before.handling.until > at && riseTo(condition.severity, before) <= 0;
  const turns = turnsWith(before, at, times);
  const isFlapping = !neverFlaps && turns.length >= times.flapChanges;
  return {
    alert: {
      ...openedAgain(before, condition, { at, since }),
      handling: isAcked ? before.handling : { kind: 'UNACKED' },
      flaps: before.flaps + 1,
      turns: isFlapping ? [] : turns,
      flapping: isFlapping ? { since: at, quietSince: null, judgedAt: at } : null,
    },
    events: [
      isFlapping ? { type: 'FLAPPING', message: `${again}. ${flapsNow(times)}` } : { type: 'REOPENED', message: again },
    ],
  };
}

/** The next look after somebody resolved it by hand: it was not over. Nobody has it then, whoever had it before. */
export function reopenByHand(before: Alert, condition: Condition, at: Date): Draft {
  const quietMs = at.getTime() - (before.resolvedAt ?? at).getTime();
  const who = before.resolvedBy?.name ?? 'somebody';
  return {
    alert: {
      ...openedAgain(before, condition, { at, since: before.since }),
      handling: { kind: 'UNACKED' },
    },
    events: [
      {
        type: 'STILL_FIRING',
        message: `Still firing: ${who} resolved it by hand ${durationInWords(quietMs)} ago`,
      },
    ],
  };
}

function openedAgain(before: Alert, condition: Condition, { at, since }: { at: Date; since: Date }): Alert {
  const { isUnreadable: _, switchedOff: __, ...known } = before;
  return {
    ...known,
    signal: 'FIRING',
    severity: condition.severity,
    ...aboutOf(condition),
    title: condition.title,
    pastTitle: condition.pastTitle,
    text: textOf(condition, since),
    since,
    lastSeenAt: at,
    resolvedAt: null,
    resolvedBy: null,
    count: before.count + 1,
  };
}

/** The changes between firing and resolved of late, with the one of now. */
function turnsWith({ turns }: Alert, at: Date, { flapWindowMs }: AlertTimes): readonly Date[] {
  return [...turns.filter((turn) => at.getTime() - turn.getTime() < flapWindowMs), at];
}

function flapsNow({ flapChanges, flapWindowMs, flapQuietMs }: AlertTimes): string {
  return `It changed ${flapChanges} times within ${durationInWords(flapWindowMs)}: it counts as firing until it was quiet for ${durationInWords(flapQuietMs)}`;
}

type Clock = { readonly at: Date; readonly times: AlertTimes };

/** A rule that judged, and the value by which it found that nothing is wrong any more. */
type Judging = RuleFacts & { readonly endedBy: string | null };

function resolve(before: Alert, rule: Judging, { at, times }: Clock): Draft {
  const lasted = durationInWords(at.getTime() - before.since.getTime());
  const turns = turnsWith(before, at, times);
  if (rule.neverFlaps !== true && turns.length >= times.flapChanges) {
    return {
      alert: {
        ...before,
        signal: 'FIRING',
        text: textOfPast(before, { at, now: overOf(rule, before) }),
        turns: [],
        flapping: { since: at, quietSince: at, judgedAt: at },
      },
      events: [{ type: 'FLAPPING', message: `It went away after ${lasted}. ${flapsNow(times)}` }],
    };
  }
  return {
    alert: { ...resolved(before, rule, at), turns },
    events: [{ type: 'RESOLVED', message: `Resolved after ${lasted}` }],
  };
}

function resolved(before: Alert, rule: Over, at: Date): Alert {
  return {
    ...before,
    signal: 'RESOLVED',
    mute: { kind: 'NONE' },
    hiddenSince: null,
    flapping: null,
    text: textOfPast(before, { at, now: overOf(rule, before) }),
    resolvedAt: at,
  };
}

/** A flapping alert does not hold in this look: it is over once every look of the quiet time has found that. */
function stayQuiet(before: Alert, rule: Judging, { at, times }: Clock): Draft {
  const quietSince = before.flapping?.quietSince ?? at;
  const quietMs = at.getTime() - quietSince.getTime();
  if (quietMs >= times.flapQuietMs) {
    return {
      alert: { ...resolved(before, rule, at), turns: [] },
      events: [{ type: 'RESOLVED', message: `Resolved: it flapped, and was quiet for ${durationInWords(quietMs)}` }],
    };
  }
  const flapping = { since: before.flapping?.since ?? at, quietSince, judgedAt: at };
  const alert: Alert = { ...before, signal: 'FIRING', flapping };
  const isShown = before.changedAt >= quietSince || at.getTime() - before.changedAt.getTime() < times.rewriteMs;
  if (before.signal !== 'STALE' && isShown) return { alert, events: [], isKept: true };
  const now = `does not hold now, and is over when it stays so for ${durationInWords(times.flapQuietMs)}`;
  return {
    alert: { ...alert, text: textOfPast(before, { at, now: overOf(rule, before) }) },
    events: [
      before.signal === 'STALE'
        ? { type: 'DATA_BACK', message: `Data is back: it ${now}` }
        : { type: 'UPDATED', message: `It ${now}` },
    ],
  };
}

const quotation = '. What was said while it fired: ';

/** What was found when the condition no longer held; the text from while it fired stays behind it, as a quotation. */
function textOfPast(before: Alert, { at, now }: { at: Date; now: string }): string {
  const start = `${now.slice(0, 1).toUpperCase()}${now.slice(1)}`;
  // What comes and goes was over before: only what was said last is quoted.
  const said = before.text.split(quotation).at(-1) ?? '';
  return `${start}, seen at ${inWords(at)}${quotation}${said}`;
}

type Over = Pick<RuleFacts, 'over'> & { readonly endedBy?: string | null };

function overOf({ over, endedBy = null }: Over, { labels }: Alert): string {
  if (endedBy !== null) return endedBy;
  return over.replace(/\{(\w+)\}/g, (_, label: string) => labels[label] ?? `the ${label}`);
}

function withoutData(before: Alert, at: Date, times: AlertTimes): Draft {
  const { flapping } = before;
  const withoutMs = at.getTime() - (flapping?.judgedAt ?? before.lastSeenAt).getTime();
  if (before.signal === 'STALE' || withoutMs < times.staleAfterMs) return { alert: before, events: [] };
  return {
    // Minutes in which nobody could look are not quiet ones.
    alert: { ...before, signal: 'STALE', flapping: flapping === null ? null : { ...flapping, quietSince: null } },
    events: [
      {
        type: 'STALE',
        message: `${before.isUnreadable ? 'What was stored of what it is about is damaged. ' : ''}No data for ${durationInWords(withoutMs)}: whether it still fires is not known`,
      },
    ],
  };
}

function closeWhenQuiet(draft: Draft, { at, times }: Clock): Draft {
  const quietMs = at.getTime() - (draft.alert.resolvedAt ?? at).getTime();
  if (quietMs < times.dedupeMs) return draft;
  return {
    alert: { ...draft.alert, closedAt: at },
    events: [{ type: 'CLOSED', message: `Closed after ${durationInWords(quietMs)} of quiet` }],
  };
}
