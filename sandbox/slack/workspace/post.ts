import { noticeOf } from '../blocks/notice.ts';
import { type Core, changed } from '../core.ts';
import { normalizeContent } from './normalize.ts';
import type { Content, Message } from './types.ts';

export type NewMessage = {
  readonly channel: string;
  readonly author: string;
  readonly botId?: string | null;
  readonly content: Content;
  readonly threadTs?: string | null;
  readonly isBroadcast?: boolean;
  readonly visibleTo?: string | null;
  readonly files?: readonly string[];
};

export function postMessage(core: Core, message: NewMessage): Message {
  const content = normalizeContent(message.content, core.ids);
  const stored: Message = {
    ts: core.ids.ts(),
    channel: message.channel,
    author: message.author,
    botId: message.botId ?? null,
    content,
    history: [],
    editedTs: null,
    threadTs: message.threadTs ?? null,
    isBroadcast: message.isBroadcast ?? false,
    visibleTo: message.visibleTo ?? null,
    isDeleted: false,
    notice: noticeOf(content),
    reactions: new Map(),
    files: [...(message.files ?? [])],
  };
  core.workspace.messages.push(stored);
  changed(core);
  return stored;
}

/** Changes what a message shows. Nobody is notified of an edit, so its notice stays what it was when it was posted. */
export function editMessage(core: Core, message: Message, content: Content): void {
  message.history.push(message.content);
  message.content = normalizeContent(content, core.ids);
  message.editedTs = core.ids.ts();
  changed(core);
}

export function deleteMessage(core: Core, message: Message): void {
  message.isDeleted = true;
  changed(core);
}
