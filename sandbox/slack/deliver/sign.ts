import { createHmac } from 'node:crypto';

/** Slack's signature of a request body: `v0=` and the HMAC of `v0:{seconds}:{body}`. */
export function sign(secret: string, timestamp: number, body: string | Buffer): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`;
}
