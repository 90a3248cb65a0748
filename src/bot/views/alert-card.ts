import type { KnownBlock } from '@slack/web-api';
import { type Alert, alertName, alertWord, hiderOf, type Severity, titleToShow } from '../../domain/alert.ts';
import { durationInWords } from '../../domain/alert-facts.ts';
import type { AlertHiding } from '../../domain/alert-hidings.ts';
import { isAtWork } from '../../domain/alert-life.ts';
import { alertControls } from './alert-controls.ts';
import { hidingSection } from './hidings.ts';
import {
  code,
  context,
  count,
  date,
  fitLines,
  type Message,
  plain,
  safe,
  safeLines,
  section,
  sentence,
} from './text.ts';

export const severityColors: Record<Severity, string> = {
  CRITICAL: '#a30200',
  HIGH: '#d9730d',
  MEDIUM: '#daa038',
  LOW: '#6b7280',
};
export const severitySigns: Record<Severity, string> = { CRITICAL: '🔴', HIGH: '🟠', MEDIUM: '🟡', LOW: '⚪' };

export type AlertCardData = {
  readonly alert: Alert;
  readonly mayRepeat: boolean;
  /** The number of the run that works on the node, because of which the alert is muted. */
  readonly mutedByRun: number | null;
  /** The address of the page that says what to do; null = there is none, or nobody said where the documentation is. */
  readonly runbook: string | null;
  /** When and to whom it escalates next if nobody takes it. */
  readonly escalates?: { readonly at: Date; readonly to: string } | null;
  /** Why it stands in this place beside its own, in mrkdwn; left out = this is its own. */
  readonly whyHere?: string;
};

/** The one message about an alert. The colour follows its state, and so does the text. */
export function alertCard({
  alert,
  mayRepeat,
  mutedByRun,
  runbook,
  escalates = null,
  whyHere,
}: AlertCardData): Message {
  const controls = alertControls(alert, runbook);
  const ahead = escalates === null ? [] : [`*Escalates*\n${date(escalates.at, 'day')} to ${safe(escalates.to, 200)}`];
  // Slack takes ten fields at most.
  const facts = [...factsOf(alert), ...ahead].slice(0, 10);
  const blocks: KnownBlock[] = [
    {
      ...section(
        `${signOf(alert)} *${alert.severity} · ${safe(wordsOf(alert), 100)}* · ${code(alert.clusterName, 60)} · ${sinceWhen(alert)}\n*${safe(titleToShow(alert), 150)}*`,
      ),
      block_id: 'head',
    },
    ...(whyHere === undefined ? [] : [section(whyHere)]),
    section(safeLines(alert.text, 1500) || '-'),
    ...(alert.mute.kind === 'NONE' ? [] : [section(whyMuted(alert.mute, mutedByRun))]),
    { type: 'section', block_id: 'facts', fields: facts.map((text) => ({ type: 'mrkdwn' as const, text })) },
    { type: 'actions', block_id: 'act', elements: [...controls] },
    context([alertName(alert), `rule ${alert.rule}`, ...(mayRepeat ? ['(may appear twice)'] : [])].join(' · ')),
  ];
  const text = alertSentence(alert);
  return { text, attachments: [{ color: colorOf(alert), fallback: text, blocks }] };
}

function whyMuted({ kind, because }: Exclude<Alert['mute'], { kind: 'NONE' }>, run: number | null): string {
  if (kind === 'MAINTENANCE')
    return `*In maintenance*: ${safe(because, 400)}. It is loud again when the window closes.`;
  if (kind === 'SILENCED') return `*Silenced*: ${safe(because, 400)}. It is loud again when that ends.`;
  // A run may explain it after its end too, as one that stopped the node: then the alert says that.
  return run === null || !isAtWork(because)
    ? `*Held back*: ${safe(because, 200)}.`
    : `*Held back*: R-${run} is working on this node. It is loud again when that ends, pauses or is lost.`;
}

