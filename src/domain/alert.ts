import { hashJson } from './json.ts';

export const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const;
export type Severity = (typeof severities)[number];

/** STALE = it was firing when data stopped coming. Missing data never resolves an alert. */
export const alertSignals = ['FIRING', 'RESOLVED', 'STALE'] as const;
export type AlertSignal = (typeof alertSignals)[number];

/** Whether somebody takes care of it. Independent of the signal: an alert may be acknowledged and stale at once. */
export type Handling =
  | { readonly kind: 'UNACKED' }
  | {
      readonly kind: 'ACKED';
      readonly byId: string;
      readonly byName: string;
      readonly at: Date;
      /** From this time on it counts as unhandled again, after a reminder and some grace. */
      readonly until: Date;
      /** True once the one reminder that the acknowledgement runs out was given. */
      readonly reminded: boolean;
    };

/**
 * Why nobody is notified although it fires. `INHIBITED`: `by` = the rule that explains it, or `run:<id>`, and `because` =
 * that rule's sentence. `SILENCED`: `by` = the name of the silence (`S-3`), and `because` = who, until when and why.
 * `MAINTENANCE`: `by` = `window:<id>`, and `because` = the window by its name, until when, who and why.
 */
export type Mute =
  | { readonly kind: 'NONE' }
  | { readonly kind: 'INHIBITED' | 'SILENCED' | 'MAINTENANCE'; readonly by: string; readonly because: string };

/**
 * It began and ended so often that it counts as firing until it was seen quiet for a while. `quietSince` = since when
 * every look found that it does not hold; null = it holds, or nobody could look. `judgedAt` = the last look that could say.
 */
export type Flapping = { readonly since: Date; readonly quietSince: Date | null; readonly judgedAt: Date };

export type PersonRef = { readonly id: string; readonly name: string };

/** An alert as it is stored: one row from its first firing until 15 quiet minutes after it was resolved. */
export type Alert = {
  readonly id: string;
  /** The short number that people type: `A-7`. */
  readonly number: number;
  /** Same cluster, rule and identity labels = same fingerprint; at most one alert per fingerprint is not closed. */
  readonly fingerprint: string;
  /** The name of the rule; it may be one that this version of Starwarden does not have. */
  readonly rule: string;
  readonly severity: Severity;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly environment: string;
  /** The node it is about; null = the whole cluster. The node may have left the inventory since. */
  readonly nodeId: string | null;
  /** Identity labels, e.g. `{ node: 'be 10.0.0.11:9050' }`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Set when its stored labels are damaged, so that nobody knows by them what it is about; `fingerprint` does. */
  readonly isUnreadable?: true;
  /** What is wrong, in a few words; `text` adds since when, why, and what it means for users. */
  readonly title: string;
  /** The title in the past tense; null = the rule gave none. */
  readonly pastTitle: string | null;
  readonly text: string;
  readonly signal: AlertSignal;
  readonly handling: Handling;
  readonly mute: Mute;
  /** Its rule was one that nothing hides when it opened. */
  readonly isNeverHidden: boolean;
  /** Since when nobody is told of it; null = it is not muted. */
  readonly hiddenSince: Date | null;
  /** To whom it was given; null = to nobody. Says nothing of whether that person has acknowledged it. */
  readonly assignee: PersonRef | null;
  /** Since when the condition holds this time; `openedAt` is when the alert was first opened. */
  readonly since: Date;
  readonly openedAt: Date;
  readonly lastSeenAt: Date;
  readonly resolvedAt: Date | null;
  /** Who resolved it by hand; `isConfirmed` once a look has found that it does not hold. Null = a look resolved it, or it is open. */
  readonly resolvedBy: (PersonRef & { readonly isConfirmed: boolean }) | null;
  /** It was ended because somebody switched its rule off, in these words: whether it still holds, nobody looks. Left out = it was not. */
  readonly switchedOff?: string;
  /** Not null = the alert is history: the next firing is a new alert. */
  readonly closedAt: Date | null;
  /** How many samples had the condition. */
  readonly count: number;
  /** How often it fired again after it was resolved. */
  readonly flaps: number;
  /** When it was resolved or fired again lately; the opening does not count. */
  readonly turns: readonly Date[];
  readonly flapping: Flapping | null;
  /** The last alert of the same fingerprint, which had been closed. */
  readonly previousId: string | null;
  /** Grows with every change that is worth showing, in one transaction with its event; a change of `count` alone is not. */
  readonly revision: number;
  readonly changedAt: Date;
};

