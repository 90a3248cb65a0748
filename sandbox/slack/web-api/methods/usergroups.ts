import { SlackError } from '../../slack-error.ts';
import type { Method } from '../method.ts';

export const groupMembers: Method = {
  name: 'usergroups.users.list',
  tier: 'tier2',
  scopes: ['usergroups:read'],
  isRead: true,
  args: { usergroup: 'text', include_disabled: 'flag' },
  required: ['usergroup'],
  run(args, { core }) {
    if (!core.settings.paidPlan) throw new SlackError('plan_upgrade_required');
    const group = core.workspace.groups.get(args.text('usergroup') ?? '');
    if (group === undefined) throw new SlackError('no_such_subteam');
    return { users: group.users };
  },
};

export const groupsList: Method = {
  name: 'usergroups.list',
  tier: 'tier2',
  scopes: ['usergroups:read'],
  isRead: true,
  args: { include_count: 'flag', include_disabled: 'flag', include_users: 'flag' },
  run(args, { core }) {
    if (!core.settings.paidPlan) throw new SlackError('plan_upgrade_required');
    const groups = [...core.workspace.groups.values()];
    return {
      usergroups: groups.map((group) => ({
        id: group.id,
        team_id: core.workspace.team.id,
        handle: group.handle,
        name: group.handle,
        ...(args.flag('include_users') ? { users: group.users } : {}),
      })),
    };
  },
};
