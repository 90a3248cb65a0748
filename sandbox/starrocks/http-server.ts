import type { IncomingMessage, Server, ServerResponse } from 'node:http';
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
  try {
    const url = new URL(incoming.url ?? '/', 'http://node');
    const rule = faults.strike('http-error', url.pathname);
    const authorization = incoming.headers.authorization ?? null;
    const request = { method: incoming.method ?? 'GET', path: url.pathname, query: url.searchParams, authorization };
    if (rule) response = { status: rule.status ?? 500, body: rule.message ?? '' };
    else response = (await routes(request)) ?? { status: 404, type: 'text/plain', body: 'Not Found' };
  } catch (error) {
    response = { status: 500, type: 'text/plain', body: error instanceof Error ? error.message : String(error) };
  }
  outgoing.writeHead(response.status ?? 200, { 'content-type': response.type ?? 'text/plain', ...response.headers });
  outgoing.end(response.body);
}
