import type { JsonObject } from '../../json.ts';
import { limits } from '../../limits.ts';
import { SlackError } from '../../slack-error.ts';
import type { Channel } from '../../workspace/types.ts';
import { openConversation } from '../../workspace/workspace.ts';
import { requireScope } from '../authenticate.ts';
import { scopePrefix, visibleChannel } from '../channel-access.ts';
import type { Method, MethodCall } from '../method.ts';
import { pageArguments, pageOf } from '../pages.ts';

function channelJson(channel: Channel, { core, token }: MethodCall): JsonObject {
  const other = [...channel.members].find((user) => user !== token.user) ?? token.user;
  return {
    id: channel.id,
    is_channel: channel.kind === 'public',
    is_group: channel.kind === 'private',
    is_im: channel.kind === 'im',
    is_mpim: channel.kind === 'mpim',
    is_private: channel.kind !== 'public',
    is_archived: channel.isArchived,
    is_member: channel.members.has(token.user),
    is_shared: channel.isExternallyShared,
    is_ext_shared: channel.isExternallyShared,
    is_org_shared: false,
    context_team_id: core.workspace.team.id,
    ...(channel.kind === 'im' ? { user: other } : { name: channel.name, name_normalized: channel.name }),
    topic: { value: channel.topic, creator: '', last_set: 0 },
  };
}

export const conversationsInfo: Method = {
  name: 'conversations.info',
  tier: 'tier3',
  isRead: true,
  args: { channel: 'text', include_locale: 'flag', include_num_members: 'flag' },
  required: ['channel'],
  run(args, call) {
    const channel = visibleChannel(call.core, call.token, args.text('channel'));
    requireScope(call.token, [`${scopePrefix[channel.kind]}:read`]);
    const count = args.flag('include_num_members') ? { num_members: channel.members.size } : {};
    return { channel: { ...channelJson(channel, call), ...count } };
  },
};

const kindNames = { public_channel: 'public', private_channel: 'private', im: 'im', mpim: 'mpim' } as const;

export const conversationsList: Method = {
  name: 'conversations.list',
  tier: 'tier2',
  isRead: true,
  args: { ...pageArguments, exclude_archived: 'flag', types: 'texts' },
  run(args, call) {
    const names = args.texts('types').length > 0 ? args.texts('types') : ['public_channel'];
    const table = new Map(Object.entries(kindNames));
    const kinds = names.map((name) => {
      const kind = table.get(name.trim());
      if (kind === undefined) throw new SlackError('invalid_types');
      requireScope(call.token, [`${scopePrefix[kind]}:read`]);
      return kind;
    });
    const found = [...call.core.workspace.channels.values()]
      .filter((channel) => kinds.includes(channel.kind))
      .filter((channel) => channel.kind === 'public' || channel.members.has(call.token.user))
      .filter((channel) => !(args.flag('exclude_archived') && channel.isArchived));
    const page = pageOf(found, args);
    return { channels: page.items.map((channel) => channelJson(channel, call)), ...page.metadata };
  },
};

export const conversationsMembers: Method = {
  name: 'conversations.members',
  tier: 'tier4',
  isRead: true,
  args: { ...pageArguments, channel: 'text' },
  required: ['channel'],
  run(args, { core, token }) {
    const channel = visibleChannel(core, token, args.text('channel'));
    requireScope(token, [`${scopePrefix[channel.kind]}:read`]);
    const page = pageOf([...channel.members], args);
    return { members: page.items, ...page.metadata };
  },
};

export const conversationsOpen: Method = {
  name: 'conversations.open',
  tier: 'tier3',
  scopes: ['im:write', 'mpim:write'],
  args: { channel: 'text', users: 'texts', return_im: 'flag', prevent_creation: 'flag' },
  run(args, call) {
    const { core, token } = call;
    const users = args.texts('users');
    if (users.length === 0) {
      if (args.text('channel') === null) throw new SlackError('users_list_not_supplied');
      return { channel: channelJson(visibleChannel(core, token, args.text('channel')), call) };
    }
    if (users.length > limits.openUsers) throw new SlackError('too_many_users');
    for (const id of users) {
      const user = core.workspace.users.get(id);
      if (user === undefined) throw new SlackError('user_not_found');
      if (user.kind === 'deactivated') throw new SlackError('user_disabled');
    }
    const channel = openConversation(core.workspace, [token.user, ...users], core.ids);
    return { channel: args.flag('return_im') ? channelJson(channel, call) : { id: channel.id } };
  },
};
