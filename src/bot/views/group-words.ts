import {
  type Alert,
  alertName,
  alertWord,
  hiderOf,
  type Severity,
  severities,
  titleToShow,
} from '../../domain/alert.ts';
import { type RuleFamily, ruleFamilies } from '../../domain/rules/rule.ts';
import type { GroupSums } from '../../store/slack/alert-groups.ts';
import { severityColors, severitySigns, signOf, sinceWhen } from './alert-card.ts';
import { code, safe } from './text.ts';

const colors = { OVER: '#2eb886', TAKEN: '#daa038', HIDDEN: '#dddddd' } as const;
const signs = { OVER: '✅', TAKEN: '👤', HIDDEN: '🔕' } as const;

/**
 * What alerts of one message need together. `UNTAKEN`: nobody has one of them. `TAKEN`: of those that go on, somebody has each that
 * nothing hides. `HIDDEN`: all that go on are hidden. `OVER`: none goes on.
 */
export type StateOfSums = 'UNTAKEN' | 'TAKEN' | 'HIDDEN' | 'OVER';

export function stateOfSums({ open, hidden, untaken, off = 0 }: GroupSums): StateOfSums {
  if (untaken > 0) return 'UNTAKEN';
  if (open === 0) return off > 0 ? 'HIDDEN' : 'OVER';
  return hidden === open ? 'HIDDEN' : 'TAKEN';
}

export function colorOfSums(sums: GroupSums, worst: Severity): string {
  const state = stateOfSums(sums);
  return state === 'UNTAKEN' ? severityColors[worst] : colors[state];
}

export function signOfSums(sums: GroupSums, worst: Severity): string {
  const state = stateOfSums(sums);
  return state === 'UNTAKEN' ? severitySigns[worst] : signs[state];
}

export function sumsOf(counts: readonly GroupSums[]): GroupSums {
  const sum = (of: (each: GroupSums) => number) => counts.reduce((all, each) => all + of(each), 0);
  return {
    ...{ all: sum(({ all }) => all), open: sum(({ open }) => open), stale: sum(({ stale }) => stale) },
    ...{
      hidden: sum(({ hidden }) => hidden),
      acked: sum(({ acked }) => acked),
      untaken: sum(({ untaken }) => untaken),
      off: sum(({ off = 0 }) => off),
    },
  };
}

/** How many of them still fire, and whether somebody has them: `32 of them are firing, none is acknowledged`. */
export function stateInWords({ all, open, stale, hidden, acked, off = 0 }: GroupSums): string {
  if (open === 0 && off > 0)
    return all === 1
      ? 'Its rule was switched off, so it is not known to be over'
      : `None goes on; the rule of ${off} was switched off, so ${off === 1 ? 'it is' : 'they are'} not known to be over`;
  if (open === 0) return all === 1 ? 'It is resolved' : 'All are resolved';
  const firing = open - stale - hidden;
  if (all === 1) {
    const word = hidden === 1 ? 'hidden' : stale === 1 ? 'without data' : 'firing';
    return `It is ${word}, ${acked === 1 ? 'acknowledged' : 'not acknowledged'}`;
  }
  return [
    firing === all ? 'All are firing' : `${firing === 0 ? 'None' : firing} of them ${firing > 1 ? 'are' : 'is'} firing`,
    ...(stale === 0 ? [] : [`${stale} without data`]),
    ...(hidden === 0 ? [] : [`${hidden} hidden`]),
    acked === 0 ? 'none is acknowledged' : `${acked} acknowledged`,
  ].join(', ');
}

/** One alert of a message that says what the lines have in common: its severity and cluster only where they do not stand there. */
export function memberLine(
  alert: Alert,
  { severityShown, clusterShown }: { readonly severityShown: Severity | null; readonly clusterShown: boolean },
): string {
  const severity = alert.severity === severityShown ? [] : [alert.severity];
  const parts = [
    `${signOf(alert)} *${[...severity, memberWord(alert)].join(' · ')}* ${alertName(alert)}`,
    ...(clusterShown ? [] : [code(alert.clusterName, 60)]),
    safe(titleToShow(alert), 140),
    sinceWhen(alert),
  ];
  return parts.join(' · ');
}

function memberWord(alert: Alert): string {
  const word = alertWord(alert);
  switch (word) {
    case 'FIRING':
      return alert.flapping === null ? 'FIRING' : 'FLAPPING';
    case 'ACKED':
      return alert.handling.kind === 'ACKED' ? `ACKED by ${safe(alert.handling.byName, 40)}` : 'ACKED';
    case 'STALE':
      return 'NO DATA';
    case 'SILENCED':
    case 'MAINTENANCE':
    case 'INHIBITED':
      return alert.mute.kind === 'NONE' ? 'HIDDEN' : `HIDDEN by ${hiderInWords(alert.mute)}`;
    case 'RESOLVED':
      return alert.switchedOff === undefined ? 'RESOLVED' : 'RULE OFF';
    default:
      return word satisfies never;
  }
}

function hiderInWords(mute: Exclude<Alert['mute'], { kind: 'NONE' }>): string {
  return mute.by.startsWith('run:') ? 'a run' : safe(hiderOf(mute), 40);
}

export function rankOf(severity: Severity): number {
  return severities.indexOf(severity);
}

/** The family as people read it, after a number of alerts; a rule that this version does not know is a family of its own. */
export function aboutFamily(family: string | null): string {
  if (family === null) return 'about several rules';
  if (!isFamily(family)) return `about the rule ${safe(family, 60)}`;
  if (family === 'own') return 'about your own rules';
  const title = ruleFamilies[family];
  return family === 'starwarden' ? `about ${title}` : `about ${title.slice(0, 1).toLowerCase()}${title.slice(1)}`;
}

function isFamily(name: string): name is RuleFamily {
  return Object.hasOwn(ruleFamilies, name);
}
