import type { Core } from '../core.ts';
import { type JsonObject, objectsOf, textOf } from '../json.ts';
import { elementsOf } from '../workspace/state.ts';
import type { Content, Message, Notice, View } from '../workspace/types.ts';
import { linesOf, textObject } from './lines.ts';

export type SeenElement = {
  readonly blockId: string;
  readonly actionId: string;
  readonly type: string;
  /** What stands on it. */
  readonly label: string;
  readonly value: string | null;
  readonly style: string | null;
};

/** A message as one person sees it. `channel` and `ts` are enough to act on it. */
export type SeenMessage = {
  readonly channel: string;
  readonly ts: string;
  readonly author: string;
  /** The fallback text: what notifications and screen readers say. */
  readonly text: string;
  /** What is on the screen, line by line. */
  readonly lines: readonly string[];
  readonly elements: readonly SeenElement[];
  readonly colors: readonly string[];
  readonly blocks: readonly JsonObject[];
  readonly attachments: readonly JsonObject[];
  readonly isEdited: boolean;
  readonly edits: number;
  readonly isEphemeral: boolean;
  readonly threadTs: string | null;
  readonly thread: readonly SeenMessage[];
  readonly reactions: Readonly<Record<string, number>>;
  readonly files: readonly string[];
  readonly notified: Notice;
};

export type SeenView = {
  readonly id: string;
  readonly hash: string;
  readonly type: string;
  readonly title: string;
  readonly submit: string | null;
  readonly callbackId: string;
  readonly lines: readonly string[];
  readonly elements: readonly SeenElement[];
  readonly blocks: readonly JsonObject[];
  readonly privateMetadata: string;
};

export function isVisible(message: Message, user: string): boolean {
  return !message.isDeleted && (message.visibleTo === null || message.visibleTo === user);
}

/** A channel's messages for one person, oldest first, replies inside their parents. */
export function seenChannel(core: Core, channel: string, user: string): SeenMessage[] {
  const visible = core.workspace.messages.filter((each) => each.channel === channel && isVisible(each, user));
  const inThread = (parent: Message) => visible.filter((each) => each.threadTs === parent.ts);
  return visible
    .filter((each) => each.threadTs === null || each.isBroadcast)
    .map((each) => seenMessage(core, each, each.isBroadcast ? [] : inThread(each)));
}

export function seenMessage(core: Core, message: Message, replies: readonly Message[] = []): SeenMessage {
  const { content } = message;
  return {
    channel: message.channel,
    ts: message.ts,
    author: core.workspace.users.get(message.author)?.name ?? 'slackbot',
    text: content.text,
    lines: linesOf(core.workspace, content),
    elements: seenElements(core, allBlocks(content)),
    colors: content.attachments.flatMap((each) => textOf(each.color) ?? []),
    blocks: content.blocks,
    attachments: content.attachments,
    isEdited: message.editedTs !== null,
    edits: message.history.length,
    isEphemeral: message.visibleTo !== null,
    threadTs: message.threadTs,
    thread: replies.map((reply) => seenMessage(core, reply)),
    reactions: Object.fromEntries([...message.reactions].map(([name, users]) => [name, users.size])),
    files: message.files.flatMap((id) => core.workspace.files.get(id)?.title ?? []),
    notified: message.notice,
  };
}

export function seenView(core: Core, view: View): SeenView {
  const blocks = objectsOf(view.body.blocks);
  return {
    id: view.id,
    hash: view.hash,
    type: textOf(view.body.type) ?? '',
    title: textObject(core.workspace, view.body.title),
    submit: view.body.submit === undefined ? null : textObject(core.workspace, view.body.submit),
    callbackId: textOf(view.body.callback_id) ?? '',
    lines: linesOf(core.workspace, { text: '', blocks, attachments: [] }),
    elements: seenElements(core, blocks),
    blocks,
    privateMetadata: textOf(view.body.private_metadata) ?? '',
  };
}

/** The blocks of a message and of its attachments. */
export function allBlocks(content: Pick<Content, 'blocks' | 'attachments'>): JsonObject[] {
  return [...content.blocks, ...content.attachments.flatMap((each) => objectsOf(each.blocks))];
}

function seenElements(core: Core, blocks: readonly JsonObject[]): SeenElement[] {
  return elementsOf(blocks).map(({ blockId, element }) => ({
    blockId,
    actionId: textOf(element.action_id) ?? '',
    type: textOf(element.type) ?? '',
    label: textObject(core.workspace, element.text) || textObject(core.workspace, element.placeholder),
    value: textOf(element.value),
    style: textOf(element.style),
  }));
}
