import { type App, HTTPModuleFunctions, HTTPResponseAck, isValidSlackRequest, type Receiver } from '@slack/bolt';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { slackLogger } from './clients.ts';
import { createReplayGuard } from './replay-guard.ts';

const maxBodyBytes = 1_000_000;

/**
 * Accepts signed requests at whatever path the handler is mounted, before anything has read the body. Slack's kit checks
 * the signature; in addition this refuses a time in the future and a signature that was used before, which the kit would
 * accept.
 */
export function createHttpReceiver({
  signingSecret,
  log,
  now,
}: {
  signingSecret: string;
  log: Logger;
  now: () => Date;
}): { receiver: Receiver; handler: RequestHandler } {
  let app: App | null = null;
  const guard = createReplayGuard(now);
  const logger = slackLogger(log);

  const handle = async (request: Request, response: Response): Promise<void> => {
    if (app === null) return refuse(response, 503, 'starting');
    const { rawBody } = await HTTPModuleFunctions.bufferIncomingMessage(request, maxBodyBytes);
    const text = rawBody.toString('utf8');
    const contentType = request.headers['content-type'] ?? '';
    if (
      contentType.startsWith('application/x-www-form-urlencoded') &&
      new URLSearchParams(text).get('ssl_check') === '1'
    ) {
      response.status(200).end(); // Slack's unsigned check of our certificate; nothing in it is read
      return;
    }
    const signature = headerOf(request, 'x-slack-signature');
    const timestamp = Number(headerOf(request, 'x-slack-request-timestamp') || Number.NaN);
    const headers = { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp };
    const isValid =
      Number.isInteger(timestamp) &&
      isValidSlackRequest({ signingSecret, body: text, headers, nowMilliseconds: now().getTime() });
    const refusal = isValid ? guard.refuse({ signature, timestamp }) : 'signature';
    if (refusal !== null) {
      log.warn({ refusal, from: request.ip }, 'refused a request that is not from slack, or not a fresh one');
      return refuse(response, 401, 'not accepted');
    }
    const body = readBody(text, contentType);
    if (body === null) return refuse(response, 400, 'unreadable');
    if (body.type === 'url_verification') {
      response.json({ challenge: body.challenge });
      return;
    }
    const ack = new HTTPResponseAck({
      logger,
      processBeforeResponse: false,
      httpRequest: request,
      httpRequestBody: body,
      httpResponse: response,
    });
    const acknowledge = ack.bind();
    await app.processEvent({ body, ack: acknowledge });
    // A request whose kind the kit cannot recognise is not passed on, and Slack would wait for 3 s.
    if (!response.headersSent) await acknowledge();
  };

  return {
    receiver: {
      init: (given) => {
        app = given;
      },
      start: async () => undefined,
      stop: async () => {
        app = null;
      },
    },
    handler: (request, response) => {
      handle(request, response).catch((err: unknown) => {
        const status =
          HTTPModuleFunctions.isRawBodyError(err) && err instanceof Error && 'statusCode' in err
            ? Number(err.statusCode)
            : 500;
        log.warn({ err, status }, 'a request to the slack endpoint failed');
        if (!response.headersSent) refuse(response, status, 'failed');
      });
    },
  };
}

function refuse(response: Response, status: number, why: string): void {
  response.status(status).type('text/plain').send(why);
}

function headerOf(request: Request, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

/**
 * The body as an object: a form with the fields of a command, a form with JSON in `payload`, or JSON; null for anything
 * else.
 */
function readBody(text: string, contentType: string): Record<string, unknown> | null {
  if (!contentType.startsWith('application/x-www-form-urlencoded')) return parseObject(text);
  const form = new URLSearchParams(text);
  const payload = form.get('payload');
  if (payload !== null) return parseObject(payload);
  const isTwice = [...form.keys()].some((name, index, names) => names.indexOf(name) !== index);
  return isTwice ? null : Object.fromEntries(form);
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
