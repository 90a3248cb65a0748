import type { WebClient } from '@slack/web-api';

/** What Slack says about people and channels, remembered for some minutes. */
export type SeenInSlack = {
  /** Why this account may not act here; null = it may. Throws when Slack does not answer and never did. */
  whyNotUser(user: string): Promise<string | null>;
  /** Why nothing may be done from this channel; null = it may. */
  whyNotChannel(channel: string): Promise<string | null>;
};

const rememberMs = 5 * 60_000;
/** When Slack does not answer, its earlier answer counts a little longer. */
const forgetMs = 60 * 60_000;
const maxRemembered = 5_000;

type Remembered = { readonly refusal: string | null; readonly at: number };

export function createSeenInSlack(lookup: WebClient, { team, now }: { team: string; now: () => Date }): SeenInSlack {
  const users = new Map<string, Remembered>();
  const channels = new Map<string, Remembered>();

  async function remember(
    known: Map<string, Remembered>,
    id: string,
    ask: () => Promise<string | null>,
  ): Promise<string | null> {
    const before = known.get(id);
    const age = before === undefined ? Number.POSITIVE_INFINITY : now().getTime() - before.at;
    if (before !== undefined && age < rememberMs) return before.refusal;
    try {
      const refusal = await ask();
      if (known.size >= maxRemembered) known.clear();
      known.set(id, { refusal, at: now().getTime() });
      return refusal;
    } catch (error) {
      if (before !== undefined && age < forgetMs) return before.refusal;
      throw error;
    }
  }

  return {
    whyNotUser: (id) =>
      remember(users, id, async () => {
        const { user } = await lookup.users.info({ user: id });
        if (user === undefined || user.deleted === true) return 'This Slack account is deactivated.';
        if (user.is_bot === true) return 'Bots may not give orders here.';
        if (user.is_restricted === true || user.is_ultra_restricted === true) return 'Guests may not give orders here.';
        if (user.is_stranger === true || (user.team_id !== undefined && user.team_id !== team))
          return 'Only members of this workspace may give orders here.';
        return null;
      }),
    whyNotChannel: (id) =>
      remember(channels, id, async () => {
        try {
          const { channel } = await lookup.conversations.info({ channel: id });
          const isShared =
            channel?.is_ext_shared === true || channel?.is_shared === true || channel?.is_pending_ext_shared === true;
          return isShared
            ? 'This channel is shared with another organisation, so nothing can be asked or done from here.'
            : null;
        } catch (error) {
          if (errorName(error) !== 'channel_not_found') throw error;
          return 'I cannot see this conversation, so I do not know who reads it. Invite me with `/invite`, or write to me directly.';
        }
      }),
  };
}

/** Slack's own name of an error, such as `channel_not_found`; null for anything else. */
export function errorName(error: unknown): string | null {
  if (!(error instanceof Error) || !('data' in error)) return null;
  const { data } = error;
  return typeof data === 'object' && data !== null && 'error' in data && typeof data.error === 'string'
    ? data.error
    : null;
}
