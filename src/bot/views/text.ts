import type { KnownBlock, MessageAttachment } from '@slack/web-api';

import { withNames } from '../../domain/words.ts';

export { count } from '../../domain/words.ts';

/** What is sent to Slack. `text` says the same as the blocks in one sentence: notifications and screen readers use it. */
export type Message = {
  readonly text: string;
  readonly blocks?: KnownBlock[];
  readonly attachments?: MessageAttachment[];
};

const ellipsis = '…';
const invisible = /[\u00AD\u061C\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g;

/**
 * Untrusted text for mrkdwn: nothing in it is interpreted by Slack, and it is at most `max` characters long as Slack
 * counts them.
 */
export function safe(text: string, max = 300): string {
  return fit(oneLine(text), max, escapeCharacter);
}

/** The same, with line breaks kept. */
export function safeLines(text: string, max = 1500): string {
  const clean = withNames(text.replace(invisible, '').replace(/[^\P{Cc}\n]/gu, ' '));
  return fit(clean, max, escapeCharacter);
}

/**
 * Untrusted text for `plain_text` objects, where Slack interprets nothing but limits the length. Never empty: Slack
 * refuses that.
 */
export function plain(text: string, max = 150): string {
  const fitted = fit(oneLine(text), max, (character) => character);
  return fitted === '' ? '-' : fitted;
}

/** Untrusted text as code; backticks would end it, so they become quotes. */
export function code(text: string, max = 100): string {
  const inner = safe(text.replaceAll('`', "'"), max);
  return `\`${inner === '' ? '-' : inner}\``;
}

/** A time as the reader's own clock shows it, with UTC for everybody else. */
export function date(at: Date, format: 'time' | 'day' = 'time'): string {
  const unix = Math.floor(at.getTime() / 1000);
  const utc = at.toISOString();
  return format === 'time'
    ? `<!date^${unix}^{time_secs}|${utc.slice(11, 19)} UTC>`
    : `<!date^${unix}^{date_short_pretty} {time}|${utc.slice(0, 16).replace('T', ' ')} UTC>`;
}

/** Mentions a person of the workspace, by an id from our own tables. An id of another form is only shown. */
export function mention(userId: string): string {
  return /^[UW][A-Z0-9]{2,}$/.test(userId) ? `<@${userId}>` : code(userId);
}

/** Mentions a user group, by the id that a route names. An id of another form is only shown. */
export function mentionGroup(groupId: string): string {
  return /^S[A-Z0-9]{2,}$/.test(groupId) ? `<!subteam^${groupId}>` : code(groupId);
}

/** Shows ids of channels by their names, in words of ours that are valid mrkdwn already. Slack notifies nobody for it. */
export function withChannels(mrkdwn: string): string {
  return mrkdwn.replaceAll(/\b[CG][A-Z0-9]{8,20}\b/g, (id) => `<#${id}>`);
}

/** Lines that are valid mrkdwn already, as many as fit; the rest is counted. */
export function fitLines(lines: readonly string[], max: number): string {
  const kept: string[] = [];
  let length = 0;
  for (const [index, line] of lines.entries()) {
    if (length + line.length + 1 > max - 30) return [...kept, `… and ${lines.length - index} more`].join('\n');
    kept.push(line);
    length += line.length + 1;
  }
  return kept.join('\n');
}

/** The same, but lines are left out in the middle: the end of a list may be what matters, such as the leader's turn. */
export function fitMiddle(lines: readonly string[], max: number): string {
  if (lines.join('\n').length <= max) return lines.join('\n');
  const tail: string[] = [];
  for (const line of lines.toReversed()) {
    if (tail.join('\n').length + line.length > max / 3) break;
    tail.unshift(line);
  }
  const head = lines.slice(0, lines.length - tail.length);
  return [fitLines(head, max - tail.join('\n').length - 1), ...tail].join('\n');
}

/**
 * Lines that are valid mrkdwn already, as many as fit; `rest` says in words of its own what is left out when so many are shown; null
 * = nothing is.
 */
export function fitCounted(lines: readonly string[], max: number, rest: (shown: number) => string | null): string {
  for (let shown = lines.length; shown > 0; shown -= 1) {
    const said = [...lines.slice(0, shown), rest(shown) ?? []].flat().join('\n');
    if (said.length <= max) return said;
  }
  return rest(0) ?? '-';
}

/** Texts in groups of at most so many characters, joined by `between`: none is cut in two or left out. */
export function packed(texts: readonly string[], most: number, between: string): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const text of texts) {
    if (length + text.length > most) {
      groups.push([]);
      length = 0;
    }
    groups.at(-1)?.push(text);
    length += text.length + between.length;
  }
  return groups;
}

export function section(mrkdwn: string): KnownBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: mrkdwn } };
}

export function context(mrkdwn: string): KnownBlock {
  return { type: 'context', elements: [{ type: 'mrkdwn', text: mrkdwn }] };
}

export function header(text: string): KnownBlock {
  return { type: 'header', text: { type: 'plain_text', text: plain(text), emoji: false } };
}

/** How many characters blocks show in all, as Slack counts them. */
export function textLength(blocks: unknown): number {
  if (Array.isArray(blocks)) return blocks.reduce((sum: number, block: unknown) => sum + textLength(block), 0);
  if (typeof blocks !== 'object' || blocks === null) return 0;
  return Object.entries(blocks).reduce(
    (sum, [key, value]) => sum + (key === 'text' && typeof value === 'string' ? value.length : textLength(value)),
    0,
  );
}

/** Makes a text end like a sentence, so that another one can follow. */
export function sentence(text: string): string {
  return text === '' || /[.!?…:]$/.test(text) ? text : `${text}.`;
}

/** Milliseconds in words. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.round(minutes / 6) / 10} h`;
}

function oneLine(text: string): string {
  const line = text
    .replace(invisible, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return withNames(line); // an id for which no name was inserted before must not be shown to people either
}

function escapeCharacter(character: string): string {
  return { '&': '&amp;', '<': '&lt;', '>': '&gt;' }[character] ?? character;
}

/** Cut between characters, never inside an entity or an emoji's pair of units. */
function fit(text: string, max: number, show: (character: string) => string): string {
  let shown = '';
  for (const character of text) {
    const next = show(character);
    if (shown.length + next.length <= max) {
      shown += next;
      continue;
    }
    return `${trimTo(shown, max - 1)}${ellipsis}`;
  }
  return shown;
}

function trimTo(shown: string, max: number): string {
  if (shown.length <= max) return shown;
  return shown.replace(/(&(amp|lt|gt);|[\s\S])$/u, '');
}
