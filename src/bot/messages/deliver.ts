import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  type WebClient,
} from '@slack/web-api';
import type { Message } from '../views/text.ts';

/** What became of one call to Slack. */
export type Outcome =
  | { readonly kind: 'sent'; readonly channel: string; readonly ts: string }
  /** Certainly not stored; the same may work after so long. `limited` = Slack asked for the pause. */
  | { readonly kind: 'later'; readonly afterMs: number; readonly limited: boolean; readonly error: string }
  /** No answer came: the message may be stored. */
  | { readonly kind: 'unknown'; readonly error: string }
  /** Slack refuses the content. */
  | { readonly kind: 'content'; readonly error: string }
  /** Slack does not let us into the channel. */
  | { readonly kind: 'channel'; readonly error: string }
  /** The message to be edited is gone, or too old. */
  | { readonly kind: 'gone'; readonly error: string }
  | { readonly kind: 'refused'; readonly error: string };

export type Failure = Exclude<Outcome, { kind: 'sent' }>;

const contentErrors = [
  ...[
    'invalid_blocks',
    'invalid_blocks_format',
    'msg_blocks_too_long',
    'msg_too_long',
    'no_text',
    'too_many_attachments',
  ],
  ...['attachment_payload_limit_exceeded', 'invalid_attachments', 'metadata_too_large', 'block_mismatch'],
];
/** Slack says with these that it takes nothing of ours in a channel. */
export const channelErrors: readonly string[] = [
  'not_in_channel',
  'channel_not_found',
  'is_archived',
  'is_inactive',
  'messages_tab_disabled',
  'cannot_dm_bot',
  'user_disabled',
  'user_not_found',
  'restricted_action',
  'restricted_action_read_only_channel',
  'restricted_action_thread_only_channel',
  'restricted_action_non_threadable_channel',
];
const goneErrors = ['message_not_found', 'cant_update_message', 'edit_window_closed'];
const scopeErrors = ['missing_scope', 'not_allowed_token_type'];
/** Slack does not know the bot any more: nothing is sent until that is mended, and nothing is given up. */
const accessErrors = [
  ...['invalid_auth', 'not_authed', 'token_revoked', 'token_expired', 'account_inactive'],
  // Not of this message: the app may send none, until somebody gives it the scope and installs it again.
  ...scopeErrors,
];
const accessAgainMs = 30_000;
/** Something before Slack refuses, whatever the message is: it is not the message's fault. */
const wayAgainMs = 30_000;
/** Only these are about the message itself. */
const messageStatuses = [400, 413, 414, 431];
const serverErrors = ['internal_error', 'fatal_error', 'request_timeout', 'service_unavailable', 'update_failed'];
/** Codes of errors after which nothing has left this machine, so nothing can have been stored. */
const neverLeft = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

const metadataType = 'sr_card';
/** Not found as the message any more. */
const twinType = 'sr_card_twin';
const twinText = "Sent twice, because Slack's answer was lost. A later message goes on.";
const lookBackMs = 10 * 60_000;
const maxPages = 3;

export type Post = {
  /** Id of the card or line, by which the message is found again. */
  readonly id: string;
  readonly channel: string;
  readonly threadTs: string | null;
  readonly broadcast: boolean;
  readonly message: Message;
};

/** Posts once. Never throws and never repeats. */
export async function post(client: WebClient, { id, channel, threadTs, broadcast, message }: Post): Promise<Outcome> {
  return attempt(async () => {
    const answer = await client.apiCall('chat.postMessage', {
      channel: await conversationId(client, channel),
      ...message,
      metadata: metadataOf(id),
      unfurl_links: false,
      unfurl_media: false,
      ...(threadTs === null ? {} : { thread_ts: threadTs, reply_broadcast: broadcast }),
    });
    return sentAs(answer);
  });
}

/** Edits a message to exactly this content: parts that it does not have are cleared. */
export async function edit(
  client: WebClient,
  { id, channel, ts, message }: { id: string; channel: string; ts: string; message: Message },
): Promise<Outcome> {
  return attempt(async () =>
    sentAs(
      await client.apiCall('chat.update', {
        channel,
        ts,
        text: message.text,
        blocks: message.blocks ?? [],
        attachments: message.attachments ?? [],
        metadata: metadataOf(id),
      }),
    ),
  );
}

export type Sought = {
  readonly id: string;
  readonly channel: string;
  readonly threadTs: string | null;
  readonly since: Date;
};
type Place = { readonly ts: string; readonly channel: string };
/** `away` = Slack gives no answer now. `unclear` = it does not let us search, or there is too much. */
type NotSeen = 'away' | 'unclear';

/** Searches the channel for a post whose answer was lost. */
export async function look(client: WebClient, sought: Sought): Promise<Place | 'absent' | NotSeen> {
  const found = await lookForAll(client, sought);
  return typeof found === 'string' ? found : (found[0] ?? 'absent');
}

