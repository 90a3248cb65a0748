import { once } from 'node:events';
import { connect } from 'node:net';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { costLimit } from '../../src/api/limits/cost.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { databaseNowPlus, inTransaction } from '../../src/store/database.ts';
import { type Api, as, startApi } from '../helpers/api.ts';

let api: Api;
let token: string;
beforeAll(async () => {
  api = await startApi();
  token = await api.login('viv', as.viewer);
});
afterAll(() => api.close());

const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(`${api.server.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body,
  });

function nested(depth: number): string {
  // cluster > lastRun > cluster > lastRun … > id
  const fields = Array.from({ length: depth - 1 }, (_, index) =>
    index === 0 ? 'cluster(name: "x")' : index % 2 === 1 ? 'lastRun' : 'cluster',
  );
  return `{ ${fields.join(' { ')} { id ${'}'.repeat(depth)}`;
}

describe('the limits of a query', () => {
  it('let 12 fields nest and refuse 13, also when fragments hide them', async () => {
    expect((await api.ask(token, nested(12))).errors).toBeUndefined();
    const deep = await api.ask(token, nested(13));
    expect(deep.errors?.[0]?.extensions).toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
    const hidden = await api.ask(
      token,
      `fragment A on Run { cluster { lastRun { cluster { lastRun { cluster { lastRun { id } } } } } } }
       { run(number: 1) { cluster { lastRun { cluster { lastRun { cluster { lastRun { ...A } } } } } } } }`,
    );
    expect(hidden.errors?.[0]?.extensions).toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
  });

  it('let 30 aliases pass and refuse 31', async () => {
    const aliased = (count: number) =>
      `{ ${Array.from({ length: count }, (_, index) => `a${index}: viewer { id }`).join(' ')} }`;
    expect((await api.ask(token, aliased(30))).errors).toBeUndefined();
    expect((await api.ask(token, aliased(31))).errors?.[0]?.extensions).toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
  });

  it('show what a query costs, by its variables too, and what it may cost at most', async () => {
    const { extensions } = await api.ask(token, '{ viewer { id } }');
    expect(extensions).toMatchObject({ cost: { cost: 3, limit: costLimit } });
    const page = await api.ask(token, '{ clusters(first: 10) { nodes { id name } } }');
    expect(page.extensions).toMatchObject({ cost: { cost: 60 } });
    for (const [first, cost] of [
      [1, 5],
      [100, 500],
      [1, 5],
    ]) {
      const asked = await api.ask(token, 'query ($first: Int) { clusters(first: $first) { nodes { id } } }', { first });
      expect(asked.extensions).toMatchObject({ cost: { cost } });
    }
  });

  it.each([
    ['a number', 'query { runs(first: 100) { nodes { events(first: 500) { message at type } } } }', {}],
    [
      'a variable',
      'query ($a: Int, $b: Int) { runs(first: $a) { nodes { events(first: $b) { message at type } } } }',
      { a: 100, b: 500 },
    ],
    [
      'the default of a variable',
      'query ($a: Int = 100, $b: Int = 500) { runs(first: $a) { nodes { events(first: $b) { message at type } } } }',
      {},
    ],
    [
      'nothing, since lists without pages count too',
      '{ clusters { nodes { backends { cluster { backends { cluster { backends { id } } } } } } } }',
      {},
    ],
    [
      'fragments',
      'fragment E on Run { events(first: 500) { message at type } } { runs(first: 100) { nodes { ...E } } }',
      {},
    ],
  ])(
    'count the length of pages that is given as %s, and refuse what costs too much before it is executed',
    async (_what, query, variables) => {
      const answer = await api.ask(token, query, variables);
      expect(answer.status).toBe(400);
      expect(answer.errors?.[0]).toMatchObject({
        message: expect.stringContaining(`${costLimit} is the most`),
        extensions: { code: 'QUERY_TOO_COMPLEX' },
      });
      expect(answer.data ?? null).toBeNull();
    },
  );

  it('let tools ask for the whole schema', async () => {
    const { errors, data } = await api.ask(token, getIntrospectionQuery());
    expect(errors).toBeUndefined();
    expect(data?.__schema).toHaveProperty('types');
  });
});

describe('the transport', () => {
  it('takes POST only', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await fetch(`${api.server.url}/graphql?query={__typename}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
      });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
  });

  it('refuses batches, form posts, plain text, broken JSON and big bodies without repeating them', async () => {
    const one = JSON.stringify({ query: '{ viewer { id } }' });
    const canary = 'c4nary-in-the-body';
    expect((await post(`[${one},${one}]`)).status).toBe(400);
    expect((await post(one, { 'content-type': 'text/plain' })).status).toBe(400);
    expect(
      (await post('query=%7Bviewer%7Bid%7D%7D', { 'content-type': 'application/x-www-form-urlencoded' })).status,
    ).toBe(400);
    const broken = await post(`{"query": ${canary}`);
    expect(broken.status).toBe(400);
    expect(await broken.text()).not.toContain(canary);
    const big = await post(
      JSON.stringify({ query: '{ viewer { id } }', variables: { canary: 'x'.repeat(260 * 1024) } }),
    );
    expect(big.status).toBe(413);
    expect(await big.json()).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
      extensions: { requestId: expect.any(String) },
    });
  });

  it("gives every request an id, takes the caller's when it is harmless, and says it in the answer", async () => {
    const own = await api.ask(token, '{ viewer { id } }', {}, { 'x-request-id': 'my-own.id:1' });
    expect(own.headers.get('x-request-id')).toBe('my-own.id:1');
    expect(own.extensions).toMatchObject({ requestId: 'my-own.id:1' });
    const evil = await api.ask(token, '{ viewer { id } }', {}, { 'x-request-id': '<script>"' });
    expect(evil.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(evil.extensions).toMatchObject({ requestId: evil.headers.get('x-request-id') });
    const invalid = await api.ask(token, '{ nonsense }', {}, { 'x-request-id': 'still-there' });
    expect(invalid.extensions).toMatchObject({ requestId: 'still-there' });
  });

  it('sends headers that keep browsers from guessing, framing and remembering', async () => {
    const { headers } = await post('{}');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('limits how often one token asks, and no other token feels it', async () => {
    const own = await startApi({}, { requestsPerMinute: 5 });
    try {
      const [eager, calm] = [await own.login('eager', as.viewer), await own.login('calm', as.viewer)];
      const statuses = [];
      for (let count = 0; count < 7; count += 1) statuses.push((await own.ask(eager, '{ viewer { id } }')).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
      const refused = await own.ask(eager, '{ viewer { id } }');
      expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED' });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await own.ask(calm, '{ viewer { id } }')).status).toBe(200);
    } finally {
      await own.close();
    }
  });
});

describe('beside GraphQL', () => {
  it('says that the process lives, and that MySQL and Redis answer', async () => {
    expect(await (await fetch(`${api.server.url}/healthz`)).json()).toEqual({ ok: true });
    const ready = await fetch(`${api.server.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { ready: true, degraded: false, mysql: 'ok', redis: 'ok', alerts: 'ok', problems: [] },
    ]);
  });

  it('says that people were not told of an alert, and is ready all the same', async () => {
    const { db } = api.engine.ctx;
    const at = new Date();
    const cluster = { id: await api.engine.addCluster('untold', 'prod'), name: 'untold', environment: 'prod' };
    const condition = {
      ...{ fingerprint: 'a'.repeat(64), rule: 'node_down', severity: 'CRITICAL' as const, nodeId: null, labels: {} },
      ...{ title: 'down', pastTitle: 'was down', text: ['It is down'], startedAt: at, forMs: 0, minSamples: 1 },
    };
    const id = await inTransaction(db, (tx) =>
      insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at }),
    );
    await db
      .insertInto('alert_delivery')
      .values({
        ...{ alert_id: id, channel: 'C1', severity: 'CRITICAL', family: 'nodes' },
        waits_since: databaseNowPlus(-180_000),
      })
      .execute();
    const ready = await fetch(`${api.server.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      {
        ...{ ready: true, degraded: true, mysql: 'ok', redis: 'ok', alerts: 'undelivered' },
        problems: [
          '1 alert that people should have been told of waits for 3 min: no process that is connected to Slack has done so. The query alerts(filter: { untold: true }) lists what waits.',
        ],
      },
    ]);
    await db.deleteFrom('alert_delivery').execute();
    await db.deleteFrom('alert').execute();
  });

  it('says which of the two is away', async () => {
    const own = await startApi();
    try {
      await own.engine.ctx.doorbell.close();
      const ready = await fetch(`${own.server.url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([
        503,
        {
          ready: false,
          degraded: true,
          mysql: 'ok',
          redis: 'away',
          alerts: 'ok',
          problems: ['Redis does not answer: runs go on, but begin later.'],
        },
      ]);
    } finally {
      await own.close();
    }
  });

  it('shows metrics of the process, the runs, the queue, the alerts and the requests', async () => {
    await api.ask(token, '{ viewer { id } }');
    const text = await (await fetch(`${api.server.url}/metrics`)).text();
    for (const line of [
      /^process_resident_memory_bytes \d/m,
      /^starwarden_runs\{state="SUCCEEDED"\} 0$/m,
      /^starwarden_queue_lag_seconds 0$/m,
      /^starwarden_alerts_open\{severity="CRITICAL"\} 0$/m,
      /^starwarden_slack_messages_unsent\{state="waiting"\} 0$/m,
      /^starwarden_slack_messages_unsent\{state="failed"\} 0$/m,
      /^starwarden_slack_oldest_unsent_seconds 0$/m,
      /^starwarden_api_token_expires_seconds \d+(\.\d+)?$/m,
      /^starwarden_http_request_duration_seconds_count\{method="POST",route="\/graphql",status="200"\} [1-9]/m,
      /^starwarden_graphql_duration_seconds_count\{type="query",field="viewer",outcome="ok"\} [1-9]/m,
    ]) {
      expect(text).toMatch(line);
    }
  });
});

const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

describe('a request that', () => {
  it.each([
    ['a literal', `{ cluster(name: ${deep}) { id } }`, '{}'],
    ['selections', `{ a${'{ a '.repeat(20_000)}${'}'.repeat(20_001)}`, '{}'],
    ['a variable', '{ viewer { id } }', `{ "a": ${deep} }`],
  ])('nests %s 20,000 deep is refused in our words', async (_what, query, variables) => {
    const response = await post(`{ "query": ${JSON.stringify(query)}, "variables": ${variables} }`);
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { errors: [{ message: 'Brackets may nest 100 deep at most', extensions: { code: 'BAD_USER_INPUT' } }] },
    ]);
  });

  it('has more words than a document may have is refused in our words', async () => {
    const answer = await api.ask(token, `{ ${'id '.repeat(6_000)} }`);
    expect(answer.errors).toMatchObject([
      { message: 'A document has 5000 words and signs at most', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('subscribes over POST is told where subscriptions go', async () => {
    const answer = await api.ask(token, 'subscription { runUpdated(id: "run_x") { id } }');
    expect(answer.errors).toMatchObject([
      { message: 'Subscriptions go over WebSocket', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect(answer.status).toBe(400);
  });

  it('has no token is not waited for: its connection ends with the answer, whatever of the body is missing', async () => {
    const { hostname, port } = new URL(api.server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const closed = once(socket, 'close');
    let heard = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{',
    );
    await closed;
    expect(heard).toMatch(/^HTTP\/1\.1 401 /);
  });

  it.each(['', ' ', '\t\n'])(
    "gives the idempotency key %j is refused: it would be everybody's",
    async (idempotencyKey) => {
      const operator = await api.login(
        `key-${idempotencyKey.length}-${idempotencyKey.charCodeAt(0) || 0}`,
        as.operator,
      );
      const clusterId = await api.engine.addCluster(
        `keys-${idempotencyKey.length}-${idempotencyKey.charCodeAt(0) || 0}`,
      );
      const answer = await api.ask(
        operator,
        'mutation ($input: RefreshClusterInput!, $options: RunOptions) { refreshCluster(input: $input, options: $options) { run { id } replayed userErrors { code path } } }',
        { input: { clusterId }, options: { idempotencyKey } },
      );
      expect(answer.data).toEqual({
        refreshCluster: {
          run: null,
          replayed: false,
          userErrors: [{ code: 'INVALID_INPUT', path: ['options', 'idempotencyKey'] }],
        },
      });
    },
  );
});