export const alertEventTypes = [
  'OPENED',
  'REOPENED',
  'RESOLVED',
  'CLOSED',
  'STALE',
  'DATA_BACK',
  'ACKED',
  'UNACKED',
  'ACK_RUNS_OUT',
  'ACK_EXPIRED',
  'SEVERITY_ROSE',
  'SEVERITY_FELL',
  'MUTED',
  'UNMUTED',
  'UPDATED',
  'FLAPPING',
  'RESOLVED_BY_HAND',
  'STILL_FIRING',
  'ASSIGNED',
  'NOTED',
  /** Who is on call was called, together with the card. */
  'CALLED',
  /** Nobody had taken it: somebody else was told. */
  'ESCALATED',
  'ESCALATION_EXHAUSTED',
  /** Somebody was to be told, and was not. */
  'NOT_DELIVERED',
] as const;
export type AlertEventType = (typeof alertEventTypes)[number];

/** One line of an alert's history. */
export type AlertEvent = {
  readonly id: number;
  readonly alertId: string;
  /** The revision that the alert got with this event; one revision may hold several events. */
  readonly revision: number;
  readonly at: Date;
  readonly type: AlertEventType;
  readonly message: string;
  /** Null = Starwarden itself. */
  readonly actorId: string | null;
  readonly actorName: string | null;
};

/** Decides which firings are the same alert; must never depend on free text, numbers or times. */
export function alertFingerprint(identity: {
  clusterId: string;
  rule: string;
  labels: Readonly<Record<string, string>>;
}): string {
  return hashJson({ cluster: identity.clusterId, rule: identity.rule, labels: identity.labels });
}

/** The one word to show: the first of resolved, hidden (silenced, in maintenance or inhibited), stale, acknowledged, firing that holds. */
export function alertWord(
  alert: Pick<Alert, 'signal' | 'handling' | 'mute'>,
): 'RESOLVED' | 'STALE' | 'SILENCED' | 'MAINTENANCE' | 'INHIBITED' | 'ACKED' | 'FIRING' {
  if (alert.signal === 'RESOLVED') return 'RESOLVED';
  if (alert.mute.kind !== 'NONE') return alert.mute.kind;
  if (alert.signal === 'STALE') return 'STALE';
  return alert.handling.kind === 'ACKED' ? 'ACKED' : 'FIRING';
}

/**
 * The title to show. The stored title stays as it was when the alert fired, so an alert that does not hold now is shown
 * with the title of the past: one that is resolved, and one that flaps and was quiet in the last look. What was ended by
 * switching its rule off may hold all the same.
 */
export function titleToShow({
  title,
  pastTitle,
  signal,
  flapping,
  switchedOff,
}: Pick<Alert, 'title' | 'pastTitle' | 'signal' | 'flapping' | 'switchedOff'>): string {
  const past = pastTitle ?? `Over: ${title}`;
  if (signal === 'RESOLVED' && switchedOff !== undefined) return `${title} (by the last look)`;
  if (signal === 'RESOLVED') return past;
  return signal === 'FIRING' && flapping?.quietSince != null ? `${past} (it comes and goes)` : title;
}

/** What people call an alert. */
export function alertName(alert: Pick<Alert, 'number'>): string {
  return `A-${alert.number}`;
}

/** What hides an alert, as people call it: `S-3`, `window "nights"`, the name of a rule, `run:<id>`. */
export function hiderOf({ kind, by, because }: Exclude<Mute, { kind: 'NONE' }>): string {
  if (kind !== 'MAINTENANCE') return by;
  return /^window "[^"]*"/.exec(because)?.[0] ?? 'a maintenance window';
}

/** How long an acknowledgement lasts when nobody says otherwise. */
export function defaultAckMs(severity: Severity): number {
  const hours = { CRITICAL: 1, HIGH: 4, MEDIUM: 24, LOW: 24 }[severity];
  return hours * 3_600_000;
}
