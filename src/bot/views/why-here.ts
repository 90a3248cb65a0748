import { type Addressee, inWordsOf } from '../../domain/escalation/addressees.ts';
import { escalationPolicies } from '../../domain/escalation/policy.ts';
import type { CarriedStep } from '../../store/escalation/escalation-rows.ts';
import { date, safe, sentence, withChannels } from './text.ts';

export type CameHere = {
  readonly step: CarriedStep;
  /** What the alert's history says of this step: for how long nobody had it, and whom it tells; null = that is not known. */
  readonly said: string | null;
  /** The steps before it. */
  readonly before: readonly CarriedStep[];
  /** The id of the channel in which the alert's own message stands; null = nobody was told there, or it is this one. */
  readonly ownChannel: string | null;
};

/** Why the message of an alert stands beside its own one: which step brought it, after how long, and who had been called in vain. */
export function whyHere({ step, said, before, ownChannel }: CameHere): string {
  const called = [...new Set(before.map(({ told }) => inWordsOf(told.filter(isCalled))))].filter((each) => each !== '');
  const parts = [
    `*Why it is here* · ${stepInWords(step)}, ${date(step.at, 'day')}`,
    sentence(safe(said ?? 'Nobody had taken it', 500)),
    called.length === 0 ? 'Nobody was called before.' : `Called before: ${safe(called.join(', '), 200)}.`,
    ...(ownChannel === null ? [] : [`Its own message is in ${withChannels(safe(ownChannel, 30))}.`]),
  ];
  return `${parts[0]}\n${parts.slice(1).join(' ')}`;
}

function isCalled({ kind }: Addressee): boolean {
  return kind === 'PERSON' || kind === 'GROUP';
}

function stepInWords({ kind, step, from, severity, by }: CarriedStep): string {
  const policy = escalationPolicies[severity];
  const steps = policy?.steps.length ?? step + 1;
  const asked = by === null ? '' : `, wanted by ${safe(by.name, 60)}`;
  switch (kind) {
    case 'FIRST':
    case 'STEP':
      return `${from < step ? `escalation steps ${from + 1} to ${step + 1} at once` : `escalation step ${step + 1}`} of ${steps}${asked}`;
    case 'REPEAT':
      return `repeat ${step - steps + 1} of ${policy?.repeat.most ?? 0} after the last escalation step${asked}`;
    case 'EXHAUSTED':
    case 'HOURLY':
      return `all ${steps} escalation steps and their repeats are over${asked}`;
    default:
      return kind satisfies never;
  }
}
