import { SlackError } from '../../slack-error.ts';
import { messageJson } from '../../workspace/message-json.ts';
import type { Message } from '../../workspace/types.ts';
import { findMessage } from '../../workspace/workspace.ts';
import type { Arguments } from '../arguments.ts';
import { requireScope } from '../authenticate.ts';
import { readableChannel, scopePrefix } from '../channel-access.ts';
import type { Method, MethodCall } from '../method.ts';
import { pageArguments, pageOf } from '../pages.ts';

const args = {
  ...pageArguments,
  channel: 'text',
  latest: 'text',
  oldest: 'text',
  inclusive: 'flag',
  include_all_metadata: 'flag',
} as const;

export const history: Method = {
  name: 'conversations.history',
  tier: 'tier3',
  isRead: true,
  args,
  required: ['channel'],
  run(args, call) {
    const channel = channelOf(args, call);
    const stored = messagesOf(call, channel, args).filter((each) => each.threadTs === null || each.isBroadcast);
    const page = pageOf(stored.toReversed(), args);
    return { messages: page.items.map(asJson(args, call)), has_more: page.hasMore, pin_count: 0, ...page.metadata };
  },
};

export const replies: Method = {
  name: 'conversations.replies',
  tier: 'tier3',
  isRead: true,
  args: { ...args, ts: 'text' },
  required: ['channel', 'ts'],
  run(args, call) {
    const channel = channelOf(args, call);
    const asked = findMessage(call.core.workspace, channel, args.text('ts') ?? '');
    if (asked === null || asked.visibleTo !== null) throw new SlackError('thread_not_found');
    const parentTs = asked.threadTs ?? asked.ts;
    const thread = messagesOf(call, channel, args).filter((each) => each.ts === parentTs || each.threadTs === parentTs);
    const page = pageOf(thread, args, 1_000);
    return { messages: page.items.map(asJson(args, call)), has_more: page.hasMore, ...page.metadata };
  },
};

function channelOf(args: Arguments, { core, token }: MethodCall): string {
  const channel = readableChannel(core, token, args.text('channel'));
  requireScope(token, [`${scopePrefix[channel.kind]}:history`]);
  return channel.id;
}

/** Oldest first; what is ephemeral or deleted is not stored at Slack. */
function messagesOf({ core }: MethodCall, channel: string, args: Arguments): Message[] {
  const oldest = Number(args.text('oldest') ?? 0);
  const latest = Number(args.text('latest') ?? Number.POSITIVE_INFINITY);
  const isWithin = (ts: number) => (args.flag('inclusive') ? ts >= oldest && ts <= latest : ts > oldest && ts < latest);
  return core.workspace.messages.filter(
    (each) => each.channel === channel && each.visibleTo === null && !each.isDeleted && isWithin(Number(each.ts)),
  );
}

function asJson(args: Arguments, { core, token }: MethodCall) {
  const withMetadata = args.flag('include_all_metadata') && token.scopes.has('metadata.message:read');
  return (message: Message) => messageJson(core.workspace, message, { withMetadata });
}
