import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createNodeHttp } from '../../../src/adapters/http/fetch.ts';
import type { NodeAddress } from '../../../src/adapters/http/port.ts';

const http = createNodeHttp();
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<NodeAddress> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return { host: '127.0.0.1', httpPort: bound.port };
}

describe('health', () => {
  it.each([
    [200, true],
    [500, false],
  ])('is what HTTP %d means', async (status, expected) => {
    const node = await serve((request, response) => {
      response.statusCode = request.url === '/api/health' ? status : 404;
      response.end();
    });
    expect(await http.health(node)).toBe(expected);
  });

  it('fails in words when nobody listens', async () => {
    const node = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(http.health(node)).rejects.toMatchObject({
      code: 'HTTP_FAILED',
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('frontendHa', () => {
  const answer = (fields: Record<string, string>) =>
    serve((request, response) => {
      response.end(request.url === '/api/show_meta_info?action=SHOW_HA' ? JSON.stringify(fields) : '');
    });

  it('reads the texts of a frontend', async () => {
    const fields = {
      role: 'FOLLOWER',
      current_journal_id: '1220',
      master: '10.0.0.1',
      can_read: 'true',
      is_ready: 'true',
    };
    expect(await http.frontendHa(await answer(fields))).toEqual({
      role: 'FOLLOWER',
      leader: '10.0.0.1',
      isReady: true,
      journalId: 1_220,
      checkpointJournalId: null,
      checkpointAt: null,
    });
  });

  it('takes a leader for ready that lists the others only, and says of itself that it cannot read', async () => {
    const node = await answer({
      ...{ role: 'LEADER', current_journal_id: '1220', master: '10.0.0.1', is_ready: 'true' },
      ...{ can_read: 'false', electable_nodes: '10.0.0.2,10.0.0.3' },
    });
    expect(await http.frontendHa(node)).toMatchObject({ role: 'LEADER', leader: '10.0.0.1', isReady: true });
  });

  it('knows no leader where the frontend knows none', async () => {
    const node = await answer({ role: 'UNKNOWN', current_journal_id: '0', master: 'unknown', is_ready: 'false' });
    expect(await http.frontendHa(node)).toMatchObject({ role: 'UNKNOWN', leader: null, isReady: false, journalId: 0 });
  });

  it.each([
    ['1183', '1686810741121', 1_183, new Date(1_686_810_741_121)],
    ['-1', '0', -1, null],
    ['0', '-1', 0, null],
    ['', 'never', null, null],
  ])('tells the newest image: %j at %j', async (version, time, checkpointJournalId, checkpointAt) => {
    const node = await answer({
      role: 'LEADER',
      current_journal_id: '1220',
      last_checkpoint_version: version,
      last_checkpoint_time: time,
    });
    expect(await http.frontendHa(node)).toMatchObject({ checkpointJournalId, checkpointAt });
  });

  it.each(['', '[]', 'null', '<html>', '{"role":1}', '{"role":"LEADER"}'])('refuses the nonsense %j', async (body) => {
    const node = await serve((_request, response) => response.end(body));
    await expect(http.frontendHa(node)).rejects.toMatchObject({ code: 'HTTP_FAILED' });
  });
});

describe('metrics', () => {
  it('gives the samples of the page', async () => {
    const node = await serve((_request, response) => response.end('# TYPE a gauge\na{b="c"} 1\n'));
    expect(await http.metrics(node)).toEqual([{ name: 'a', labels: { b: 'c' }, value: 1 }]);
  });

  it.each([
    [200, '<html>Welcome to nginx</html>'],
    [404, 'a 1'],
  ])('refuses HTTP %d with %j', async (status, body) => {
    const node = await serve((_request, response) => {
      response.statusCode = status;
      response.end(body);
    });
    await expect(http.metrics(node)).rejects.toMatchObject({ code: 'HTTP_FAILED' });
  });

  it('stops reading a page that does not end', async () => {
    const small = createNodeHttp({ maxBodyBytes: 100_000 });
    const node = await serve((_request, response) => {
      const write = () => {
        while (response.write('a 1\n'.repeat(1_000)));
      };
      response.on('drain', write);
      write();
    });
    await expect(small.metrics(node)).rejects.toMatchObject({
      code: 'HTTP_FAILED',
      message: expect.stringContaining('longer than 100000 bytes'),
    });
  });
});

describe('an address', () => {
  it.each(['127.0.0.1@127.0.0.2', 'a/b', 'a b', '', 'a?b', 'a#b', 'a:80', ':::::'])(
    'that is %j is refused',
    async (host) => {
      await expect(http.health({ host, httpPort: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    },
  );

  it('may be one of IPv6', async () => {
    await expect(http.health({ host: '::1', httpPort: 1 })).rejects.toMatchObject({ code: 'HTTP_FAILED' });
  });
});

describe('every call', () => {
  it.each<[string, RequestListener]>([
    ['never answers', () => undefined],
    ['stops in the middle', (_request, response) => void response.write('a 1\n')],
  ])('ends at its timeout when the node %s', async (_what, listener) => {
    const node = await serve(listener);
    await expect(http.metrics(node, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('longer than 200 ms'),
    });
  });

  it('ends when the caller cancels', async () => {
    const node = await serve(() => undefined);
    const controller = new AbortController();
    const asking = http.health(node, { signal: controller.signal });
    const failure = expect(asking).rejects.toMatchObject({ code: 'CANCELED' });
    controller.abort();
    await failure;
  });

  it('follows no redirect', async () => {
    const other = await serve((_request, response) => response.end('a 1'));
    const node = await serve((_request, response) => {
      response.writeHead(302, { location: `http://${other.host}:${other.httpPort}/` }).end();
    });
    await expect(http.metrics(node)).rejects.toMatchObject({ code: 'HTTP_FAILED' });
  });
});
