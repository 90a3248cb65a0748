import { z } from 'zod';
import { type Slack, type SlackOptions, startSlack } from '../../../sandbox/slack/start.ts';

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
};

export type Sent = {
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

/** Calls a Web API method with JSON arguments, as the bot unless told otherwise. */
export async function call(slack: Slack, method: string, args: unknown = {}, sent: Sent = {}): Promise<Answer> {
  const token = sent.token === undefined ? slack.botToken : sent.token;
  const answer = await fetch(`${slack.apiUrl}${method}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...sent.headers,
    },
    body: sent.body ?? JSON.stringify(args),
  });
  return {
    status: answer.status,
    headers: answer.headers,
    body: z.record(z.string(), z.unknown()).parse(await answer.json()),
  };
}

/** The `ts` of a message that the bot posts. */
export async function post(
  slack: Slack,
  channel: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { body } = await call(slack, 'chat.postMessage', { channel: slack.channelId(channel), text: 'hello', ...args });
  if (typeof body.ts !== 'string') throw new Error(JSON.stringify(body));
  return body.ts;
}

/** A stand-in for the length of a test: `await using slack = await quickSlack()`. */
export async function quickSlack(options: Partial<SlackOptions> = {}): Promise<Slack & AsyncDisposable> {
  const slack = await startSlack({ socketMode: true, ...options });
  return { ...slack, [Symbol.asyncDispose]: () => slack.stop() };
}

export const plain = (text: string) => ({ type: 'plain_text', text }) as const;
export const mrkdwn = (text: string) => ({ type: 'mrkdwn', text }) as const;
export const section = (text: string) => ({ type: 'section', text: mrkdwn(text) }) as const;
export const chars = (count: number) => 'x'.repeat(count);
export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));
