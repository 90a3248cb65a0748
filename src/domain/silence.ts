import type { PersonRef, Severity } from './alert.ts';
import type { CalendarScope } from './calendar.ts';

/** What a silence hides within its scope: every matcher that is given must hold. Values may have `*` for anything. */
export type SilenceMatchers = {
  /** Null = any rule. */
  readonly rule: string | null;
  /** Null = any severity. */
  readonly severities: readonly Severity[] | null;
  /** Identity labels, `node` among them; an alert without the label is not hidden. */
  readonly labels: Readonly<Record<string, string>>;
};

/** Alerts that match it are not told until its end. One that needs a second person does nothing until there is one. */
export type Silence = {
  readonly id: string;
  /** The short number that people type: `S-3`. */
  readonly number: number;
  readonly scope: CalendarScope;
  readonly matchers: SilenceMatchers;
  readonly reason: string;
  readonly createdBy: PersonRef;
  readonly createdAt: Date;
  readonly until: Date;
  readonly needsSecond: boolean;
  readonly approvedBy: PersonRef | null;
  readonly approvedAt: Date | null;
  readonly endedBy: PersonRef | null;
  readonly endedAt: Date | null;
};

export const silenceStates = ['PENDING', 'ACTIVE', 'ENDED'] as const;
export type SilenceState = (typeof silenceStates)[number];

/** A silence that hides now, as the life of alerts needs it. */
export type ActiveSilence = {
  readonly name: string;
  readonly matchers: SilenceMatchers;
  /** Who, until when and why. */
  readonly because: string;
};

export const longestSilenceMs = 30 * 86_400_000;

/** What people call a silence. */
export function silenceName({ number }: Pick<Silence, 'number'>): string {
  return `S-${number}`;
}

export function silenceState(
  silence: Pick<Silence, 'until' | 'endedAt' | 'needsSecond' | 'approvedAt'>,
  at: Date,
): SilenceState {
  if (silence.endedAt !== null || silence.until <= at) return 'ENDED';
  return silence.needsSecond && silence.approvedAt === null ? 'PENDING' : 'ACTIVE';
}

/** What the life of alerts needs to know of a silence, with the sentence that its alerts show. */
export function asActive(silence: Silence): ActiveSilence {
  const who = [silence.createdBy.name, ...(silence.approvedBy === null ? [] : [silence.approvedBy.name])];
  const until = silence.until.toISOString().slice(0, 16).replace('T', ' ');
  const { matchers } = silence;
  return {
    ...{ name: silenceName(silence), matchers },
    because: `${silenceName(silence)} by ${who.map((name) => name.slice(0, 60)).join(' and ')} until ${until} UTC: ${silence.reason}`,
  };
}

/** Whether the matchers fit; the scope was looked at before. */
export function silenceHides(
  { matchers }: { readonly matchers: SilenceMatchers },
  alert: { readonly rule: string; readonly severity: Severity; readonly labels: Readonly<Record<string, string>> },
): boolean {
  const { rule, severities, labels } = matchers;
  if (rule !== null && !fitsPattern(rule, alert.rule)) return false;
  if (severities !== null && !severities.includes(alert.severity)) return false;
  return Object.entries(labels).every(([name, pattern]) => {
    const value = alert.labels[name];
    return value !== undefined && fitsPattern(pattern, value);
  });
}

/** Labels of which many nodes, or many databases, have the same value. */
const namesOfMany: readonly string[] = ['path', 'medium', 'tier', 'policy', 'repository'];

/**
 * Whether a second person has to agree: CRITICAL alerts of a whole cluster of production, or of everything, would be
 * hidden. Only an exact label that names one thing (a node, a database) makes it less than the whole: a pattern may fit all
 * there is, so may a path, and one rule may be the one that tells of the outage. See also `hidesMostNodes`.
 */
export function needsSecondPerson(
  { scope, matchers }: Pick<Silence, 'scope' | 'matchers'>,
  isProduction: boolean,
): boolean {
  if (matchers.severities !== null && !matchers.severities.includes('CRITICAL')) return false;
  const isNarrow = Object.entries(matchers.labels).some(
    ([name, value]) => !namesOfMany.includes(name) && !value.includes('*'),
  );
  return !isNarrow && (scope.kind === 'all' || isProduction);
}

/** `rule=node_down severity=HIGH node="be 10.0.0.11:9050"`, or `everything`. */
export function matchersInWords({ rule, severities, labels }: SilenceMatchers): string {
  const parts = [
    ...(rule === null ? [] : [`rule=${rule}`]),
    ...(severities === null ? [] : [`severity=${severities.join(',')}`]),
    ...Object.entries(labels).map(([name, value]) => `${name}=${/\s/.test(value) ? `"${value}"` : value}`),
  ];
  return parts.length === 0 ? 'everything' : parts.join(' ');
}

/** `*` stands for any characters, none included; everything else for itself. Takes time in proportion to the text. */
export function fitsPattern(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  if (others.length === 0) return pattern === text;
  const last = others.pop() ?? '';
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
