import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from './faults.ts';
import { createServer } from './node-http.ts';
import type { Address } from './rpc.ts';

export type Request = { method: string; path: string; query: URLSearchParams; authorization: string | null };
export type Response = { status?: number; type?: string; headers?: Record<string, string>; body: string };
export type Routes = (request: Request) => Promise<Response | null> | Response | null;

export function jsonResponse(value: unknown, status = 200): Response {
  return { status, type: 'application/json', body: JSON.stringify(value) };
}

/** The HTTP port of a node. Unknown paths are 404; a fault rule of kind `http-error` comes before every route. */
export function serveHttp(address: Address, { routes, faults }: { routes: Routes; faults: Faults }): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing, { routes, faults });
  });
  server.keepAliveTimeout = 1000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => resolve(server));
  });
}

type Parts = { routes: Routes; faults: Faults };

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, { routes, faults }: Parts): Promise<void> {
  incoming.resume();
  let response: Response;
  let path = '/';
  try {
    const url = new URL(incoming.url ?? '/', 'http://node');
    path = url.pathname;
    const rule = faults.strike('http-error', path);
    const authorization = incoming.headers.authorization ?? null;
    const request = { method: incoming.method ?? 'GET', path, query: url.searchParams, authorization };
    if (rule) response = { status: rule.status ?? 500, body: rule.message ?? '' };
    else response = (await routes(request)) ?? { status: 404, type: 'text/plain', body: 'Not Found' };
  } catch (error) {
    response = { status: 500, type: 'text/plain', body: error instanceof Error ? error.message : String(error) };
  }
  const huge = faults.strike('http-huge', path);
  const body = huge === null ? response.body : grown(response.body, huge.bytes ?? 5_000_000);
  const head = { 'content-type': response.type ?? 'text/plain', 'content-length': Buffer.byteLength(body) };
  outgoing.writeHead(response.status ?? 200, { ...head, ...response.headers });
  await send(outgoing, { body: Buffer.from(body), path, faults });
}

/** The body with series of tables behind it that are not there, until it has `leastBytes`; as it is when it has them. */
function grown(body: string, leastBytes: number): string {
  const missing = leastBytes - Buffer.byteLength(body);
  if (missing <= 0) return body;
  const lines: string[] = [];
  for (let bytes = 0, at = 0; bytes < missing; at++) {
    const line = `starrocks_padding{table_id="${100_000 + at}"} ${at}\n`;
    lines.push(line);
    bytes += line.length;
  }
  return body + lines.join('');
}

type Sending = { body: Buffer; path: string; faults: Faults };

/** `http-half` ends the connection in the middle of the body, `http-trickle` sends a byte each `ms`. */
async function send(outgoing: ServerResponse, { body, path, faults }: Sending): Promise<void> {
  if (faults.strike('http-half', path) !== null) {
    outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.socket?.destroy());
    return;
  }
  const slow = faults.strike('http-trickle', path);
  if (slow === null) {
    outgoing.end(body);
    return;
  }
  for (const byte of body) {
    if (outgoing.destroyed) return;
    outgoing.write(Buffer.of(byte));
    await sleep(slow.ms ?? 1000);
  }
  outgoing.end();
}
