import type { JsonObject } from '../../json.ts';
import { SlackError } from '../../slack-error.ts';
import type { Token } from '../../tokens.ts';
import type { User } from '../../workspace/types.ts';
import type { Method } from '../method.ts';
import { pageArguments, pageOf } from '../pages.ts';

function userJson(user: User, token: Token): JsonObject {
  const email = token.scopes.has('users:read.email') && user.kind !== 'bot' ? { email: user.email } : {};
  return {
    id: user.id,
    team_id: user.teamId,
    name: user.name,
    deleted: user.kind === 'deactivated',
    real_name: user.realName,
    tz: 'Etc/UTC',
    tz_offset: 0,
    profile: { real_name: user.realName, display_name: user.name, ...email },
    is_bot: user.kind === 'bot',
    is_admin: user.isAdmin,
    is_owner: false,
    is_restricted: user.kind === 'guest',
    is_ultra_restricted: false,
    is_stranger: user.kind === 'external',
    is_app_user: false,
  };
}

export const usersInfo: Method = {
  name: 'users.info',
  tier: 'tier4',
  scopes: ['users:read'],
  isRead: true,
  args: { user: 'text', include_locale: 'flag' },
  required: ['user'],
  run(args, { core, token }) {
    const user = core.workspace.users.get(args.text('user') ?? '');
    if (user === undefined) throw new SlackError('user_not_found');
    return { user: userJson(user, token) };
  },
};

export const usersList: Method = {
  name: 'users.list',
  tier: 'tier2',
  scopes: ['users:read'],
  isRead: true,
  args: { ...pageArguments, include_locale: 'flag' },
  run(args, { core, token }) {
    const page = pageOf([...core.workspace.users.values()], args);
    return { members: page.items.map((user) => userJson(user, token)), ...page.metadata };
  },
};

export const lookupByEmail: Method = {
  name: 'users.lookupByEmail',
  tier: 'tier3',
  scopes: ['users:read.email'],
  isRead: true,
  args: { email: 'text' },
  required: ['email'],
  run(args, { core, token }) {
    const email = args.text('email')?.toLowerCase();
    const user = [...core.workspace.users.values()].find(
      (each) => each.email !== '' && each.email.toLowerCase() === email && each.kind !== 'deactivated',
    );
    if (user === undefined) throw new SlackError('users_not_found');
    return { user: userJson(user, token) };
  },
};
