import type { Button } from '@slack/web-api';
import { type Alert, alertName, titleToShow } from '../../domain/alert.ts';
import { matchersInWords, type Silence, silenceName } from '../../domain/silence.ts';
import type { SilenceEnd } from '../../domain/silence-end.ts';
import { code, context, count, date, fitLines, type Message, plain, safe, section } from './text.ts';

type Showing = {
  /** Of the alerts that fire those that this channel is told of. */
  readonly here: readonly Alert[];
  /** Mentions, which come from links alone. */
  readonly calls: string;
  readonly mayRepeat: boolean;
};

/** The message about a silence that ends: what is told again, and what can be done about it. */
export function silenceEndMessage(end: SilenceEnd, { here, calls, mayRepeat }: Showing): Message {
  const { silence, stage, firing } = end;
  const isOpen = stage === 'SOON' || stage === 'FAR' || stage === 'WAITS';
  const said = `${sentenceOf(end)}${mayRepeat ? ' (may appear twice)' : ''}`;
  const elsewhere = firing.length - here.length;
  const lines = here.map(
    (alert) =>
      `${alertName(alert)} *${alert.severity}* ${safe(alert.clusterName, 60)}: ${safe(titleToShow(alert), 150)}, since ${date(alert.since, 'day')}`,
  );
  const rest = elsewhere === 0 ? [] : [`${count(elsewhere, 'alert')} of which other channels are told`];
  const list = isOpen ? [...lines, ...rest] : [];
  const what = `${code(matchersInWords(silence.matchers), 300)} · ${safe(silence.createdBy.name, 60)}: ${safe(silence.reason, 200)}`;
  return {
    text: [isOpen ? calls : '', said, named(list.length === 0 ? [] : here)].filter((part) => part !== '').join(' '),
    blocks: [
      section(said),
      ...(list.length === 0 ? [] : [section(fitLines(list, 2_900))]),
      context([what, ...(isOpen && calls !== '' ? [calls] : [])].join(' · ')),
      ...(stage === 'SOON'
        ? [{ type: 'actions' as const, elements: [extendButton(silence), endButton(silence)] }]
        : []),
      ...(stage === 'WAITS' ? [{ type: 'actions' as const, elements: [endButton(silence)] }] : []),
    ],
  };
}

function sentenceOf({ silence, stage, extension, firing }: SilenceEnd): string {
  const name = `The silence *${silenceName(silence)}*`;
  const ends = `${name} *ends at ${date(silence.until, 'day')}*`;
  const then =
    firing.length === 0
      ? 'Of what it hides, nothing fires now that would be told then.'
      : `What it hides and still fires then is told again, as if it were new, unless something else hides it: ${count(firing.length, 'alert')} now.`;
  switch (stage) {
    case 'FAR':
    case 'SOON':
      return `${ends}. ${then}`;
    case 'WAITS':
      return `${ends}. ${extended(extension)} hides *nothing* until another person agrees: \`/sr approve-silence ${extended(extension)}\`. ${then}`;
    case 'EXTENDED':
      return `${name} *was extended*: ${extended(extension)} hides the same until ${extension === null ? 'later' : date(extension.until, 'day')}. \`/sr unsilence ${extended(extension)}\` ends that.`;
    case 'OVER':
      return `${name} *is over*${overBecause(silence)}. ${goesOn(extension)}`;
    default:
      return stage satisfies never;
  }
}

/** A silence that waits for a second person hides nothing by then. */
function goesOn(extension: Silence | null): string {
  return extension === null || (extension.needsSecond && extension.approvedAt === null)
    ? 'What still fires is told at the next look, as if it were new.'
    : `${silenceName(extension)} hides the same until ${date(extension.until, 'day')}.`;
}

function overBecause({ endedBy, endedAt, until }: Silence): string {
  return endedAt === null
    ? `, since ${date(until, 'day')}`
    : `: ${safe(endedBy?.name ?? 'somebody', 60)} ended it at ${date(endedAt, 'day')}`;
}

function extended(extension: Silence | null): string {
  return extension === null ? 'Another silence' : silenceName(extension);
}

/** For whoever is only notified: the worst by name. */
function named(alerts: readonly Alert[]): string {
  if (alerts.length === 0) return '';
  const first = alerts
    .slice(0, 3)
    .map((alert) => `${alertName(alert)} ${alert.severity} ${safe(titleToShow(alert), 80)}`);
  return `${first.join('; ')}${alerts.length > 3 ? '; …' : ''}.`;
}

function extendButton(silence: Silence): Button {
  return { ...button(silence, 'silence.extend', 'Extend 1 h'), style: 'primary' };
}

function endButton(silence: Silence): Button {
  return button(silence, 'silence.end', 'End now');
}

function button(silence: Silence, id: string, label: string): Button {
  return {
    ...{ type: 'button', action_id: id, value: silence.id },
    text: { type: 'plain_text', text: label },
    accessibility_label: plain(`${label}: the silence ${silenceName(silence)}`, 75),
  };
}

/** Reads the value of one of these buttons: the id of the silence. */
export function readSilenceId(value: string | null): string | null {
  return /^sil_[0-9A-Z]{26}$/.test(value ?? '') ? value : null;
}
