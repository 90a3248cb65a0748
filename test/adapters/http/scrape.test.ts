import { createServer, type RequestListener } from 'node:http';
import { connect, createServer as createPlainServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createNodeHttp } from '../../../src/adapters/http/fetch.ts';
import { wantFamilies } from '../../../src/adapters/http/page-families.ts';
import type { NodeAddress } from '../../../src/adapters/http/port.ts';
import { createScraper } from '../../../src/adapters/http/scrape.ts';

const http = createNodeHttp();
const families = wantFamilies(['a', 'b']);
const servers: { close(ended: () => void): unknown }[] = [];
const hangUp: (() => void)[] = [];

afterEach(() => {
  for (const end of hangUp.splice(0)) end();
  for (const server of servers.splice(0)) server.close(() => undefined);
});

async function serve(listener: RequestListener): Promise<NodeAddress & { connections: () => number }> {
  const server = createServer(listener);
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  servers.push(server);
  hangUp.push(() => server.closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return { host: '127.0.0.1', httpPort: bound.port, connections: () => connections };
}

const answering = (body: string, status = 200) =>
  serve((_request, response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body) }).end(body);
  });

describe('a scrape', () => {
  it('gives the wanted families of a page, and what it cost', async () => {
    const node = await answering('# TYPE a gauge\na{x="1"} 1\nc 2\nb 3\n');
    expect(await http.scrape(node, { families })).toMatchObject({
      kind: 'PAGE',
      samples: [
        { name: 'a', labels: { x: '1' }, value: 1 },
        { name: 'b', labels: {}, value: 3 },
      ],
      isCut: false,
      sampleLines: 3,
      bytes: 34,
      tookMs: expect.any(Number),
    });
  });

  it('asks with GET, and again on the same connection', async () => {
    const asked: (string | undefined)[] = [];
    const node = await serve((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end('a 1\n');
    });
    for (let look = 0; look < 3; look += 1) {
      await http.scrape(node, { families });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(asked).toEqual(['GET /metrics', 'GET /metrics', 'GET /metrics']);
    expect(node.connections()).toBe(1);
  });

  it('asks anew when the node closes the connection that was kept', async () => {
    const node = await serve((request, response) => {
      response.end('a 1\n', () => setTimeout(() => request.socket.destroy(), 5));
    });
    for (let look = 0; look < 5; look += 1) {
      expect((await http.scrape(node, { families })).kind).toBe('PAGE');
      await new Promise((resolve) => setTimeout(resolve, look * 3));
    }
  });

  it('tells a frontend that drains from one that does not answer', async () => {
    const gone = await answering('');
    await new Promise<void>((resolve) => servers.pop()?.close(() => resolve()));
    expect(await http.scrape(await answering('', 500), { families })).toMatchObject({ reason: 'REFUSED', status: 500 });
    expect(await http.scrape(gone, { families })).toMatchObject({
      reason: 'UNREACHABLE',
      status: null,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each(['', '<html>Welcome to nginx</html>\n', '# TYPE a gauge\n'])('finds no page in %j', async (body) => {
    expect(await http.scrape(await answering(body), { families })).toMatchObject({ reason: 'NO_METRICS', status: 200 });
  });

  it('follows no redirect', async () => {
    const other = await answering('a 1\n');
    const node = await serve((_request, response) => {
      response.writeHead(302, { location: `http://${other.host}:${other.httpPort}/metrics` }).end();
    });
    expect(await http.scrape(node, { families })).toMatchObject({ reason: 'REFUSED', status: 302 });
  });

  it.each<[string, RequestListener]>([
    ['announces', (_request, response) => response.writeHead(200, { 'content-length': 33_554_432 }).flushHeaders()],
    [
      'sends',
      (_request, response) => {
        const write = () => {
          while (response.write('a 1\n'.repeat(10_000)));
        };
        response.on('drain', write);
        write();
      },
    ],
  ])('ends where a node %s more than it may', async (_what, listener) => {
    const result = await http.scrape(await serve(listener), { families, maxBytes: 100_000 });
    expect(result).toMatchObject({ reason: 'TOO_LARGE', status: 200 });
    expect(result.bytes).toBeLessThan(400_000);
  });

  it.each<[string, RequestListener]>([
    ['never answers', () => undefined],
    ['stops in the middle', (_request, response) => void response.write('a 1\nb')],
    [
      'sends a byte at a time',
      (_request, response) => {
        const timer = setInterval(() => response.write('a'), 20);
        hangUp.push(() => clearInterval(timer));
      },
    ],
  ])('has a time limit for a node that %s', async (_what, listener) => {
    expect(await http.scrape(await serve(listener), { families }, { timeoutMs: 200 })).toMatchObject({
      reason: 'TOO_SLOW',
      message: expect.stringContaining('longer than 200 ms'),
    });
  });

  it('has a time limit for a node that accepts and is silent before HTTP', async () => {
    const server = createPlainServer((socket) => hangUp.push(() => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    connect(bound.port, '127.0.0.1').destroy();
    const node = { host: '127.0.0.1', httpPort: bound.port };
    expect(await http.scrape(node, { families }, { timeoutMs: 100 })).toMatchObject({
      reason: 'TOO_SLOW',
      status: null,
    });
  });

  it.each([
    ['shorter than announced', { 'content-length': '1000' }],
    ['whose last chunk is missing', { 'transfer-encoding': 'chunked' }],
  ])('gives what came of a page %s, and tells that it is cut', async (_what, headers) => {
    const node = await serve((request, response) => {
      response.writeHead(200, headers);
      response.write('a 1\nb 2', () => setTimeout(() => request.socket.destroy(), 20));
    });
    expect(await http.scrape(node, { families })).toMatchObject({
      kind: 'PAGE',
      samples: [{ name: 'a', value: 1 }],
      isCut: true,
    });
  });

  it('ends when the caller cancels, before and after it got a place', async () => {
    const scrape = createScraper({ atOnce: 1 });
    const { host, httpPort } = await serve(() => undefined);
    const url = new URL(`http://${host}:${httpPort}/metrics`);
    const controller = new AbortController();
    const asking = [1, 2].map(() => scrape(url, { families }, { signal: controller.signal }));
    const failures = asking.map((one) => expect(one).rejects.toMatchObject({ code: 'CANCELED' }));
    controller.abort();
    await Promise.all(failures);
    await expect(scrape(url, { families }, { signal: controller.signal })).rejects.toMatchObject({ code: 'CANCELED' });
  });

  it('refuses what is no address', async () => {
    await expect(http.scrape({ host: 'a/b', httpPort: 1 }, { families })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });
});

describe('nodes that hang', () => {
  it('hold up no other node for longer than a second, however many they are', async () => {
    const scrape = createScraper({ atOnce: 4 });
    const order = { families };
    const [silent, well] = [await serve(() => undefined), await answering('a 1\n')];
    const url = ({ host, httpPort }: NodeAddress) => new URL(`http://${host}:${httpPort}/metrics`);
    const hanging = Array.from({ length: 4 }, () => scrape(url(silent), order, { timeoutMs: 2_500 }));
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 50 }, () => scrape(url(well), order, {})));
    expect(performance.now() - startedAt).toBeLessThan(2_400);
    expect(answers.every(({ kind }) => kind === 'PAGE')).toBe(true);
    expect((await Promise.all(hanging)).every(({ kind }) => kind === 'NO_PAGE')).toBe(true);
  });
});
