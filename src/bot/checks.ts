import type { Logger } from 'pino';
import type { BotSettings } from './bot.ts';
import { errorName } from './lookup.ts';
import type { Clients } from './slack/clients.ts';

/** The permissions that the Slack app needs, and what for. */
export const neededScopes = {
  commands: '/sr',
  'chat:write': 'answers, messages about runs and alerts',
  'users:read': 'tells guests and bots from members',
  'channels:read': 'tells shared channels from our own',
  'groups:read': 'the same for private channels',
  'im:read': 'the same for direct conversations',
  'im:write': 'messages to one person',
  'channels:history': 'finds a message again when the answer to sending it was lost',
  'groups:history': 'the same in private channels',
  'im:history': 'the same in direct conversations',
  'metadata.message:read': 'the same',
  'files:write': 'pictures of numbers',
  'files:read': 'knows when Slack can show a picture',
} as const;

/** Logs what will not work, before somebody finds out at night. Never throws. */
export async function checkSlack(parts: {
  clients: Clients;
  settings: BotSettings;
  scopes: readonly string[];
  log: Logger;
}): Promise<void> {
  const { clients, settings, scopes, log } = parts;
  const missing = Object.entries(neededScopes).filter(([scope]) => scopes.length > 0 && !scopes.includes(scope));
  for (const [scope, why] of missing)
    log.error({ scope, why }, 'the slack app lacks a scope; add it and install the app again');
  const channels = {
    SLACK_ALERT_CHANNEL: settings.alertChannel,
    SLACK_FALLBACK_CHANNEL: settings.fallbackChannel,
    SLACK_RUN_CHANNEL: settings.runChannel,
  };
  for (const [setting, channel] of Object.entries(channels)) {
    if (channel !== null) await checkChannel(clients, { setting, channel, log });
  }
}

async function checkChannel(
  clients: Clients,
  { setting, channel, log }: { setting: string; channel: string; log: Logger },
): Promise<void> {
  try {
    const { channel: found } = await clients.lookup.conversations.info({ channel });
    if (found?.is_archived === true)
      log.error({ setting, channel }, 'this slack channel is archived, so nothing can be posted there');
    else if (found?.is_member === false)
      log.error({ setting, channel, name: found.name }, 'the bot is not in this slack channel; invite it');
    else if (found?.is_ext_shared === true)
      log.warn(
        { setting, channel, name: found.name },
        'this slack channel is shared with another organisation, who will read everything',
      );
    else log.info({ setting, channel, name: found?.name }, 'slack channel found');
  } catch (err) {
    log.error(
      { setting, channel, error: errorName(err) ?? 'no answer' },
      'this slack channel cannot be used; give its id, and invite the bot',
    );
  }
}
