import { parseMrkdwn, type Token, unescapeText } from '../blocks/mrkdwn.ts';
import { isObject, type Json, type JsonObject, listOf, objectOf, objectsOf, textOf } from '../json.ts';
import type { Content } from '../workspace/types.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** What a message or view says, line by line, as a person reads it: names for ids, UTC for times, `[…]` for controls. */
export function linesOf(workspace: Workspace, content: Pick<Content, 'text' | 'blocks' | 'attachments'>): string[] {
  const blocks = content.blocks.flatMap((block) => blockLines(workspace, block));
  const attachments = content.attachments.flatMap((each) => attachmentLines(workspace, each));
  // Slack shows the top-level text only when there are no blocks.
  return [...(blocks.length > 0 ? blocks : plainLines(workspace, content.text)), ...attachments];
}

function readableText(workspace: Workspace, mrkdwn: string): string {
  return parseMrkdwn(mrkdwn)
    .map((token) => tokenText(workspace, token))
    .join('');
}

function tokenText(workspace: Workspace, token: Token): string {
  switch (token.kind) {
    case 'text':
      return token.text;
    case 'user':
      return `@${workspace.users.get(token.id)?.name ?? token.id}`;
    case 'channel':
      return `#${workspace.channels.get(token.id)?.name ?? token.id}`;
    case 'group':
      return `@${workspace.groups.get(token.id)?.handle ?? token.id}`;
    case 'broadcast':
      return `@${token.range}`;
    case 'date':
      return token.fallback;
    case 'link':
      return token.label;
    default:
      throw token satisfies never;
  }
}

function plainLines(workspace: Workspace, mrkdwn: string): string[] {
  return mrkdwn === '' ? [] : readableText(workspace, mrkdwn).split('\n');
}

/** A text object in words. */
export function textObject(workspace: Workspace, value: Json | undefined): string {
  const { type, text } = objectOf(value);
  const content = textOf(text) ?? '';
  return type === 'mrkdwn' ? readableText(workspace, content) : unescapeText(content);
}

function attachmentLines(workspace: Workspace, attachment: JsonObject): string[] {
  const legacy = [attachment.pretext, attachment.title, attachment.text].flatMap((text) =>
    plainLines(workspace, textOf(text) ?? ''),
  );
  const fields = objectsOf(attachment.fields).map((each) => `${textOf(each.title)}: ${textOf(each.value)}`);
  return [...legacy, ...fields, ...objectsOf(attachment.blocks).flatMap((block) => blockLines(workspace, block))];
}

export function blockLines(workspace: Workspace, block: JsonObject): string[] {
  const say = (value: Json | undefined) => textObject(workspace, value);
  switch (block.type) {
    case 'section':
      return [
        ...(block.text === undefined ? [] : say(block.text).split('\n')),
        ...objectsOf(block.fields).flatMap((each) => say(each).split('\n')),
        ...controls(workspace, [block.accessory ?? null]),
      ];
    case 'header':
      return [say(block.text)];
    case 'alert':
      return [`${textOf(block.level) ?? 'note'}: ${say(block.text)}`];
    case 'context':
      return [
        objectsOf(block.elements)
          .map((each) => textOf(each.alt_text) ?? say(each))
          .join(' '),
      ];
    case 'actions':
    case 'context_actions':
      return [controls(workspace, listOf(block.elements)).join(' ')];
    case 'input':
      return [say(block.label), ...controls(workspace, [block.element ?? null])];
    case 'image':
      return [`[image: ${textOf(block.alt_text)}]`];
    case 'markdown':
      return (textOf(block.text) ?? '').split('\n');
    case 'table':
      return listOf(block.rows).map((row) => listOf(row).map(richWords).join(' | '));
    case 'rich_text':
      return objectsOf(block.elements).map(richWords);
    case 'divider':
      return [];
    default:
      return [`[${textOf(block.type)}]`];
  }
}

function controls(workspace: Workspace, elements: readonly Json[]): string[] {
  return objectsOf(elements).map((element) => {
    const label = textObject(workspace, element.text) || textObject(workspace, element.placeholder);
    return `[${label || textOf(element.alt_text) || textOf(element.type)}]`;
  });
}

/** All words below a rich text element or a table cell. */
function richWords(value: Json): string {
  if (Array.isArray(value)) return value.map(richWords).join('');
  if (!isObject(value)) return '';
  return textOf(value.text) ?? textOf(value.url) ?? richWords(value.elements ?? []);
}
