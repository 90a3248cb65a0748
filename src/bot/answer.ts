import type { RespondFn } from '@slack/bolt';
import type { Logger } from 'pino';
import type { Clients } from './slack/clients.ts';
import type { Message } from './views/text.ts';

const respondTimeoutMs = 5_000;

export type Place = { readonly channel: string | null; readonly user: string };

/**
 * Sends one person a message: through the response URL of their request, which works in every conversation; when that is
 * used up or expired, as an ephemeral message; where neither is possible, in the direct conversation. Never throws: an
 * answer that cannot be sent is logged, and what was done stays done.
 */
export function makeAnswer(
  { respond, clients, log }: { respond: RespondFn | null; clients: Clients; log: Logger },
  place: Place,
): (message: Message) => Promise<void> {
  const ways: readonly ((message: Message) => Promise<unknown>)[] = [
    ...(respond === null
      ? []
      : [(message: Message) => inTime(respond({ ...message, response_type: 'ephemeral', replace_original: false }))]),
    ...(place.channel === null ? [] : [ephemeral(clients, { channel: place.channel, user: place.user })]),
    (message: Message) =>
      clients.interactive.apiCall('chat.postMessage', {
        channel: place.user,
        ...message,
        unfurl_links: false,
        unfurl_media: false,
      }),
  ];
  return async (message) => {
    for (const way of ways) {
      try {
        await way(message);
        return;
      } catch (err) {
        log.info({ channel: place.channel, user: place.user, err }, 'an answer did not arrive this way, tries another');
      }
    }
    log.error(
      { channel: place.channel, user: place.user, text: message.text.slice(0, 200) },
      'an answer could not be given at all',
    );
  };
}

function ephemeral(clients: Clients, { channel, user }: { channel: string; user: string }) {
  return (message: Message) => clients.interactive.apiCall('chat.postEphemeral', { channel, user, ...message });
}

/** Slack's kit waits for ever for a response URL. */
async function inTime(sent: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${respondTimeoutMs} ms`)), respondTimeoutMs);
  });
  try {
    await Promise.race([sent, late]);
  } finally {
    clearTimeout(timer);
  }
}
