import { checkMessage } from '../../blocks/message.ts';
import type { JsonObject } from '../../json.ts';
import { SlackError } from '../../slack-error.ts';
import { messageJson } from '../../workspace/message-json.ts';
import { shareShown, shownFiles } from '../../workspace/pictures.ts';
import { deleteMessage as drop, editMessage } from '../../workspace/post.ts';
import type { Message } from '../../workspace/types.ts';
import { findMessage } from '../../workspace/workspace.ts';
import type { Arguments } from '../arguments.ts';
import { visibleChannel } from '../channel-access.ts';
import type { Method, MethodCall } from '../method.ts';
import { contentArguments, draftOf } from './chat-post.ts';

export const updateMessage: Method = {
  name: 'chat.update',
  tier: 'tier3',
  scopes: ['chat:write'],
  args: {
    ...contentArguments,
    channel: 'text',
    ts: 'text',
    as_user: 'flag',
    reply_broadcast: 'flag',
    file_ids: 'texts',
  },
  required: ['channel', 'ts'],
  run(args, { core, token, warn }) {
    const message = ownMessage(args, { core, token, warn }, 'cant_update_message');
    refuseLateEdit({ core, token, warn }, message);
    const draft = draftOf(args);
    if (Object.values(draft).every((value) => value === null)) throw new SlackError('no_text');
    // What is left out is kept; an empty list clears.
    const kept = draft.markdownText === null ? message.content.blocks : null;
    const { content, warnings } = checkMessage(
      {
        text: draft.text ?? (draft.markdownText === null ? message.content.text : null),
        markdownText: draft.markdownText ?? null,
        blocks: draft.blocks ?? kept,
        attachments: draft.attachments ?? withoutGenerated(message),
        metadata: isEmpty(draft.metadata) ? null : (draft.metadata ?? message.content.metadata),
      },
      { settings: core.settings, isUpdate: true },
    );
    warnings.forEach(warn);
    shareShown(shownFiles(core, content), message);
    editMessage(core, message, content);
    const json = messageJson(core.workspace, message);
    return { channel: message.channel, ts: message.ts, text: content.text, message: json };
  },
};

export const deleteMessage: Method = {
  name: 'chat.delete',
  tier: 'tier3',
  scopes: ['chat:write'],
  args: { channel: 'text', ts: 'text', as_user: 'flag' },
  required: ['channel', 'ts'],
  run(args, call) {
    const message = ownMessage(args, call, 'cant_delete_message');
    drop(call.core, message);
    return { channel: message.channel, ts: message.ts };
  },
};

export const getPermalink: Method = {
  name: 'chat.getPermalink',
  tier: 'special',
  isRead: true,
  args: { channel: 'text', message_ts: 'text' },
  required: ['channel', 'message_ts'],
  run(args, { core, token }) {
    const channel = visibleChannel(core, token, args.text('channel'));
    const message = findMessage(core.workspace, channel.id, args.text('message_ts') ?? '');
    if (message === null) throw new SlackError('message_not_found');
    const thread = message.threadTs === null ? '' : `?thread_ts=${message.threadTs}&cid=${channel.id}`;
    const permalink = `${core.url}/archives/${channel.id}/p${message.ts.replace('.', '')}${thread}`;
    return { channel: channel.id, permalink };
  },
};

/** The app's own message; ephemerals cannot be found, as they are not stored at Slack. */
function ownMessage(args: Arguments, { core, token }: MethodCall, refusal: string): Message {
  const channel = visibleChannel(core, token, args.text('channel'));
  const message = findMessage(core.workspace, channel.id, args.text('ts') ?? '');
  if (message === null || message.visibleTo !== null) throw new SlackError('message_not_found');
  if (channel.isArchived) throw new SlackError('is_archived');
  if (message.author !== token.user) throw new SlackError(refusal);
  return message;
}

function refuseLateEdit({ core }: MethodCall, message: Message): void {
  const minutes = core.settings.editWindowMinutes;
  if (minutes === null) return;
  if (core.clock.now() - Number(message.ts) * 1_000 > minutes * 60_000) throw new SlackError('edit_window_closed');
}

function isEmpty(metadata: JsonObject | null): boolean {
  return metadata !== null && Object.keys(metadata).length === 0;
}

function withoutGenerated(message: Message) {
  return message.content.attachments.map(({ id: _, ...attachment }) => attachment);
}
