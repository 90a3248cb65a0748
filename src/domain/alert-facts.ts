import type { Alert, AlertEventType, Severity } from './alert.ts';

/** All that the life of an alert needs to know of its rule. No other code knows rules by name. */
export type RuleFacts = {
  readonly name: string;
  /** What was found when the condition no longer held; `{node}` stands for the identity label `node`. */
  readonly over: string;
  /**
   * Rules whose alerts of the same cluster are hidden while one of this rule fires, and why; with `sameNode`, only those
   * about the same node. An alert that is hidden itself hides nothing, and none hides one that is worse.
   */
  readonly inhibits: {
    readonly rules: 'others' | readonly string[];
    readonly sameNode?: true;
    /** But not these, which say more of the node than that it is so. */
    readonly butNot?: readonly string[];
    readonly because: string;
  } | null;
  /**
   * True when a run that takes the node away explains the condition: meanwhile an open alert is hidden, and the condition
   * is not counted.
   */
  readonly isInhibitedByRuns: boolean;
  /**
   * After a run that ended well, so long what it hid may go on before people are told; it is over for good with the first
   * look that does not find it. Left out: no time. At most `longestSettleMs` in `settling.ts`.
   */
  readonly settlesMs?: number;
  /** Set when an alert of this rule is never hidden, whatever fires beside it. */
  readonly isNeverHidden?: true;
  /** Set when it is about Starwarden's own work: nothing that is wrong with the cluster explains it, and no maintenance window hides it. People may silence it. */
  readonly standsAlone?: true;
  /** Set when it tells what is stored and not what was seen: it ends when that ends, however often it did so before. */
  readonly neverFlaps?: true;
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
  /** When it was last seen to hold. */
  readonly seenAt: Date;
  /** Set while it settles after a run that ended well: until when it counts and is not told. */
  readonly settles?: { readonly until: Date; readonly runNumber: number };
  /** What it would be told as, and what it waits for; left out where an earlier version stored it. */
  readonly ripens?: Pick<Condition, 'title' | 'severity' | 'forMs' | 'minSamples'>;
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
  /** In words, the value that ended what a rule found; null = the rule judges no value, or there is none any more. */
  readonly endedBy?: (alert: Pick<Alert, 'rule' | 'fingerprint'>) => string | null;
  /** Rules that people switched off or removed: their alerts end, whatever could be judged. */
  readonly switchedOff?: readonly SwitchedOff[];
};

/** Why alerts of a rule about this node (null = about the cluster) end; null = the rule is on there. */
export type SwitchedOff = { readonly rule: string; readonly because: (nodeId: string | null) => string | null };

export type UnknownSubject = {
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  /**
   * Nothing happened of which it could be said. For so long after it was last seen to hold, that says nothing: it neither
   * begins nor ends; later than that it is over. Left out: it is not known, however long that lasts.
   */
  readonly nothingForMs?: number;
};

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
  /** So many changes between firing and resolved within `flapWindowMs` make an alert flap. */
  readonly flapChanges: number;
  readonly flapWindowMs: number;
  /** A flapping alert is resolved only after it was seen quiet for so long. */
  readonly flapQuietMs: number;
  /** A text that would say something else now is rewritten at most this often, since each rewrite edits a message. */
  readonly rewriteMs: number;
  /** Which part of the time that its rule says a condition must hold: 1, but in labs, in which minutes are seconds. */
  readonly forShare: number;
};

export const defaultAlertTimes = {
  dedupeMs: 900_000,
  ackGraceMs: 900_000,
  staleAfterMs: 45_000,
  flapChanges: 3,
  flapWindowMs: 900_000,
  flapQuietMs: 900_000,
  rewriteMs: 45_000,
  forShare: 1,
} as const;

export type NewAlertEvent = { readonly type: AlertEventType; readonly message: string };

/** An alert that changed so that it is worth showing; `events` is never empty. */
export type AlertChange = { readonly alert: Alert; readonly events: readonly NewAlertEvent[] };

/** The times and rules by which a sample is judged. */
export type AlertPolicy = { readonly times: AlertTimes; readonly rules: readonly RuleFacts[] };

/** What follows from a sample for one alert. `isKept` = it has to be written although there is nothing to show. */
export type Draft = AlertChange & { readonly isKept?: boolean };

/** The whole text, once it is known since when the condition holds. */
export function textOf({ text }: Pick<Condition, 'text'>, since: Date): string {
  return text.join(inWords(since));
}

/** "2026-03-01 12:00:00 UTC". */
export function inWords(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
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
