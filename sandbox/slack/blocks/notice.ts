import { isObject, type Json, objectsOf, textOf } from '../json.ts';
import type { Content, Notice } from '../workspace/types.ts';
import { bareLinks, parseMrkdwn, type Token } from './mrkdwn.ts';

/**
 * Who would be called by a message and what it links to: from its text, from every mrkdwn in blocks and attachments and
 * from rich text. Text that is shown as plain_text or raw text calls nobody.
 */
export function noticeOf(content: Pick<Content, 'text' | 'blocks' | 'attachments'>): Notice {
  const found = {
    users: new Set<string>(),
    groups: new Set<string>(),
    broadcasts: new Set<string>(),
    links: new Set<string>(),
  };
  const note = (token: Token) => {
    if (token.kind === 'user') found.users.add(token.id);
    if (token.kind === 'group') found.groups.add(token.id);
    if (token.kind === 'broadcast') found.broadcasts.add(token.range);
    if (token.kind === 'link') found.links.add(token.url);
    if (token.kind === 'text') for (const url of bareLinks(token.text)) found.links.add(url);
  };
  const texts = [
    content.text,
    ...liveTexts(content.blocks),
    ...liveTexts(content.attachments),
    ...legacyTexts(content),
  ];
  for (const text of texts) parseMrkdwn(text).forEach(note);
  for (const token of richTokens([...content.blocks, ...content.attachments])) note(token);
  return {
    users: [...found.users],
    groups: [...found.groups],
    broadcasts: [...found.broadcasts],
    links: [...found.links],
  };
}

function liveTexts(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(liveTexts);
  if (!isObject(value)) return [];
  if ((value.type === 'mrkdwn' || value.type === 'markdown') && typeof value.text === 'string') return [value.text];
  if (value.type === 'rich_text') return [];
  return Object.values(value).flatMap((item) => (item === undefined ? [] : liveTexts(item)));
}

/** The properties of an attachment that Slack reads as mrkdwn without being told. */
function legacyTexts({ attachments }: Pick<Content, 'attachments'>): string[] {
  return attachments.flatMap((each) => [
    ...[each.text, each.pretext].flatMap((text) => textOf(text) ?? []),
    ...objectsOf(each.fields).flatMap((field) => textOf(field.value) ?? []),
  ]);
}

function richTokens(value: Json): Token[] {
  if (Array.isArray(value)) return value.flatMap(richTokens);
  if (!isObject(value)) return [];
  const { type, user_id: user, usergroup_id: group, range, url } = value;
  if (type === 'user' && typeof user === 'string') return [{ kind: 'user', id: user }];
  if (type === 'usergroup' && typeof group === 'string') return [{ kind: 'group', id: group }];
  if (type === 'broadcast' && typeof range === 'string') return [{ kind: 'broadcast', range }];
  if (type === 'link' && typeof url === 'string') return [{ kind: 'link', url, label: url }];
  return Object.values(value).flatMap((item) => (item === undefined ? [] : richTokens(item)));
}
