import { request } from 'node:http';
import type { Core } from '../core.ts';
import { type JsonObject, parseJson } from '../json.ts';
import { lives } from '../limits.ts';
import type { AppRequest, Delivery, Transport } from './delivery.ts';
import { sign } from './sign.ts';

export type RawRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
};

/** Signed requests to the app's own address, as a Slack app without Socket Mode gets them. */
export function createHttpTransport(core: Core, target: { requestUrl: string | null }): Transport {
  return {
    async send(appRequest) {
      if (target.requestUrl === null) return { outcome: 'dispatch_failed', reason: 'the app has no request URL' };
      return post(core, signedRequest(core, appRequest, target.requestUrl));
    },
  };
}

/** The request as Slack writes it: forms without a charset, events as JSON. */
function signedRequest(core: Core, appRequest: AppRequest, url: string): RawRequest {
  const { kind, payload, retry } = appRequest;
  const timestamp = Math.floor(core.clock.now() / 1_000);
  const body = kind === 'events_api' ? JSON.stringify(payload) : formBody(kind, payload);
  return {
    url,
    body,
    headers: {
      'content-type': kind === 'events_api' ? 'application/json' : 'application/x-www-form-urlencoded',
      'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
      'x-slack-request-timestamp': String(timestamp),
      'x-slack-signature': sign(core.signingSecret, timestamp, body),
      ...(retry === undefined
        ? {}
        : { 'x-slack-retry-num': String(retry.attempt), 'x-slack-retry-reason': retry.reason }),
    },
  };
}

function formBody(kind: AppRequest['kind'], payload: JsonObject): string {
  if (kind === 'interactive') return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  return formOf(payload).toString();
}

export function formOf(payload: JsonObject): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(payload)) form.set(name, String(value));
  return form;
}

/** Sends it and waits three seconds of the clock for a 2xx. */
export function post(core: Core, raw: RawRequest): Promise<Delivery> {
  return new Promise((resolve) => {
    const outgoing = request(raw.url, {
      method: 'POST',
      agent: false,
      headers: { ...raw.headers, 'content-length': Buffer.byteLength(raw.body) },
    });
    const cancel = core.clock.after(lives.ackMs, () => {
      finish({ outcome: 'operation_timeout' });
      outgoing.destroy();
    });
    const finish = (delivery: Delivery) => {
      cancel();
      resolve(delivery);
    };
    outgoing.on('error', (error) => finish({ outcome: 'dispatch_failed', reason: error.message }));
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', (error) => finish({ outcome: 'dispatch_failed', reason: error.message }));
      incoming.on('end', () => {
        const status = incoming.statusCode ?? 0;
        const noRetry = incoming.headers['x-slack-no-retry'] === '1';
        if (status < 200 || status > 299) return finish({ outcome: 'http_error', status, noRetry });
        const text = Buffer.concat(chunks).toString('utf8');
        const isJson = (incoming.headers['content-type'] ?? '').startsWith('application/json');
        const parsed = isJson ? parseJson(text) : undefined;
        finish({ outcome: 'acked', body: text === '' ? null : (parsed ?? text), noRetry });
      });
    });
    outgoing.end(raw.body);
  });
}
