import { randomInt, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Core } from '../core.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../json.ts';
import { lives } from '../limits.ts';
import type { AppRequest, Delivery, Transport } from './delivery.ts';

export type DisconnectReason = 'warning' | 'refresh_requested' | 'link_disabled' | 'too_many_websockets';

export type SocketHub = Transport & {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  count(): number;
  /** Resolves when that many connections have had their hello. */
  connected(count?: number): Promise<void>;
  /** As Slack recycles a connection: tells every client, and closes when the client does. */
  disconnect(reason: DisconnectReason): void;
  /** Cuts every connection without a close frame. */
  kill(): void;
  /** From now on pings of clients stay without an answer. */
  ignorePings(ignore: boolean): void;
  /** Says goodbye to every client, and cuts off those that do not answer. */
  stop(): Promise<void>;
};

/** How long a client may take to answer a close frame. */
const closePatienceMs = 500;

type Waiting = { readonly kind: AppRequest['kind']; readonly done: (delivery: Delivery) => void };

/** Socket Mode's far end. A payload goes to exactly one of the open connections. */
export function createSocketHub(core: Core): SocketHub {
  const server = new WebSocketServer({ noServer: true, autoPong: false });
  const sockets = new Set<WebSocket>();
  const waiting = new Map<string, Waiting>();
  const acked = new Set<string>();
  let lastUsed: WebSocket | null = null;
  let isDeaf = false;

  function accept(socket: WebSocket): void {
    if (sockets.size >= lives.sockets) {
      tell(socket, { type: 'disconnect', reason: 'too_many_websockets', debug_info: { host: 'stand-in' } });
      socket.close();
      return;
    }
    sockets.add(socket);
    const pings = setInterval(() => socket.ping(`Ping from stand-in ${sockets.size}`), lives.socketPingMs);
    socket.on('ping', (data) => {
      if (!isDeaf) socket.pong(data);
    });
    socket.on('message', (data) => takeAck(String(data)));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      clearInterval(pings);
      sockets.delete(socket);
      core.workspace.changes.emit('sockets');
    });
    tell(socket, {
      type: 'hello',
      num_connections: sockets.size,
      debug_info: { host: 'stand-in', build_number: 1, approximate_connection_time: 18_060 },
      connection_info: { app_id: core.workspace.appId },
    });
    core.workspace.changes.emit('sockets');
  }

  function takeAck(text: string): void {
    const message = parseJson(text);
    const { envelope_id: id = null, payload = null } = isObject(message) ? message : {};
    const fault =
      typeof id === 'string' ? faultOf(id, payload) : `a socket message without envelope_id: ${text.slice(0, 200)}`;
    if (fault !== null) core.complaints.push(fault);
    const entry = typeof id === 'string' ? waiting.get(id) : undefined;
    if (typeof id !== 'string' || entry === undefined) return;
    acked.add(id);
    waiting.delete(id);
    entry.done({ outcome: 'acked', body: isEmpty(payload) ? null : payload, noRetry: false });
  }

  function faultOf(id: string, payload: Json): string | null {
    if (acked.has(id)) return `envelope ${id} was acknowledged twice`;
    const entry = waiting.get(id);
    if (entry === undefined) return `envelope ${id} is unknown or was acknowledged too late`;
    const isExcess = entry.kind === 'events_api' && !isEmpty(payload);
    return isExcess ? `the event ${id} accepts no response payload` : null;
  }

  /** Any connection, but for a redelivery another one than before if there is one. */
  function choose(isRetry: boolean): WebSocket | null {
    const open = [...sockets].filter((socket) => socket.readyState === socket.OPEN);
    const others = isRetry ? open.filter((socket) => socket !== lastUsed) : open;
    const candidates = others.length > 0 ? others : open;
    return candidates.length === 0 ? null : (candidates[randomInt(candidates.length)] ?? null);
  }

  return {
    upgrade(request, socket, head) {
      const ticket = new URL(request.url ?? '/', core.url).searchParams.get('ticket') ?? '';
      const issuedAt = core.tickets.get(ticket);
      core.tickets.delete(ticket);
      if (issuedAt === undefined || core.clock.now() - issuedAt > lives.socketTicketMs) {
        socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
        return;
      }
      server.handleUpgrade(request, socket, head, accept);
    },
    send(appRequest) {
      const socket = choose(appRequest.retry !== undefined);
      if (socket === null) return Promise.resolve({ outcome: 'dispatch_failed', reason: 'no socket is connected' });
      lastUsed = socket;
      const id = randomUUID();
      return new Promise((resolve) => {
        const cancel = core.clock.after(lives.ackMs, () => {
          waiting.delete(id);
          resolve({ outcome: 'operation_timeout' });
        });
        waiting.set(id, {
          kind: appRequest.kind,
          done(delivery) {
            cancel();
            resolve(delivery);
          },
        });
        tell(socket, envelope(id, appRequest));
      });
    },
    count: () => sockets.size,
    async connected(count = 1) {
      while (sockets.size < count) {
        await new Promise((again) => core.workspace.changes.once('sockets', again));
      }
    },
    disconnect(reason) {
      for (const socket of sockets) tell(socket, { type: 'disconnect', reason, debug_info: { host: 'stand-in' } });
    },
    kill() {
      for (const socket of sockets) socket.terminate();
    },
    ignorePings(ignore) {
      isDeaf = ignore;
    },
    async stop() {
      // Nobody will acknowledge these any more, and whoever waits for them must not wait for ever.
      for (const { done } of waiting.values()) done({ outcome: 'dispatch_failed', reason: 'the stand-in stopped' });
      waiting.clear();
      for (const socket of sockets) socket.close(1001);
      const patience = setTimeout(() => sockets.forEach((socket) => void socket.terminate()), closePatienceMs);
      while (sockets.size > 0) await new Promise((again) => core.workspace.changes.once('sockets', again));
      clearTimeout(patience);
      server.close();
    },
  };
}

function envelope(id: string, { kind, payload, retry }: AppRequest): JsonObject {
  return {
    envelope_id: id,
    type: kind,
    accepts_response_payload: kind !== 'events_api',
    payload,
    ...(kind === 'events_api' ? { retry_attempt: retry?.attempt ?? 0, retry_reason: retry?.reason ?? '' } : {}),
  };
}

function tell(socket: WebSocket, message: JsonObject): void {
  socket.send(JSON.stringify(message));
}

function isEmpty(payload: Json): boolean {
  return payload === null || (isObject(payload) && Object.keys(payload).length === 0);
}