/** Every message that was posted as this one. */
export async function lookForAll(client: WebClient, sought: Sought): Promise<readonly Place[] | NotSeen> {
  const found: Place[] = [];
  try {
    const channel = await conversationId(client, sought.channel);
    const oldest = String((sought.since.getTime() - lookBackMs) / 1000);
    let cursor: string | undefined;
    for (let page = 0; page < maxPages; page += 1) {
      const options = {
        channel,
        oldest,
        limit: 200,
        include_all_metadata: true,
        ...(cursor === undefined ? {} : { cursor }),
      };
      const answer =
        sought.threadTs === null
          ? await client.conversations.history(options)
          : await client.conversations.replies({ ...options, ts: sought.threadTs });
      for (const message of answer.messages ?? [])
        if (message.ts !== undefined && cardOf(message) === sought.id) found.push({ ts: message.ts, channel });
      cursor = answer.response_metadata?.next_cursor;
      if (cursor === undefined || cursor === '') return found;
    }
    return found.length > 0 ? found : 'unclear';
  } catch (error) {
    if (error instanceof WebAPIPlatformError && scopeErrors.includes(error.data.error)) return 'unclear';
    const { kind } = judge(error);
    return kind === 'unknown' || kind === 'later' ? 'away' : 'unclear';
  }
}

/** Edits a message that was sent twice, so that nobody acts on what it said: another one goes on. */
export async function endTwin(client: WebClient, { id, ts, channel }: Place & { id: string }): Promise<Outcome> {
  const metadata = { event_type: twinType, event_payload: { card: id } };
  const content = { text: twinText, blocks: [], attachments: [], metadata };
  return attempt(async () => sentAs(await client.apiCall('chat.update', { channel, ts, ...content })));
}

/** A person's id as a channel means the direct conversation, which has an id of its own. */
async function conversationId(client: WebClient, channel: string): Promise<string> {
  if (!/^[UW]/.test(channel)) return channel;
  const answer = await client.conversations.open({ users: channel });
  return answer.channel?.id ?? channel;
}

function metadataOf(id: string) {
  return { event_type: metadataType, event_payload: { card: id } };
}

function cardOf(message: { metadata?: { event_type?: string; event_payload?: object } | undefined }): string | null {
  const payload = message.metadata?.event_type === metadataType ? message.metadata.event_payload : undefined;
  return payload !== undefined && 'card' in payload && typeof payload.card === 'string' ? payload.card : null;
}

async function attempt(call: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await call();
  } catch (error) {
    return judge(error);
  }
}

function sentAs(answer: object): Outcome {
  if ('ts' in answer && typeof answer.ts === 'string' && 'channel' in answer && typeof answer.channel === 'string') {
    return { kind: 'sent', ts: answer.ts, channel: answer.channel };
  }
  return { kind: 'unknown', error: 'the answer names no message' };
}

/** What an error of the Slack kit means for the message. */
export function judge(error: unknown): Failure {
  if (error instanceof WebAPIRateLimitedError) {
    return { kind: 'later', afterMs: error.retryAfter * 1_000, limited: true, error: 'ratelimited' };
  }
  if (error instanceof WebAPIPlatformError) return judgeName(error.data.error);
  if (error instanceof WebAPIHTTPError) {
    const name = `HTTP ${error.statusCode}`;
    if (messageStatuses.includes(error.statusCode)) return { kind: 'refused', error: name };
    return error.statusCode >= 400 && error.statusCode < 500 && error.statusCode !== 408
      ? { kind: 'later', afterMs: wayAgainMs, limited: false, error: name }
      : { kind: 'unknown', error: name };
  }
  if (error instanceof WebAPIRequestError && neverLeft.includes(codeOf(error.original) ?? '')) {
    return { kind: 'later', afterMs: 5_000, limited: false, error: 'Slack cannot be reached' };
  }
  const message = error instanceof Error ? error.message : String(error);
  // A 429 that does not say how long to wait.
  if (message.startsWith('Retry header did not contain'))
    return { kind: 'later', afterMs: 30_000, limited: true, error: 'ratelimited' };
  return { kind: 'unknown', error: message };
}

function judgeName(error: string): Failure {
  // The kit gives the text of what is no answer of Slack, as a proxy's page, for the name of an error.
  if (!/^\w+$/.test(error)) return { kind: 'unknown', error: `no answer of Slack: ${error.trim().slice(0, 100)}` };
  if (error === 'ratelimited' || error === 'rate_limited')
    return { kind: 'later', afterMs: 30_000, limited: true, error };
  if (accessErrors.includes(error)) return { kind: 'later', afterMs: accessAgainMs, limited: true, error };
  if (contentErrors.includes(error)) return { kind: 'content', error };
  if (channelErrors.includes(error) || error.startsWith('restricted_action')) return { kind: 'channel', error };
  if (goneErrors.includes(error)) return { kind: 'gone', error };
  return serverErrors.includes(error) ? { kind: 'unknown', error } : { kind: 'refused', error };
}

/** The code of a network error, which is in the cause of what `fetch` throws. */
function codeOf(error: unknown, depth = 0): string | null {
  if (!(error instanceof Error) || depth > 4) return null;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause, depth + 1);
}
