import { createServer, type Server } from 'node:http';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { Slack } from '../../../sandbox/slack/start.ts';
import { call } from './helpers.ts';

const envelope = z.looseObject({
  type: z.string(),
  envelope_id: z.string().optional(),
  reason: z.string().optional(),
  num_connections: z.number().optional(),
  retry_attempt: z.number().optional(),
  payload: z.looseObject({ trigger_id: z.string().optional(), response_url: z.string().optional() }).optional(),
});

export type Envelope = z.infer<typeof envelope>;

export type RawSocket = {
  readonly received: readonly Envelope[];
  next(type: string): Promise<Envelope>;
  send(message: unknown): void;
  readonly socket: WebSocket;
};

/** A Socket Mode client that does nothing by itself, for what Bolt would never do. `answer` acknowledges or stays silent. */
export async function connectRaw(
  slack: Slack,
  answer: (message: Envelope) => unknown = () => ({}),
): Promise<RawSocket> {
  const { body } = await call(slack, 'apps.connections.open', {}, { token: slack.appToken });
  const socket = new WebSocket(z.string().parse(body.url));
  const received: Envelope[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data) => {
    const message = envelope.parse(JSON.parse(String(data)));
    received.push(message);
    for (const look of waiting) look();
    if (message.envelope_id === undefined) return;
    const payload = answer(message);
    if (payload !== null) socket.send(JSON.stringify({ envelope_id: message.envelope_id, payload }));
  });
  const raw: RawSocket = {
    received,
    socket,
    send: (message) => socket.send(JSON.stringify(message)),
    next: (type) =>
      new Promise((resolve) => {
        const look = () => {
          const found = received.find((message) => message.type === type);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
  await raw.next('hello');
  return raw;
}

export type HttpApp = AsyncDisposable & {
  readonly requests: readonly { headers: NodeJS.Dict<string | string[]>; body: string }[];
};

/** An app of three lines behind a request URL: answers every request with the given status and headers. */
export async function listenRaw(
  slack: Slack,
  status: () => number,
  headers: Record<string, string> = {},
): Promise<HttpApp> {
  const requests: { headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      requests.push({ headers: request.headers, body });
      response.writeHead(status(), headers).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  slack.ctl.useRequestUrl(`http://127.0.0.1:${address.port}/`);
  return {
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
