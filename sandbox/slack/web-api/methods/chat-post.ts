import { checkMessage, type Draft } from '../../blocks/message.ts';
import { SlackError } from '../../slack-error.ts';
import { messageJson } from '../../workspace/message-json.ts';
import { complainOfUnseen, shareShown, shownFiles } from '../../workspace/pictures.ts';
import { postMessage as post } from '../../workspace/post.ts';
import { openConversation } from '../../workspace/workspace.ts';
import type { Arguments } from '../arguments.ts';
import { visibleChannel, writableChannel } from '../channel-access.ts';
import type { Method, MethodCall } from '../method.ts';
import { threadParent } from '../thread-parent.ts';

/** The arguments that say what a message shows. */
export const contentArguments = {
  text: 'text',
  markdown_text: 'text',
  blocks: 'objects',
  attachments: 'objects',
  metadata: 'object',
  parse: 'text',
  link_names: 'flag',
} as const;

export const postArguments = {
  ...contentArguments,
  channel: 'text',
  as_user: 'flag',
  icon_emoji: 'text',
  icon_url: 'text',
  username: 'text',
  thread_ts: 'text',
} as const;

export function draftOf(args: Arguments): Draft {
  return {
    text: args.text('text'),
    markdownText: args.text('markdown_text'),
    blocks: args.objects('blocks'),
    attachments: args.objects('attachments'),
    metadata: args.object('metadata'),
  };
}

export const postMessage: Method = {
  name: 'chat.postMessage',
  tier: 'special',
  scopes: ['chat:write'],
  args: {
    ...postArguments,
    reply_broadcast: 'flag',
    unfurl_links: 'flag',
    unfurl_media: 'flag',
    mrkdwn: 'flag',
    client_msg_id: 'text',
  },
  required: ['channel'],
  run(args, call) {
    const { core, token } = call;
    const channel = writableChannel(core, token, directChannel(args.text('channel'), call));
    const { content, warnings } = checkMessage(draftOf(args), { settings: core.settings, isUpdate: false });
    warnings.forEach(call.warn);
    const shown = shownFiles(core, content);
    const threadTs = threadParent(core, channel.id, args.text('thread_ts'));
    const message = post(core, {
      channel: channel.id,
      author: token.user,
      botId: core.workspace.botId,
      content,
      threadTs,
      isBroadcast: threadTs !== null && args.flag('reply_broadcast'),
    });
    shareShown(shown, message);
    return { channel: channel.id, ts: message.ts, message: messageJson(core.workspace, message) };
  },
};

/** `chat.postMessage` takes a user's id and writes into the direct conversation. */
function directChannel(id: string | null, { core, token }: MethodCall): string | null {
  if (id === null || !core.workspace.users.has(id)) return id;
  return openConversation(core.workspace, [token.user, id], core.ids).id;
}

export const postEphemeral: Method = {
  name: 'chat.postEphemeral',
  tier: 'tier4',
  scopes: ['chat:write'],
  args: { ...postArguments, user: 'text' },
  required: ['channel', 'user'],
  run(args, { core, token, warn }) {
    const channel = visibleChannel(core, token, args.text('channel'));
    if (channel.isArchived) throw new SlackError('is_archived');
    if (!channel.members.has(token.user)) throw new SlackError('not_in_channel');
    const user = args.text('user') ?? '';
    if (!channel.members.has(user)) throw new SlackError('user_not_in_channel');
    const { content, warnings } = checkMessage(draftOf(args), { settings: core.settings, isUpdate: false });
    warnings.forEach(warn);
    complainOfUnseen(core, content);
    const message = post(core, {
      channel: channel.id,
      author: token.user,
      botId: core.workspace.botId,
      content,
      threadTs: threadParent(core, channel.id, args.text('thread_ts')),
      visibleTo: user,
    });
    return { message_ts: message.ts };
  },
};
