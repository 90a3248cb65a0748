import { type Alert, hiderOf, type Mute } from './alert.ts';
import { explained, type Hideable, isNeverHidden, standsAlone } from './alert-explained.ts';
import {
  type AlertPolicy,
  type Draft,
  durationInWords,
  type NewAlertEvent,
  type PlannedWork,
  type Sample,
} from './alert-facts.ts';
import { type OpenWindow, windowHides, windowMute } from './hiding-windows.ts';
import { isSettling, type Settling, settlesAfter } from './settling.ts';
import { type ActiveSilence, silenceHides } from './silence.ts';

type Circumstances = {
  readonly sample: Sample;
  readonly policy: AlertPolicy;
  /** The silences that cover the cluster now. */
  readonly silences: readonly ActiveSilence[];
  /** The maintenance windows that are open for the cluster now and hide alerts. */
  readonly windows: readonly OpenWindow[];
  /** What runs hid that ended well a moment ago, and no look has found over since. */
  readonly settling: readonly Settling[];
};

/** Why each of the alerts is hidden, by fingerprint. Runs come first, at work or just ended, then silences, then maintenance windows, then other alerts. */
export function mutesOf(
  alerts: readonly Hideable[],
  { sample, policy, silences, windows, settling }: Circumstances,
): ReadonlyMap<string, Mute> {
  const mutes = new Map<string, Mute>();
  for (const alert of alerts) {
    const mute =
      alert.signal === 'RESOLVED'
        ? null
        : (byRun(alert, sample, policy) ??
          afterRun(alert, { settling, at: sample.at, policy }) ??
          bySilence(alert, policy, silences) ??
          byWindow(alert, policy, windows));
    if (mute !== null) mutes.set(alert.fingerprint, mute);
  }
  const others = alerts.filter(({ fingerprint }) => !mutes.has(fingerprint));
  return new Map([...mutes, ...explained(others, policy)]);
}

/** The run that takes the node away now, if that explains what the rule found. */
export function workOn(
  { rule, nodeId }: Pick<Hideable, 'rule' | 'nodeId'>,
  { plannedWork }: Sample,
  policy: AlertPolicy,
): PlannedWork | null {
  const isExplained = policy.rules.some((each) => each.name === rule && each.isInhibitedByRuns);
  if (!isExplained || isNeverHidden(rule, policy)) return null;
  return plannedWork.find((work) => work.nodeId === nodeId) ?? null;
}

const atWork = 'is working on the node';

/** Whether what hides an alert is a run that is at work, and not one that left the node as it is. */
export function isAtWork(because: string): boolean {
  return because.endsWith(atWork);
}

function byRun(alert: Hideable, sample: Sample, policy: AlertPolicy): Mute | null {
  const work = workOn(alert, sample, policy);
  if (work === null) return null;
  const { runId, because = `run ${runId} ${atWork}` } = work;
  return { kind: 'INHIBITED', by: `run:${runId}`, because };
}

function afterRun(alert: Hideable, facts: Parameters<typeof settlesAfter>[1]): Mute | null {
  const after = settlesAfter(alert, facts);
  return after === null ? null : { kind: 'INHIBITED', by: `run:${after.runId}`, because: after.because };
}

function bySilence(alert: Hideable, policy: AlertPolicy, silences: readonly ActiveSilence[]): Mute | null {
  // A rule that this version does not have was known when its alert was opened.
  if (alert.isNeverHidden || isNeverHidden(alert.rule, policy)) return null;
  const silence = silences.find((each) => silenceHides(each, alert));
  return silence === undefined ? null : { kind: 'SILENCED', by: silence.name, because: silence.because };
}

function byWindow(alert: Hideable, policy: AlertPolicy, windows: readonly OpenWindow[]): Mute | null {
  if (alert.isNeverHidden || isNeverHidden(alert.rule, policy) || standsAlone(alert.rule, policy)) return null;
  const window = windows.find((each) => windowHides(each, alert));
  return window === undefined ? null : windowMute(window);
}

/**
 * Hides an alert, or shows it again. One that is shown again counts as firing for the first time now: whoever had it has
 * it no more.
 */
export function applyMute(draft: Draft, mute: Mute, at: Date): Draft {
  const { alert } = draft;
  const before = alert.mute;
  if (isSame(before, mute)) return draft;
  if (mute.kind !== 'NONE') {
    const event: NewAlertEvent = { type: 'MUTED', message: hiddenBecause(mute) };
    return { alert: { ...alert, mute, hiddenSince: alert.hiddenSince ?? at }, events: [...draft.events, event] };
  }
  const event: NewAlertEvent = { type: 'UNMUTED', message: shownAgain(alert, at) };
  return {
    alert: { ...alert, mute, hiddenSince: null, handling: { kind: 'UNACKED' } },
    events: [...draft.events, event],
  };
}

/** A window that opened again, with no look while it was closed, hides until another time; so does a run that has ended. */
function isSame(before: Mute, now: Mute): boolean {
  if (before.kind === 'NONE' || now.kind === 'NONE') return before.kind === now.kind;
  if (before.kind !== now.kind || before.by !== now.by) return false;
  if (now.kind === 'INHIBITED') return isSettling(before.because) === isSettling(now.because);
  return now.kind !== 'MAINTENANCE' || before.because === now.because;
}

/** The line in the history of an alert that is hidden. */
export function hiddenBecause({ kind, because }: Exclude<Mute, { kind: 'NONE' }>): string {
  switch (kind) {
    case 'SILENCED':
      return `Silenced: ${because}`;
    case 'MAINTENANCE':
      return `Hidden by maintenance ${because}`;
    case 'INHIBITED':
      return `Hidden: ${because}`;
    default:
      return kind satisfies never;
  }
}

function shownAgain(alert: Alert, at: Date): string {
  const { mute, hiddenSince } = alert;
  if (mute.kind === 'NONE') return 'No longer hidden';
  const lasted = hiddenSince === null ? '' : ` ${durationInWords(at.getTime() - hiddenSince.getTime())}`;
  const by = mute.kind === 'INHIBITED' ? `because ${mute.because}` : `by ${hiderOf(mute)}`;
  return `Was hidden${lasted} ${by}; ${howNow(alert)}`;
}

function howNow({ signal, flapping }: Alert): string {
  if (signal === 'STALE') return 'whether it still fires is not known';
  return flapping?.quietSince == null ? 'it still fires' : 'it comes and goes, and does not hold now';
}
