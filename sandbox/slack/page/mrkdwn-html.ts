import { bareLinks, parseMrkdwn, type Token } from '../blocks/mrkdwn.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { emoji } from './emoji.ts';
import { escapeHtml, type Html, html, raw } from './html.ts';

/** mrkdwn as Slack shows it. Live pieces are put aside while the text around them gets its bold and code. */
export function mrkdwnHtml(workspace: Workspace, text: string): Html {
  const live: string[] = [];
  const setAside = (markup: string) => `\u{E000}${live.push(markup) - 1}\u{E001}`;
  const flat = parseMrkdwn(text)
    .map((token) => (token.kind === 'text' ? escapeHtml(token.text) : setAside(liveHtml(workspace, token).markup)))
    .join('');
  const withCode = flat
    .replace(/```\n?([\s\S]+?)\n?```/g, (_, code: string) => setAside(`<pre>${code}</pre>`))
    .replace(/`([^`\n]+)`/g, (_, code: string) => setAside(`<code>${code}</code>`));
  const formatted = linked(withCode, setAside)
    .replace(/(^|[\s([])\*([^*\n]+)\*/g, '$1<b>$2</b>')
    .replace(/(^|[\s([>])_([^_\n]+)_/g, '$1<i>$2</i>')
    .replace(/(^|[\s([>])~([^~\n]+)~/g, '$1<s>$2</s>')
    .replace(/:([a-z0-9_+-]+):/g, (whole, name: string) => emoji.get(name) ?? whole)
    .replace(/^&gt; ?(.*)$/gm, '<q>$1</q>')
    .replace(/\n/g, '<br>');
  return raw(restore(formatted, live));
}

function linked(text: string, setAside: (markup: string) => string): string {
  return bareLinks(text).reduce(
    (all, url) => all.replace(url, setAside(`<a href="${url}" target="_blank" rel="noreferrer">${url}</a>`)),
    text,
  );
}

/** Code may hold pieces that were put aside before it, so pieces are put back until none is left. */
function restore(text: string, live: readonly string[]): string {
  const next = text.replace(/\u{E000}(\d+)\u{E001}/gu, (_, index: string) => live[Number(index)] ?? '');
  return next === text ? text : restore(next, live);
}

function liveHtml(workspace: Workspace, token: Exclude<Token, { kind: 'text' }>): Html {
  switch (token.kind) {
    case 'user':
      return html`<span class="mention">@${workspace.users.get(token.id)?.name ?? token.id}</span>`;
    case 'channel':
      return html`<span class="mention">#${workspace.channels.get(token.id)?.name ?? token.id}</span>`;
    case 'group':
      return html`<span class="mention">@${workspace.groups.get(token.id)?.handle ?? token.id}</span>`;
    case 'broadcast':
      return html`<span class="mention loud">@${token.range}</span>`;
    case 'date':
      return html`<time datetime="${new Date(token.unix * 1_000).toISOString()}" title="${token.fallback}">${localTime(token)}</time>`;
    case 'link':
      return html`<a href="${token.url}" target="_blank" rel="noreferrer">${token.label}</a>`;
    default:
      throw token satisfies never;
  }
}

/** `{date_num} {time_secs}` and their kin, in UTC since the stand-in's people live there. */
function localTime({ unix, format }: Extract<Token, { kind: 'date' }>): string {
  const iso = new Date(unix * 1_000).toISOString();
  return format.replace(/\{(\w+)\}/g, (whole, name: string) => {
    if (name.startsWith('time')) return iso.slice(11, name === 'time_secs' ? 19 : 16);
    return name.startsWith('date') ? iso.slice(0, 10) : whole;
  });
}
