import { createHmac } from 'node:crypto';
import { lookup as resolve } from 'node:dns';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isForbiddenAddress, whyNoWebhook } from '../../domain/alert-route.ts';
import { AppError, messageOf } from '../../errors.ts';

/**
 * What became of a call. `TAKEN` = the receiver has it. `REFUSED` = it does not want it, and asking again would not help.
 * `LATER` = nothing has left this machine, or it was asked to come again. `UNKNOWN` = no answer: it may have it.
 */
export type WebhookOutcome = {
  readonly kind: 'TAKEN' | 'REFUSED' | 'LATER' | 'UNKNOWN';
  /** In a few words, without the URL and without anything of the answer's body. */
  readonly said: string;
};

export type WebhookCall = {
  readonly url: string;
  readonly secret: string;
  readonly body: string;
  /** The same for each attempt, so that who receives it twice can tell. */
  readonly idempotencyKey: string;
  readonly timeoutMs?: number;
  readonly now?: Date;
};

/** Calls a webhook once. Never throws because of the receiver; throws `INVALID_INPUT` for a URL to which nothing is sent. */
export type SendWebhook = (call: WebhookCall) => Promise<WebhookOutcome>;

const defaultTimeoutMs = 10_000;
const neverLeft = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'];

/**
 * By POST, signed: `X-Starwarden-Signature: t=<seconds>,v1=<hex>` is the HMAC-SHA256 of `<seconds>.<body>` by the secret. A redirect
 * is refused, since it would lead to an address that nobody gave. Names are resolved here, and forbidden addresses left out.
 */
export const sendWebhook: SendWebhook = (call) => {
  const why = whyNoWebhook(call.url);
  if (why !== null)
    throw new AppError('INVALID_INPUT', why, { hint: 'Set the route anew with another URL.', path: ['webhookUrl'] });
  const { body, timeoutMs = defaultTimeoutMs } = call;
  const url = new URL(call.url);
  const send = url.protocol === 'https:' ? requestTls : requestPlain;
  const options = { method: 'POST', headers: headersOf(call), agent: false, lookup: allowedLookup } as const;
  return new Promise((answer) => {
    const asked = send(url, options, (response) => {
      response.destroy();
      clearTimeout(timer);
      answer(judge(response.statusCode ?? 0));
    });
    // One limit for all of it: a receiver that trickles is one that does not answer.
    const timer = setTimeout(() => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    asked.on('error', (error) => {
      clearTimeout(timer);
      const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
      const said = code === '' ? messageOf(error).slice(0, 200) : code;
      answer({ kind: neverLeft.includes(code) ? 'LATER' : 'UNKNOWN', said });
    });
    asked.end(body);
  });
};

function headersOf({ secret, body, idempotencyKey, now = new Date() }: WebhookCall) {
  const seconds = Math.floor(now.getTime() / 1_000);
  const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'idempotency-key': idempotencyKey,
    'x-starwarden-signature': `t=${seconds},v1=${signature}`,
  };
}

function judge(status: number): WebhookOutcome {
  const said = `HTTP ${status}`;
  if (status >= 200 && status < 300) return { kind: 'TAKEN', said };
  if (status === 429) return { kind: 'LATER', said };
  return { kind: status >= 500 || status === 408 ? 'UNKNOWN' : 'REFUSED', said };
}

const allowedLookup: LookupFunction = (host, options, done) => {
  resolve(host, { ...options, all: true }, (error, found) => {
    const allowed = found?.filter(({ address }) => !isForbiddenAddress(address)) ?? [];
    const [first] = allowed;
    if (error !== null) return done(error, '');
    if (first === undefined) return done(Object.assign(new Error('forbidden'), { code: 'ENOTFOUND' }), '');
    return options.all === true ? done(null, allowed) : done(null, first.address, first.family);
  });
};
