import type { Core } from '../core.ts';
import type { Json, JsonObject } from '../json.ts';
import { messageJson } from '../workspace/message-json.ts';
import { stateKey } from '../workspace/state.ts';
import type { Channel, Message, User, View } from '../workspace/types.ts';
import { viewJson } from '../workspace/views.ts';
import { issueResponseUrl } from './response-url.ts';

/** What a slash command sends. Every value is text, `is_enterprise_install` too. */
export function slashPayload(
  core: Core,
  sent: { user: User; channel: Channel; command: string; text: string },
): JsonObject {
  const { user, channel, command, text } = sent;
  return {
    token: 'verification-token',
    team_id: user.teamId,
    team_domain: core.workspace.team.domain,
    channel_id: channel.id,
    channel_name: channel.kind === 'private' ? 'privategroup' : channel.name,
    user_id: user.id,
    user_name: user.name,
    command,
    text,
    api_app_id: core.workspace.appId,
    is_enterprise_install: 'false',
    response_url: issueResponseUrl(core, { user: user.id, channel: channel.id, originalTs: null, threadTs: null }),
    trigger_id: core.triggers.issue(user.id),
  };
}

function common(core: Core, user: User): JsonObject {
  return {
    token: 'verification-token',
    team: { id: core.workspace.team.id, domain: core.workspace.team.domain },
    user: { id: user.id, username: user.name, name: user.name, team_id: user.teamId },
    api_app_id: core.workspace.appId,
    enterprise: null,
    is_enterprise_install: false,
  };
}

/** A click or a choice in a message. */
export function messageActionPayload(core: Core, user: User, message: Message, action: JsonObject): JsonObject {
  const channel = core.workspace.channels.get(message.channel);
  return {
    type: 'block_actions',
    ...common(core, user),
    trigger_id: core.triggers.issue(user.id),
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: message.channel,
      is_ephemeral: message.visibleTo !== null,
      ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    },
    channel: { id: message.channel, name: channel?.kind === 'private' ? 'privategroup' : (channel?.name ?? '') },
    // Slack sends no contents of an ephemeral message along.
    ...(message.visibleTo === null ? { message: messageJson(core.workspace, message) } : {}),
    state: { values: core.states.get(stateKey(message, user.id)) ?? {} },
    response_url: issueResponseUrl(core, {
      user: user.id,
      channel: message.channel,
      originalTs: message.ts,
      threadTs: message.threadTs,
    }),
    actions: [action],
  };
}

/** A click or a choice in a modal or the home tab. */
export function viewActionPayload(core: Core, user: User, view: View, action: JsonObject): JsonObject {
  return {
    type: 'block_actions',
    ...common(core, user),
    trigger_id: core.triggers.issue(user.id),
    container: { type: 'view', view_id: view.id },
    view: viewJson(core, view),
    actions: [action],
  };
}

export function submissionPayload(core: Core, user: User, view: View): JsonObject {
  return {
    type: 'view_submission',
    ...common(core, user),
    trigger_id: core.triggers.issue(user.id),
    view: viewJson(core, view),
    response_urls: [],
  };
}

export function closedPayload(core: Core, user: User, view: View, isCleared: boolean): JsonObject {
  return { type: 'view_closed', ...common(core, user), view: viewJson(core, view), is_cleared: isCleared };
}

/** A person types into a menu whose options the app must give. */
export function suggestionPayload(
  core: Core,
  user: User,
  asked: { target: Message | View; blockId: string; actionId: string; query: string },
): JsonObject {
  const { target, blockId, actionId, query } = asked;
  const place: Readonly<Record<string, Json>> =
    'ts' in target
      ? {
          container: { type: 'message', message_ts: target.ts, channel_id: target.channel },
          channel: { id: target.channel },
          message: messageJson(core.workspace, target),
        }
      : { container: { type: 'view', view_id: target.id }, view: viewJson(core, target) };
  return {
    type: 'block_suggestion',
    ...common(core, user),
    ...place,
    block_id: blockId,
    action_id: actionId,
    value: query,
  };
}
