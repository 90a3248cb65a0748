import type { Alert, PersonRef } from '../alert.ts';
import { type Addressee, addresseesFrom, type CallFacts, inWordsOf } from '../escalation/addressees.ts';
import { nextStep, type StepFacts } from '../escalation/next-step.ts';
import type { StepKind } from '../escalation/policy.ts';
import { isRunning } from '../escalation/unacked-time.ts';
import { placeInWords } from '../escalation/undelivered-words.ts';
import { inUtc } from '../utc.ts';
import { type Finding, finding } from './finding.ts';

/** Who was called because nobody has taken an alert, and from what follows who is called next. */
export type AlertEscalation = {
  /** The last step that was carried out; null = none was. */
  readonly last: {
    readonly step: number;
    readonly kind: StepKind;
    readonly at: Date;
    readonly told: readonly Addressee[];
    /** Why somebody who should have been told was not, as clauses. */
    readonly missing: readonly string[];
    readonly reason: string | null;
    /** Null = Starwarden itself. */
    readonly by: PersonRef | null;
    /** What it sent elsewhere than into the alert's thread, and how that fared. */
    readonly sent: readonly {
      readonly kind: string;
      readonly place: string;
      readonly state: string;
      readonly outcome: string | null;
    }[];
  } | null;
  /** Null = nobody is ever called: it is LOW, or no route covers it. */
  readonly ahead: (StepFacts & { readonly call: CallFacts }) | null;
};

/** Pure. What was done because nobody took it, and what is done next. Nothing of the next while it is over, hidden or taken: what decides that says so. */
export function escalationFindings(alert: Alert, { last, ahead }: AlertEscalation): readonly Finding[] {
  const isAsked = alert.signal !== 'RESOLVED' && alert.mute.kind === 'NONE' && alert.handling.kind !== 'ACKED';
  return [
    ...(last === null || isEmpty(last) ? [] : [lastFinding(last)]),
    ...(isAsked ? [nextFinding(alert, ahead)] : []),
  ];
}

type Last = NonNullable<AlertEscalation['last']>;

/** A first step that was to tell nobody. */
function isEmpty({ told, missing, by }: Last): boolean {
  return told.length === 0 && missing.length === 0 && by === null;
}

function lastFinding({ step, kind, at, told, missing, reason, by, sent }: Last): Finding {
  const who = told.length === 0 ? 'nobody' : inWordsOf(told);
  const asked = by === null ? '' : `; ${by.name} asked for it${reason === null ? '' : `: ${reason}`}`;
  const parts = [
    `${stepInWords(kind, step)} told ${who} at ${inUtc(at)}${asked}`,
    ...missing.map((why) => `not told: ${why}`),
    ...sent.map(sentInWords),
  ];
  return finding('ESCALATION', parts.join('; '), { at, by: told.length === 0 ? null : who });
}

function stepInWords(kind: StepKind, step: number): string {
  switch (kind) {
    case 'FIRST':
      return 'The first call';
    case 'STEP':
      return `Step ${step} of its escalation`;
    case 'REPEAT':
      return 'A repeat of its escalation';
    case 'EXHAUSTED':
      return 'The end of its escalation';
    case 'HOURLY':
      return 'The hourly call';
    default:
      return kind satisfies never;
  }
}

function sentInWords({ kind, place, state, outcome }: Last['sent'][number]): string {
  const what = kind === 'WEBHOOK' ? 'the webhook' : `the message ${placeInWords(place)}`;
  return `${what} is ${state}${outcome === null || outcome === '' ? '' : ` (${outcome})`}`;
}

function nextFinding({ severity, flapping }: Alert, ahead: AlertEscalation['ahead']): Finding {
  if (severity === 'LOW')
    return finding('ESCALATION', 'Nobody is called for LOW alerts, however long nobody takes them');
  if (ahead === null)
    return finding('ESCALATION', `No route covers it: nobody is called for it, however long nobody takes it`);
  // Where the first step tells nobody, it is nothing that anybody waits for.
  const isFirstEmpty = ahead.policy.steps[0]?.tells.length === 0;
  const next = nextStep(isFirstEmpty ? { ...ahead, done: Math.max(0, ahead.done) } : ahead);
  if (next.kind === 'NOTHING') return finding('ESCALATION', whyNothing(ahead, flapping !== null));
  const range =
    next.kind === 'DUE'
      ? { from: next.from, to: next.step, isUntold: next.isUntold }
      : { from: next.step, to: next.step };
  const isUntold = next.kind === 'DUE' ? next.isUntold : ahead.toldAt === null;
  const { told, missing } = addresseesFrom(ahead.policy, { ...range, isUntold }, ahead.call);
  const who = told.length === 0 ? `nobody${missing.length === 0 ? '' : ` (${missing.join('; ')})`}` : inWordsOf(told);
  const by = told.length === 0 ? null : who;
  if (next.kind === 'DUE')
    return finding('ESCALATION', `Now is the time to tell ${who}: a process that escalates does it within seconds`, {
      ...{ at: ahead.at, by },
    });
  const untold = isUntold ? ' and Slack does not confirm its message before' : '';
  return finding('ESCALATION', `If nobody takes it${untold}, the next step tells ${who} at ${inUtc(next.at)}`, {
    ...{ at: next.at, by },
  });
}

function whyNothing({ time }: StepFacts, isFlapping: boolean): string {
  if (isRunning(time)) return 'All steps of its escalation were carried out: nobody is called for it again';
  const why = isFlapping ? 'it comes and goes, and is not CRITICAL' : 'its history has no moment from which it counts';
  return `Nobody is called next: the time until then stands still, since ${why}`;
}
