import { checkMessage } from '../../blocks/message.ts';
import { SlackError } from '../../slack-error.ts';
import { postMessage } from '../../workspace/post.ts';
import { writableChannel } from '../channel-access.ts';
import type { Method } from '../method.ts';
import { threadParent } from '../thread-parent.ts';
import { draftOf, postArguments } from './chat-post.ts';

const furthestSeconds = 120 * 24 * 3_600;

type Scheduled = { readonly id: string; readonly channel: string; readonly at: number; readonly cancel: () => void };

/** Scheduled messages by the clock that will post them, so that two stand-ins in one process stay apart. */
const scheduled = new WeakMap<object, Map<string, Scheduled>>();

function scheduledOf(core: object): Map<string, Scheduled> {
  const known = scheduled.get(core) ?? new Map<string, Scheduled>();
  scheduled.set(core, known);
  return known;
}

export const scheduleMessage: Method = {
  name: 'chat.scheduleMessage',
  tier: 'tier3',
  scopes: ['chat:write'],
  args: { ...postArguments, post_at: 'whole', reply_broadcast: 'flag', unfurl_links: 'flag', unfurl_media: 'flag' },
  required: ['channel', 'post_at'],
  run(args, { core, token }) {
    const channel = writableChannel(core, token, args.text('channel'));
    const { content } = checkMessage(draftOf(args), { settings: core.settings, isUpdate: false });
    const threadTs = threadParent(core, channel.id, args.text('thread_ts'));
    const at = args.whole('post_at') ?? 0;
    const inSeconds = at - core.clock.now() / 1_000;
    if (inSeconds <= 0) throw new SlackError('time_in_past');
    if (inSeconds > furthestSeconds) throw new SlackError('time_too_far');
    const id = core.ids.next('Q');
    const waiting = scheduledOf(core);
    const cancel = core.clock.after(inSeconds * 1_000, () => {
      waiting.delete(id);
      postMessage(core, { channel: channel.id, author: token.user, botId: core.workspace.botId, content, threadTs });
    });
    waiting.set(id, { id, channel: channel.id, at, cancel });
    return { channel: channel.id, scheduled_message_id: id, post_at: at };
  },
};

export const listScheduled: Method = {
  name: 'chat.scheduledMessages.list',
  tier: 'tier3',
  isRead: true,
  args: { channel: 'text', cursor: 'text', limit: 'whole', oldest: 'text', latest: 'text' },
  run(args, { core }) {
    const wanted = [...scheduledOf(core).values()].filter((each) =>
      [null, each.channel].includes(args.text('channel')),
    );
    return { scheduled_messages: wanted.map((each) => ({ id: each.id, channel_id: each.channel, post_at: each.at })) };
  },
};

export const deleteScheduled: Method = {
  name: 'chat.deleteScheduledMessage',
  tier: 'tier3',
  scopes: ['chat:write'],
  args: { channel: 'text', scheduled_message_id: 'text', as_user: 'flag' },
  required: ['channel', 'scheduled_message_id'],
  run(args, { core }) {
    const waiting = scheduledOf(core);
    const message = waiting.get(args.text('scheduled_message_id') ?? '');
    if (message === undefined) throw new SlackError('invalid_scheduled_message_id');
    message.cancel();
    waiting.delete(message.id);
    return {};
  },
};
