import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Core } from './core.ts';
import { respond } from './deliver/response-url.ts';
import { handleApi } from './web-api/handle.ts';
import { handleUpload } from './web-api/upload.ts';

export type Route = (request: RoutedRequest) => Promise<boolean>;

export type RoutedRequest = {
  readonly verb: string;
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly raw: IncomingMessage;
  readonly response: ServerResponse;
};

/** The largest body that is read at all. */
const bodyLimitBytes = 20_000_000;

/** One HTTP server for everything; `extra` serves the control routes and the page. */
export function createSlackServer(core: Core, extra: Route): Server {
  return createServer((raw, response) => {
    serve(core, extra, raw, response).catch((error) => {
      core.complaints.push(`the stand-in failed on ${raw.method} ${raw.url}: ${String(error)}`);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('the stand-in failed');
    });
  });
}

async function serve(core: Core, extra: Route, raw: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(raw.url ?? '/', 'http://stand-in');
  const path = url.pathname.split('/').filter((part) => part !== '');
  const body = await readBody(raw);
  const verb = raw.method ?? 'GET';
  const [first, second = '', third = ''] = path;
  if (first === 'api') {
    const request = { verb, method: second, query: url.searchParams, headers: raw.headers, body };
    return handleApi(core, request, raw, response);
  }
  if (first === 'upload' && verb === 'POST') return handleUpload(core, { id: second, raw, body }, response);
  if (first === 'response' && verb === 'POST') {
    const answer = respond(core, third, raw.headers['content-type'] ?? '', body);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    return;
  }
  if (await extra({ verb, path, query: url.searchParams, body, raw, response })) return;
  response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
}

async function readBody(raw: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of raw) {
    const part = Buffer.from(chunk);
    size += part.length;
    if (size > bodyLimitBytes) throw new Error('body too large');
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

/** Listens on loopback and says which port it got. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
