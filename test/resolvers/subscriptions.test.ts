import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { patienceMs } from '../../sandbox/patience.ts';
import { socketLimits } from '../../src/api/limits/sockets.ts';
import { type ApiServer, startServer } from '../../src/api/server.ts';
import { alertFingerprint } from '../../src/domain/alert.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { type Database, inTransaction } from '../../src/store/database.ts';
import { applyEntry, type JournalEntry } from '../../src/store/runs/journal.ts';
import { createSteppedOperations } from '../bot/operations.ts';
import { type Api, as, startApi } from '../helpers/api.ts';

const stepped = createSteppedOperations();
const events =
  'subscription ($id: ID!, $after: Int) { runEvents(runId: $id, afterSequence: $after) { sequence type message } }';
const updates = 'subscription ($id: ID!) { runUpdated(id: $id) { state revision steps { nodes { title state } } } }';

let api: Api;
/** Serves the same database, but hears no word through Redis. */
let silent: ApiServer;
let operator: string;
const clients: Client[] = [];

beforeAll(async () => {
  api = await startApi({ operations: stepped.operations });
  operator = await api.login('otto', as.operator);
  silent = await startServer(
    { ...api.engine.ctx, doorbell: { ...api.engine.ctx.doorbell, changed: () => {}, onChanged: () => () => {} } },
    {
      host: '127.0.0.1',
      port: 0,
      graphql: true,
      anonymous: null,
      requestsPerMinute: 0,
      trustedProxies: 0,
      slackHandler: null,
    },
  );
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
});
afterAll(async () => {
  await silent?.stop();
  await api?.close();
});

function connect(token: string | null, url = api.server.url): Client {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: token === null ? {} : { authorization: `Bearer ${token}` },
    retryAttempts: 0,
    lazy: true,
  });
  clients.push(client);
  return client;
}

