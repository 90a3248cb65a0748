import type { Core } from '../core.ts';
import { SlackError } from '../slack-error.ts';
import type { Token } from '../tokens.ts';
import type { Channel } from '../workspace/types.ts';

/** A channel that the token's user can know of, by id; a name or a foreign private channel is `channel_not_found`. */
export function visibleChannel(core: Core, token: Token, id: string | null): Channel {
  const channel = core.workspace.channels.get(id ?? '');
  if (channel === undefined) throw new SlackError('channel_not_found');
  if (channel.kind !== 'public' && !channel.members.has(token.user)) throw new SlackError('channel_not_found');
  return channel;
}

/** A channel that the app may write to now. */
export function writableChannel(core: Core, token: Token, id: string | null): Channel {
  const channel = visibleChannel(core, token, id);
  if (channel.isArchived) throw new SlackError('is_archived');
  if (!channel.members.has(token.user) && !token.scopes.has('chat:write.public'))
    throw new SlackError('not_in_channel');
  if (channel.isPostingRestricted) throw new SlackError('restricted_action');
  return channel;
}

/** A channel whose past the app may read. */
export function readableChannel(core: Core, token: Token, id: string | null): Channel {
  const channel = visibleChannel(core, token, id);
  if (!channel.members.has(token.user)) throw new SlackError('not_in_channel');
  return channel;
}

/** The prefix of the scopes that reach a channel of this kind. */
export const scopePrefix = { public: 'channels', private: 'groups', im: 'im', mpim: 'mpim' } as const;
