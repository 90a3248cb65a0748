import { SlackError } from '../../slack-error.ts';
import type { Method } from '../method.ts';

export const authTest: Method = {
  name: 'auth.test',
  tier: 'special',
  tokens: ['bot', 'app'],
  isRead: true,
  args: {},
  run(_args, { core: { workspace, url }, token }) {
    if (token.kind === 'app') return { app_id: workspace.appId, app_name: workspace.botUser.realName };
    return {
      url: `${url}/`,
      team: workspace.team.name,
      user: workspace.botUser.name,
      team_id: workspace.team.id,
      user_id: workspace.botUser.id,
      bot_id: workspace.botId,
      app_id: workspace.appId,
      is_enterprise_install: false,
    };
  },
};

export const botsInfo: Method = {
  name: 'bots.info',
  tier: 'tier3',
  scopes: ['users:read'],
  isRead: true,
  args: { bot: 'text' },
  run(args, { core: { workspace } }) {
    if (args.text('bot') !== workspace.botId) throw new SlackError('bot_not_found');
    const { botUser, appId, botId } = workspace;
    return { bot: { id: botId, deleted: false, name: botUser.realName, user_id: botUser.id, app_id: appId } };
  },
};

/** Hands out an address that one WebSocket may use within 30 s. */
export const connectionsOpen: Method = {
  name: 'apps.connections.open',
  tier: 'tier3',
  tokens: ['app'],
  scopes: ['connections:write'],
  args: {},
  run(_args, { core }) {
    const ticket = core.ids.secret('');
    core.tickets.set(ticket, core.clock.now());
    return { url: `${core.url.replace('http:', 'ws:')}/link/?ticket=${ticket}&app_id=${core.workspace.appId}` };
  },
};
