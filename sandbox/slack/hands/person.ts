import type { Core } from '../core.ts';
import type { Delivery, Transport } from '../deliver/delivery.ts';
import { postMessage } from '../workspace/post.ts';
import type { Channel, Message, User } from '../workspace/types.ts';
import { topView } from '../workspace/views.ts';
import { findChannel } from '../workspace/workspace.ts';
import { type Experience, failureText } from './experience.ts';
import { type SeenMessage, seenMessage, seenView } from './seen.ts';

/** Everything one pair of hands needs. */
export type Person = { readonly core: Core; readonly transport: Transport; readonly user: User };

/** A channel that this person can be in, by id or name. */
export function channelFor({ core, user }: Person, nameOrId: string): Channel {
  const channel = findChannel(core.workspace, nameOrId);
  if (channel === null) throw new Error(`there is no channel ${nameOrId}`);
  if (channel.kind !== 'public' && !channel.members.has(user.id)) {
    throw new Error(`${user.name} cannot see ${nameOrId}`);
  }
  return channel;
}

export function requireActive({ user }: Person): void {
  if (user.kind === 'deactivated') throw new Error(`${user.name} is deactivated and cannot sign in`);
}

export type Result = {
  readonly delivery: Delivery;
  readonly startedAt: number;
  readonly override?: Partial<Pick<Experience, 'outcome' | 'text' | 'message' | 'errors' | 'opened'>>;
  /** What failed, for Slack's failure line. */
  readonly what: string;
};

/** Sums up what came of an action. */
export function experienceOf({ core, user }: Person, { delivery, startedAt, override, what }: Result): Experience {
  const view = topView(core, user.id);
  return {
    outcome: delivery.outcome === 'acked' ? 'ok' : delivery.outcome,
    status: delivery.outcome === 'http_error' ? delivery.status : null,
    ms: core.clock.now() - startedAt,
    text: failureText(delivery, what),
    message: null,
    errors: {},
    view: view === null ? null : seenView(core, view),
    opened: null,
    ...override,
  };
}

/** A line from Slackbot that only this person sees. */
export function slackbotSays({ core, user }: Person, channel: string, text: string): SeenMessage {
  const content = { text, blocks: [], attachments: [], metadata: null };
  const message: Message = postMessage(core, { channel, author: 'USLACKBOT', content, visibleTo: user.id });
  return seenMessage(core, message);
}
