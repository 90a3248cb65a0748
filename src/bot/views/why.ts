import type { Explanation, Finding, FindingKind } from '../../domain/why/finding.ts';
import { fitLines, header, type Message, safe, section, withChannels } from './text.ts';

const names = {
  NO_RULE: 'No such rule',
  NO_SUBJECT: 'Not about it',
  SWITCHED_OFF: 'Switched off',
  RULE: 'Rule',
  OVERRIDE: 'Changed by people',
  LOOK: 'Look',
  SAMPLE: 'Seen',
  NOT_JUDGED: 'Not known',
  QUIET: 'Does not hold',
  STRICTER_RULE: 'Stricter rule',
  RIPENING: 'Time it has held',
  ALERT: 'Alert',
  RESOLVED: 'Over',
  STALE: 'No data',
  FLAPPING: 'Comes and goes',
  INHIBITION: 'Held back',
  SILENCE: 'Silence',
  MAINTENANCE: 'Maintenance',
  ACKNOWLEDGEMENT: 'Taken care of',
  GROUP: 'Waits for others',
  DELIVERY: 'Message',
  ESCALATION: 'Escalation',
} as const satisfies Record<FindingKind, string>;

/** What decided first, then all that is known, in the order in which it is decided. */
export function explanationView(
  { isCalled, decision, findings }: Explanation,
  { about }: { readonly about: string },
): Message {
  const verdict =
    isCalled === null ? 'Whether people are told is NOT KNOWN' : isCalled ? 'People ARE told' : 'NOBODY is told';
  const lines = findings.filter((each) => each !== decision).map(lineOf);
  return {
    text: `${safe(`${about}: ${verdict}.`, 150)} ${names[decision.kind]}: ${sayable(decision, 200)}`,
    blocks: [
      header(`Why: ${about}`),
      section(`*${verdict}.* ${lineOf(decision)}`),
      ...(lines.length === 0
        ? []
        : [section(fitLines(['*What else is known*', ...lines.map((line) => `• ${line}`)], 2_900))]),
    ],
  };
}

/** Those of which the words are ours and may name channels; in those of other people an id stays as they typed it. */
const ofChannels: readonly FindingKind[] = ['GROUP', 'DELIVERY', 'ESCALATION'];

function lineOf({ kind, words }: Finding): string {
  return `*${names[kind]}:* ${sayable({ kind, words }, 600)}`;
}

function sayable({ kind, words }: Pick<Finding, 'kind' | 'words'>, max: number): string {
  const shown = safe(words, max);
  return ofChannels.includes(kind) ? withChannels(shown) : shown;
}
