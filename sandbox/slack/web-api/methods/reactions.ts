import { changed } from '../../core.ts';
import { limits } from '../../limits.ts';
import { SlackError } from '../../slack-error.ts';
import type { Message } from '../../workspace/types.ts';
import { findMessage } from '../../workspace/workspace.ts';
import type { Arguments } from '../arguments.ts';
import { writableChannel } from '../channel-access.ts';
import type { Method, MethodCall } from '../method.ts';

const args = { channel: 'text', timestamp: 'text', name: 'text' } as const;
const required = ['channel', 'timestamp', 'name'];

export const addReaction: Method = {
  name: 'reactions.add',
  tier: 'tier3',
  scopes: ['reactions:write'],
  args,
  required,
  run(args, call) {
    const { message, name } = target(args, call);
    const users = message.reactions.get(name) ?? new Set<string>();
    if (users.has(call.token.user)) throw new SlackError('already_reacted');
    if (users.size === 0 && message.reactions.size >= limits.reactionsPerMessage) {
      throw new SlackError('too_many_reactions');
    }
    message.reactions.set(name, users.add(call.token.user));
    changed(call.core);
    return {};
  },
};

export const removeReaction: Method = {
  name: 'reactions.remove',
  tier: 'tier2',
  scopes: ['reactions:write'],
  args,
  required,
  run(args, call) {
    const { message, name } = target(args, call);
    const users = message.reactions.get(name);
    if (users?.delete(call.token.user) !== true) throw new SlackError('no_reaction');
    if (users.size === 0) message.reactions.delete(name);
    changed(call.core);
    return {};
  },
};

function target(args: Arguments, { core, token }: MethodCall): { message: Message; name: string } {
  const channel = writableChannel(core, token, args.text('channel'));
  const message = findMessage(core.workspace, channel.id, args.text('timestamp') ?? '');
  if (message === null || message.visibleTo !== null) throw new SlackError('message_not_found');
  const name = args.text('name') ?? '';
  if (!/^[a-z0-9_+'-]+$/.test(name)) throw new SlackError('invalid_name');
  return { message, name };
}
