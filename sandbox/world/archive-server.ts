import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What goes wrong with the answers of an archive server. */
export type ArchiveFault =
  | { readonly kind: 'status'; readonly status: number }
  /** The connection breaks after so many bytes of each answer. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** As if it had never heard of ranges: always the whole file. */
  | { readonly kind: 'no-ranges' };

export type ArchiveRequest = {
  readonly method: string;
  readonly path: string;
  readonly range: string | null;
  readonly status: number;
};

/** An HTTP server for release archives, as a company's file server would hold them. */
export type ArchiveServer = {
  readonly url: string;
  /** Everything that was asked for, oldest first. */
  readonly requests: readonly ArchiveRequest[];
  urlOf(fileName: string): string;
  /** Goes wrong from now on, or only for the next `times` requests; null = nothing goes wrong. */
  fail(fault: ArchiveFault | null, options?: { readonly times?: number }): void;
  stop(): Promise<void>;
};

type Options = {
  readonly dir: string;
  /** A loopback address. */
  readonly address?: string;
};

/** Serves the files right below `dir` on a free port, with ranges, so that a broken transfer can be resumed. */
export async function startArchiveServer({ dir, address = '127.0.0.1' }: Options): Promise<ArchiveServer> {
  let failing: { readonly fault: ArchiveFault; left: number } | null = null;
  const requests: ArchiveRequest[] = [];
  const nextFault = (): ArchiveFault | null => {
    if (failing === null || failing.left <= 0) return null;
    failing.left -= 1;
    return failing.fault;
  };
  const server = createServer((request, response) => {
    serve({ dir, request, response, fault: nextFault() })
      .catch(() => response.destroy()) // the client went away, or is made to believe that the server did
      .finally(() => requests.push(describe(request, response)));
  });
  const port = await listen(server, address);
  const url = `http://${address}:${port}`;
  return {
    url,
    requests,
    urlOf: (fileName) => `${url}/${encodeURIComponent(fileName)}`,
    fail(fault, { times = Number.POSITIVE_INFINITY } = {}) {
      failing = fault && { fault, left: times };
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Serving = {
  readonly dir: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly fault: ArchiveFault | null;
};

async function serve({ dir, request, response, fault }: Serving): Promise<void> {
  const name = basename(decodeURIComponent(new URL(request.url ?? '/', 'http://archives').pathname));
  const file = join(dir, name);
  const found = await stat(file).catch(() => null);
  if (fault?.kind === 'status') return void response.writeHead(fault.status).end();
  if (!found?.isFile()) return void response.writeHead(404).end('there is no such archive\n');

  const etag = `"${found.size}-${Math.round(found.mtimeMs)}"`;
  const common = { 'accept-ranges': 'bytes', 'content-type': 'application/gzip', etag };
  const mayResume = fault?.kind !== 'no-ranges' && [undefined, etag].includes(headerOf(request, 'if-range'));
  const from = mayResume ? firstByteOf(request) : 0;
  if (from >= found.size) {
    return void response.writeHead(416, { ...common, 'content-range': `bytes */${found.size}` }).end();
  }
  const part = from > 0 ? { 'content-range': `bytes ${from}-${found.size - 1}/${found.size}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { ...common, ...part, 'content-length': found.size - from });
  if (request.method === 'HEAD') return void response.end();
  await pipeline(createReadStream(file, { start: from, highWaterMark: 16_384 }), faultStream(fault), response);
}

/** Passes the bytes on as the fault has it. */
function faultStream(fault: ArchiveFault | null): Transform {
  let passedBytes = 0;
  return new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      if (fault?.kind === 'slow') await sleep((chunk.length / fault.bytesPerSecond) * 1000);
      const room = fault?.kind === 'cut' ? fault.afterBytes - passedBytes : chunk.length;
      passedBytes += chunk.length;
      if (room >= chunk.length) return done(null, chunk);
      if (room > 0) this.push(chunk.subarray(0, room));
      // Given time to leave: a connection that is destroyed at once takes with it what was just written.
      await sleep(20);
      done(new Error('cut on purpose'));
    },
  });
}

/** `bytes=N-` is what curl and wget ask for when they resume; nothing else is understood, and then the whole file is sent. */
function firstByteOf(request: IncomingMessage): number {
  const match = /^bytes=(\d+)-$/.exec(headerOf(request, 'range') ?? '');
  return match === null ? 0 : Number(match[1]);
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function describe(request: IncomingMessage, response: ServerResponse): ArchiveRequest {
  const { method = 'GET', url = '/' } = request;
  return { method, path: url, range: headerOf(request, 'range') ?? null, status: response.statusCode };
}

function listen(server: Server, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
    });
  });
}