/** Severity first, then cluster, title, state and id; it can be understood without emoji. */
function alertSentence(alert: Alert): string {
  const words = wordsOf(alert);
  const state = `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
  const [cluster, title] = [safe(alert.clusterName, 50), safe(titleToShow(alert), 110)];
  const when = sinceWhen(alert);
  const since = `${when.slice(0, 1).toUpperCase()}${when.slice(1)}`;
  return `[${alert.severity}] ${cluster}: ${sentence(title)} ${safe(state, 90)}. ${since}. ${alertName(alert)}`;
}

/** Since when it holds; of one that is over, how long it took. */
export function sinceWhen({ signal, since, resolvedAt, switchedOff }: Alert): string {
  const began = `since ${date(since, 'day')}`;
  if (signal !== 'RESOLVED' || resolvedAt === null) return began;
  if (switchedOff !== undefined) return `${began}, looked at until ${date(resolvedAt, 'day')}`;
  return `from ${date(since, 'day')}, over after ${durationInWords(resolvedAt.getTime() - since.getTime())}`;
}

/** One alert on one line of a list. */
export function alertLine(alert: Alert): string {
  return `${signOf(alert)} *${alert.severity} · ${safe(wordsOf(alert), 100)}* ${alertName(alert)} · ${code(alert.clusterName, 60)} · ${safe(titleToShow(alert), 150)} · since ${date(alert.since, 'day')}`;
}

/** `hidings`: what hides alerts of the one cluster that was asked for. */
export function alertList(alerts: readonly Alert[], hidings: readonly AlertHiding[]): Message {
  const hiding = hidingSection(hidings);
  if (alerts.length === 0) {
    const text = 'No alert is open on the clusters that you may see.';
    return hiding.length === 0 ? { text } : { text, blocks: [section(text), ...hiding] };
  }
  return {
    text: `${count(alerts.length, 'open alert')}: ${safe(alerts.map((alert) => `${alertName(alert)} ${alert.severity} ${alert.clusterName}`).join(', '), 500)}`,
    blocks: [
      section(fitLines(alerts.map(alertLine), 2900)),
      ...hiding,
      context('`/sr ack A-…` says that you take care of one.'),
    ],
  };
}

/** Everything about an alert, for the person who asked. */
export function alertDetails(
  alert: Alert,
  history: readonly { at: Date; message: string; actorName: string | null }[],
): Message {
  const labels = Object.entries(alert.labels).map(([name, value]) => `${safe(name, 40)}=${code(value)}`);
  const lines = history.map(
    (event) =>
      `${date(event.at, 'day')} ${safe(event.message, 250)}${event.actorName === null ? '' : ` (${safe(event.actorName, 60)})`}`,
  );
  const text = alertSentence(alert);
  return {
    text,
    blocks: [
      section(`*${text}*\n${safeLines(alert.text, 1200) || '-'}`),
      section(fitLines([...(labels.length === 0 ? [] : [`Labels: ${labels.join(', ')}`]), ...lines], 2500) || '-'),
    ],
  };
}

/** How it is, in words: `acknowledged by kim`. */
export function wordsOf(alert: Alert): string {
  const word = alertWord(alert);
  switch (word) {
    case 'ACKED':
      return alert.handling.kind === 'ACKED' ? `acknowledged by ${plain(alert.handling.byName, 60)}` : 'acknowledged';
    case 'FIRING':
      return `${alert.flapping === null ? 'firing' : 'flapping'}, not acknowledged`;
    case 'RESOLVED':
      if (alert.switchedOff !== undefined) return 'rule off, not known to be over';
      return alert.resolvedBy === null ? 'resolved' : `resolved by ${plain(alert.resolvedBy.name, 60)}`;
    case 'STALE':
      return 'no data';
    case 'SILENCED':
      return `silenced by ${alert.mute.kind === 'NONE' ? 'nobody' : alert.mute.by}`;
    case 'MAINTENANCE':
      return `in maintenance by ${alert.mute.kind === 'NONE' ? 'a window' : plain(hiderOf(alert.mute), 80)}`;
    case 'INHIBITED':
      return 'expected, held back';
    default:
      return word satisfies never;
  }
}

/** The sign of how it is; words say the same beside it. */
export function signOf(alert: Alert): string {
  const word = alertWord(alert);
  switch (word) {
    case 'ACKED':
      return '👤';
    case 'FIRING':
      return severitySigns[alert.severity];
    case 'RESOLVED':
      return alert.switchedOff === undefined ? '✅' : '⏸';
    case 'STALE':
      return '❔';
    case 'MAINTENANCE':
      return '🔧';
    case 'SILENCED':
    case 'INHIBITED':
      return '🔕';
    default:
      return word satisfies never;
  }
}

function colorOf(alert: Alert): string {
  const word = alertWord(alert);
  switch (word) {
    case 'ACKED':
      return '#daa038';
    case 'FIRING':
      return severityColors[alert.severity];
    case 'RESOLVED':
      return alert.switchedOff === undefined ? '#2eb886' : '#dddddd';
    case 'STALE':
    case 'SILENCED':
    case 'MAINTENANCE':
    case 'INHIBITED':
      return '#dddddd';
    default:
      return word satisfies never;
  }
}

function factsOf(alert: Alert): string[] {
  const node = alert.labels.node;
  const facts = [`*Seen*\n${count(alert.count, 'time')}, last ${date(alert.lastSeenAt, 'day')}`];
  if (node !== undefined) facts.push(`*Node*\n${code(node)}`);
  if (alert.flapping !== null)
    facts.push(`*Flapping*\nsince ${date(alert.flapping.since, 'day')}; over after 15 quiet minutes`);
  if (alert.assignee !== null) facts.push(`*Given to*\n${safe(alert.assignee.name, 60)}`);
  if (alert.flaps > 0) facts.push(`*Fired again*\n${count(alert.flaps, 'time')}`);
  if (alert.resolvedAt !== null)
    facts.push(`*${alert.switchedOff === undefined ? 'Resolved' : 'Rule off'}*\n${date(alert.resolvedAt, 'day')}`);
  if (alert.handling.kind === 'ACKED')
    facts.push(`*Acknowledged*\n${safe(alert.handling.byName, 60)}${ackEnd(alert.signal, alert.handling.until)}`);
  return facts;
}

/** An acknowledgement has no end any more once the alert is over. */
function ackEnd(signal: Alert['signal'], until: Date): string {
  return signal === 'RESOLVED' ? '' : `, until ${date(until, 'day')}`;
}