/** Collects what a subscription says; `ended` resolves with the errors it ended with, if any. */
function watch(client: Client, query: string, variables: Record<string, unknown> = {}) {
  const seen: unknown[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  const stop = client.subscribe(
    { query, variables },
    {
      next: ({ data, errors: failed }) => seen.push(failed ?? Object.values(data ?? {})[0]),
      error: resolve,
      complete: () => resolve(null),
    },
  );
  return { seen, ended, stop };
}

async function until(what: () => boolean): Promise<void> {
  const limit = Date.now() + patienceMs;
  while (!what()) {
    if (Date.now() > limit) throw new Error(`waited ${patienceMs} ms for nothing`);
    await sleep(10);
  }
}

async function newRun(name: string, steps: string[] = ['one']): Promise<string> {
  const clusterId = await api.engine.addCluster(name);
  const { data } = await api.ask(
    operator,
    'mutation ($input: TouchClusterInput!) { touchCluster(input: $input) { run { id } } }',
    { input: { clusterId, steps } },
  );
  return z.object({ run: z.object({ id: z.string() }) }).parse(data?.touchCluster).run.id;
}

function write(runId: string, entry: JournalEntry) {
  return inTransaction(api.engine.ctx.db, (tx) => applyEntry(tx, runId, entry));
}

const note = (message: string) => ({ type: 'NOTE' as const, message });
const sequences = (seen: readonly unknown[]) =>
  z
    .array(z.object({ sequence: z.int() }))
    .parse(seen)
    .map(({ sequence }) => sequence);
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('runEvents', () => {
  it('shows what happened before and what happens now, each once, in order, and ends with the run', async () => {
    const id = await newRun('events');
    await write(id, { events: [note('before')] });
    const { seen, ended } = watch(connect(operator), events, { id });
    await until(() => seen.length === 2);
    for (let count = 0; count < 20; count += 1) {
      await write(id, { events: [note(`a ${count}`), note(`b ${count}`)] });
      api.engine.ctx.doorbell.changed(id);
    }
    await write(id, { run: { state: 'CANCELED', finished: true }, events: [note('last')] });
    api.engine.ctx.doorbell.changed(id);
    expect(await ended).toBeNull();
    expect(sequences(seen)).toEqual(upTo(43));
    expect(seen.at(-1)).toMatchObject({ message: 'last' });
  });

  it('begins behind the sequence number that was given', async () => {
    const id = await newRun('behind');
    await write(id, { events: upTo(500).map((count) => note(`n ${count}`)) });
    const { seen } = watch(connect(operator), events, { id, after: 100 });
    await until(() => seen.length === 401);
    expect(sequences(seen)).toEqual(upTo(501, 101));
  });

  it('loses nothing and doubles nothing while Redis is silent', async () => {
    const id = await newRun('silent');
    const { seen, ended } = watch(connect(operator, silent.url), events, { id });
    await until(() => seen.length === 1);
    for (let count = 0; count < 10; count += 1) {
      await write(id, { events: [note(`unheard ${count}`)] });
      await sleep(20);
    }
    await write(id, { run: { state: 'CANCELED', finished: true }, events: [note('last')] });
    expect(await ended).toBeNull();
    expect(sequences(seen)).toEqual(upTo(12));
  });

  it('shows the same to many who watch at once', async () => {
    const id = await newRun('many');
    const client = connect(operator);
    const watched = Array.from({ length: 20 }, () => watch(client, events, { id }));
    await write(id, { run: { state: 'CANCELED', finished: true }, events: [note('last')] });
    api.engine.ctx.doorbell.changed(id);
    for (const { seen, ended } of watched) {
      expect(await ended).toBeNull();
      expect(sequences(seen)).toEqual([1, 2]);
    }
  });
});

describe('runUpdated', () => {
  it('shows the run as it is, then after its changes, with steps as they are then, until it has ended', async () => {
    const worker = api.engine.work();
    try {
      const id = await newRun('updates', ['u1', 'u2']);
      const { seen, ended } = watch(connect(operator), updates, { id });
      await until(() => seen.length >= 1);
      await api.engine.until(id, ['RUNNING']);
      stepped.open('u1', 'u2');
      expect(await ended).toBeNull();
      const runs = z
        .array(
          z.object({
            state: z.string(),
            revision: z.int(),
            steps: z.object({ nodes: z.array(z.object({ state: z.string() })) }),
          }),
        )
        .parse(seen);
      expect(runs.at(-1)).toMatchObject({
        state: 'SUCCEEDED',
        steps: { nodes: [{ state: 'DONE' }, { state: 'DONE' }] },
      });
      const revisions = runs.map(({ revision }) => revision);
      expect(revisions).toEqual([...new Set(revisions)].toSorted((a, b) => a - b));
    } finally {
      await worker.stop();
    }
  });

  it('of a run that has ended is one answer', async () => {
    const id = await newRun('ended');
    await write(id, { run: { state: 'CANCELED', finished: true } });
    const { seen, ended } = watch(connect(operator), updates, { id });
    expect(await ended).toBeNull();
    expect(seen).toMatchObject([{ state: 'CANCELED' }]);
  });
});

describe('alertUpdated and clusterUpdated', () => {
  it('show alerts that are open, then each change, of clusters that may be seen', async () => {
    const clusterId = await api.engine.addCluster('alerting');
    const otherId = await api.engine.addCluster('alerting-too');
    const open = (id: string, name: string) => openAlert(api.engine.ctx.db, { id, name, environment: 'dev' });
    const first = await open(clusterId, 'alerting');
    await open(otherId, 'alerting-too');
    const query = 'subscription ($id: ID) { alertUpdated(clusterId: $id) { id state revision } }';
    const { seen } = watch(connect(operator), query, { id: clusterId });
    await until(() => seen.length === 1);
    expect(seen).toMatchObject([{ id: first, state: 'FIRING' }]);
    await api.ask(operator, 'mutation ($id: ID!) { acknowledgeAlert(id: $id) { userErrors { code } } }', { id: first });
    await until(() => seen.length === 2);
    expect(seen[1]).toMatchObject({ id: first, state: 'ACKED' });
    const outsider = await api.login('outside-alerts', {
      role: 'ADMIN',
      scope: { kind: 'environment', environment: 'prod' },
    });
    const unseen = watch(connect(outsider), query);
    await sleep(300);
    expect(unseen.seen).toEqual([]);
  });

  it('show a cluster after a change of what is known, and not after each look', async () => {
    const clusterId = await api.engine.addCluster('watched');
    const { seen } = watch(connect(operator), 'subscription ($id: ID!) { clusterUpdated(id: $id) { name problems } }', {
      id: clusterId,
    });
    await until(() => seen.length === 1);
    const set = (problems: string) =>
      api.engine.ctx.db
        .updateTable('cluster')
        .set({ problems, observed_at: new Date() })
        .where('id', '=', clusterId)
        .execute();
    await set('[]');
    api.engine.ctx.doorbell.changed(`cluster:${clusterId}`);
    await sleep(300);
    expect(seen).toHaveLength(1);
    await set('["no frontend answers"]');
    api.engine.ctx.doorbell.changed(`cluster:${clusterId}`);
    await until(() => seen.length === 2);
    expect(seen[1]).toMatchObject({ problems: ['no frontend answers'] });
  });
});

describe('a connection', () => {
  it('without a good token is closed', async () => {
    for (const token of [null, 'nonsense']) {
      const { ended } = watch(connect(token), updates, { id: 'run_any' });
      expect(await ended).toMatchObject({ code: 4403 });
    }
  });

  it('carries subscriptions only, within the limits of a query', async () => {
    const client = connect(operator);
    const refusals = [
      ['{ viewer { id } }', {}, 'BAD_REQUEST'],
      ['mutation { cancelRun(id: "run_x") { run { id } } }', {}, 'BAD_REQUEST'],
      ['subscription { nonsense }', {}, 'GRAPHQL_VALIDATION_FAILED'],
      ['subscription {', {}, 'GRAPHQL_PARSE_FAILED'],
      [updates, { id: { secret: 'c4nary' } }, 'BAD_USER_INPUT'],
      [
        'subscription ($id: ID!) { runUpdated(id: $id) { steps(first: 100) { nodes { title } } cluster { lastRun { events(first: 500) { message } cluster { lastRun { events(first: 500) { message } } } } } events(first: 100000) { message } } }',
        { id: 'x' },
        'QUERY_TOO_COMPLEX',
      ],
    ] as const;
    for (const [query, variables, code] of refusals) {
      const failed = await watch(client, query, variables).ended;
      expect(failed).toMatchObject([{ extensions: { code } }]);
      expect(JSON.stringify(failed)).not.toContain('c4nary');
    }
  });

  it('says NOT_FOUND for a run that is not there, and for one that may not be seen', async () => {
    const id = await newRun('hidden');
    const outsider = await api.login('outsider', {
      role: 'ADMIN',
      scope: { kind: 'environment', environment: 'prod' },
    });
    for (const [token, runId] of [
      [operator, 'run_none'],
      [outsider, id],
    ] as const) {
      for (const query of [updates, events]) {
        expect(await watch(connect(token), query, { id: runId }).ended).toMatchObject([
          { extensions: { code: 'NOT_FOUND' } },
        ]);
      }
    }
  });

  it.each([
    ['its token is revoked', 'mutation ($id: ID!) { revokeToken(id: $id) { userErrors { code } } }', 'token'],
    ['its person is shut out', 'mutation ($id: ID!) { disablePerson(id: $id) { userErrors { code } } }', 'person'],
  ] as const)('is closed at once when %s', async (_what, mutation, which) => {
    const admin = await api.login(`admin-${which}`, as.admin);
    const leaver = await api.login(`leaver-${which}`, as.operator);
    const { data } = await api.ask(admin, '{ persons(first: 100) { nodes { id name tokens { id } } } }');
    const person = z
      .object({
        nodes: z.array(z.object({ id: z.string(), name: z.string(), tokens: z.array(z.object({ id: z.string() })) })),
      })
      .parse(data?.persons)
      .nodes.find(({ name }) => name === `leaver-${which}`);
    if (person === undefined) throw new Error('the leaver is not there');
    const { seen, ended } = watch(connect(leaver), updates, { id: await newRun(`leaves-${which}`) });
    await until(() => seen.length === 1);
    const id = which === 'token' ? person.tokens[0]?.id : person.id;
    expect((await api.ask(admin, mutation, { id })).data).toMatchObject(
      which === 'token' ? { revokeToken: { userErrors: [] } } : { disablePerson: { userErrors: [] } },
    );
    expect(await ended).toMatchObject({ code: 4403, reason: 'The token has ended' });
  });

  it('is refused to a token that has too many of them, and let in again when one has ended', async () => {
    const token = await api.login('collector', as.viewer);
    const id = await newRun('collected');
    const many = Array.from({ length: socketLimits.perToken }, () => watch(connect(token), updates, { id }));
    await until(() => many.every(({ seen }) => seen.length === 1));
    expect(await watch(connect(token), updates, { id }).ended).toMatchObject({ code: 4429 });
    many.at(-1)?.stop();
    await many.at(-1)?.ended;
    // A client closes its socket once nothing is asked through it; that takes a moment to be noticed.
    let later = watch(connect(token), updates, { id });
    while (later.seen.length === 0) {
      if ((await Promise.race([later.ended, sleep(200, 'open')])) !== 'open')
        later = watch(connect(token), updates, { id });
    }
    expect(later.seen).toHaveLength(1);
  });

  it('refuses what nests too deep in our words', async () => {
    const query = `subscription { runUpdated(id: ${'['.repeat(20_000)}${']'.repeat(20_000)}) { id } }`;
    expect(await watch(connect(operator), query).ended).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it('from a page of another site is refused, whatever its token', async () => {
    const open = (origin: string) =>
      new Promise<number>((resolve) => {
        const socket = new WebSocket(`${api.server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
          origin,
        });
        socket.once('open', () => {
          socket.close();
          resolve(101);
        });
        socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
        socket.once('error', () => {});
      });
    expect(await open('https://evil.example')).toBe(403);
    expect(await open(api.server.url)).toBe(101);
  });

  it('ends what it carries when the server stops', async () => {
    const own = await startServer(api.engine.ctx, {
      host: '127.0.0.1',
      port: 0,
      graphql: true,
      anonymous: null,
      requestsPerMinute: 0,
      trustedProxies: 0,
      slackHandler: null,
    });
    const id = await newRun('stopping');
    const { seen, ended } = watch(connect(operator, own.url), events, { id });
    await until(() => seen.length === 1);
    await own.stop();
    expect(await ended).toMatchObject({ code: 1001 });
  });
});

function openAlert(db: Database, cluster: { id: string; name: string; environment: string }): Promise<string> {
  const at = new Date();
  const labels = { node: 'be 10.0.0.11:9050' };
  const condition = {
    rule: 'node_down',
    severity: 'CRITICAL',
    nodeId: null,
    labels,
    title: 'be 10.0.0.11:9050 is down',
    pastTitle: 'be 10.0.0.11:9050 was down',
    fingerprint: alertFingerprint({ clusterId: cluster.id, rule: 'node_down', labels }),
    text: ['No heartbeats.'],
    startedAt: null,
    forMs: 0,
    minSamples: 1,
  } as const;
  return inTransaction(db, (tx) => insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at }));
}
