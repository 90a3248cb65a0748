import { sendEvent } from '../deliver/events.ts';
import { slashPayload } from '../deliver/payloads.ts';
import { type NewResponseUrl, postResponse } from '../deliver/response-url.ts';
import { isObject, type Json } from '../json.ts';
import { SlackError } from '../slack-error.ts';
import { postMessage } from '../workspace/post.ts';
import { viewJson } from '../workspace/views.ts';
import { findChannel, findUser, openConversation, type Workspace } from '../workspace/workspace.ts';
import { type Experience, trouble } from './experience.ts';
import { channelFor, experienceOf, type Person, requireActive, slackbotSays } from './person.ts';
import { seenMessage } from './seen.ts';

/** Types `/sr status demo` into a channel's composer. */
export async function slash(person: Person, line: string, options: { readonly channel: string }): Promise<Experience> {
  requireActive(person);
  const { core, transport, user } = person;
  const channel = channelFor(person, options.channel);
  const match = /^(\/\S+)\s*([\s\S]*)$/.exec(line);
  if (match === null) throw new Error(`${line} does not begin with a slash command`);
  const command = match[1] ?? '';
  const text = escapeTyped(core.workspace, match[2] ?? '');
  const startedAt = core.clock.now();
  const payload = slashPayload(core, { user, channel, command, text });
  const delivery = await transport.send({ kind: 'slash_commands', payload });
  const experience = experienceOf(person, { delivery, startedAt, what: command });
  if (delivery.outcome !== 'acked') {
    return { ...experience, message: slackbotSays(person, channel.id, experience.text ?? '') };
  }
  const url = { user: user.id, channel: channel.id, originalTs: null, threadTs: null };
  return { ...experience, ...answerOf(person, url, delivery.body) };
}

/** The message that a command's acknowledgement carries, which follows the rules of every message. */
function answerOf(person: Person, url: NewResponseUrl, body: Json): Partial<Experience> {
  if (body === null || (isObject(body) && Object.keys(body).length === 0)) return {};
  const answer = typeof body === 'string' ? { text: body } : body;
  if (!isObject(answer)) return { outcome: 'invalid_response', text: trouble };
  try {
    const message = seenMessage(person.core, postResponse(person.core, url, answer));
    return { text: message.text, message };
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    person.core.complaints.push(`a command was acknowledged with a bad message: ${error.message}`);
    return { outcome: 'invalid_response', text: trouble, message: slackbotSays(person, url.channel, trouble) };
  }
}

export type SayOptions = { readonly channel: string; readonly thread?: string };

/** Writes an ordinary message; in the direct conversation with the bot the app hears of it. */
export async function say(person: Person, text: string, options: SayOptions): Promise<Experience> {
  requireActive(person);
  const { core, transport, user } = person;
  const channel = channelFor(person, options.channel);
  if (channel.isArchived) throw new Error(`#${channel.name} is archived`);
  const content = { text: escapeTyped(core.workspace, text), blocks: [], attachments: [], metadata: null };
  const message = postMessage(core, {
    channel: channel.id,
    author: user.id,
    content,
    threadTs: options.thread ?? null,
  });
  const event = {
    user: user.id,
    text: content.text,
    ts: message.ts,
    event_ts: message.ts,
    channel: channel.id,
    team: user.teamId,
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
  };
  const startedAt = core.clock.now();
  const bot = core.workspace.botUser.id;
  const isHeard = channel.members.has(bot);
  const mentioned = isHeard && message.notice.users.includes(bot);
  const direct = isHeard && channel.kind === 'im';
  if (!mentioned && !direct) {
    const delivery = { outcome: 'acked', body: null, noRetry: false } as const;
    return experienceOf(person, {
      delivery,
      startedAt,
      what: 'message',
      override: { message: seenMessage(core, message) },
    });
  }
  const typed = direct ? { type: 'message', channel_type: 'im', ...event } : { type: 'app_mention', ...event };
  const delivery = await sendEvent(core, transport, typed);
  // A person sees nothing when an event is lost: the bot is just silent.
  const override = { text: null, message: seenMessage(core, message) };
  return experienceOf(person, { delivery, startedAt, what: 'message', override });
}

/** Opens the app's home tab. */
export async function openHome(person: Person): Promise<Experience> {
  requireActive(person);
  const { core, transport, user } = person;
  const channel = openConversation(core.workspace, [core.workspace.botUser.id, user.id], core.ids);
  const known = core.workspace.homes.get(user.id);
  const startedAt = core.clock.now();
  const delivery = await sendEvent(core, transport, {
    type: 'app_home_opened',
    user: user.id,
    channel: channel.id,
    event_ts: core.ids.ts(),
    tab: 'home',
    ...(known === undefined ? {} : { view: viewJson(core, known) }),
  });
  return experienceOf(person, { delivery, startedAt, what: 'home', override: { text: null } });
}

/** What the client makes of typed text: entities for `& < >`, ids for known `@names` and `#channels`. */
function escapeTyped(workspace: Workspace, text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return escaped
    .replace(/(^|\s)@([a-z0-9._-]+)/g, (whole, before: string, name: string) => {
      const user = findUser(workspace, name);
      return user === null ? whole : `${before}<@${user.id}|${user.name}>`;
    })
    .replace(/(^|\s)#([a-z0-9._-]+)/g, (whole, before: string, name: string) => {
      const channel = findChannel(workspace, name);
      return channel === null ? whole : `${before}<#${channel.id}|${channel.name}>`;
    });
}
