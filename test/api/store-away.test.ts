import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSlack } from '../../sandbox/slack/start.ts';
import { fillDisk, freeDisk, mountDisk, unmountDisks } from '../../sandbox/world/disks.ts';
import { type Services, startServices } from '../../scripts/services.mjs';
import { type ApiServer, startServer } from '../../src/api/server.ts';
import { createContext } from '../../src/app/context.ts';
import { loadConfig } from '../../src/config.ts';
import { newId } from '../../src/ids.ts';
import { addPerson, bindRole, createToken } from '../../src/store/access/people.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { insertCluster } from '../../src/store/clusters/inventory.ts';
import { databaseNow, inTransaction } from '../../src/store/database.ts';
import { createTeller } from '../helpers/alerts/mortal-teller.ts';
import { saidTooEarly, whatIsLost } from '../helpers/alerts/what-is-lost.ts';
import { testEnv } from '../helpers/config.ts';
import { systemActor } from '../helpers/engine.ts';
import { canMount } from '../sandbox/world/can-mount.ts';

/* A Starwarden on a MariaDB and a Redis of its own, which are frozen, killed and made to refuse writes. */

const mayMount = await canMount();
let dir: string;
let services: Services;
let opened: Awaited<ReturnType<typeof createContext>>;
let server: ApiServer;
let token: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'starwarden-away-'));
  if (mayMount) await mountDisk({ path: dir, sizeBytes: 300 * 1024 * 1024 });
  // What the database has confirmed has to survive its death.
  services = await startServices({ dir: join(dir, 'services'), fast: false });
  opened = await createContext(
    loadConfig(testEnv({ databaseUrl: services.databaseUrl, redisUrl: services.redisUrl, prefix: 'away' })),
  );
  server = await startServer(opened.ctx, {
    host: '127.0.0.1',
    port: 0,
    graphql: true,
    anonymous: null,
    requestsPerMinute: 0,
    trustedProxies: 0,
    slackHandler: null,
  });
  const by = { actor: systemActor, requestId: null };
  const person = await addPerson(opened.ctx.db, 'ada', by);
  await bindRole(opened.ctx.db, person.id, { role: 'ADMIN', scope: { kind: 'all' } }, by);
  token = (await createToken(opened.ctx.db, { personId: person.id, label: 'test', expiresInMs: 600_000 }, by)).token;
});
afterAll(async () => {
  await server?.stop();
  await opened?.close();
  await services?.stopHard();
  await unmountDisks(dir);
  await rm(dir, { recursive: true, force: true });
});

async function ask(query: string) {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) };
}

const ready = async () => {
  const response = await fetch(`${server.url}/readyz`, { signal: AbortSignal.timeout(20_000) });
  const said: Record<string, unknown> = JSON.parse(await response.text());
  return { status: response.status, ...said };
};

const pidOf = (name: 'mariadb' | 'redis') => {
  const [mariadb, redis] = services.pids();
  const pid = name === 'mariadb' ? mariadb : redis;
  if (pid === undefined) throw new Error(`${name} does not run`);
  return pid;
};

describe('a database that does not answer', () => {
  it('makes every call STORE_UNAVAILABLE while it hangs, also those of people without a token, and is found again', async () => {
    expect((await ask('{ viewer { name } }')).body.data).toMatchObject({ viewer: { name: 'ada' } });
    process.kill(pidOf('mariadb'), 'SIGSTOP');
    try {
      const asked = [
        '{ viewer { name } }',
        '{ clusters { nodes { id } } }',
        'mutation { addPerson(input: { name: "bob" }) { userErrors { code } } }',
        'mutation { acknowledgeAlert(id: "alr_x") { userErrors { code } } }',
      ];
      // More than the pool has connections, so that some wait for one.
      const answers = await Promise.all([...asked, ...asked, ...asked, ...asked].map(ask));
      for (const { body, status } of answers) {
        expect(status).toBe(503);
        expect(body.errors[0].extensions).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
        expect(body.errors[0].message).toBe("Starwarden's own database does not answer");
      }
      expect(await ready()).toMatchObject({ status: 503, ready: false, mysql: 'away' });
    } finally {
      process.kill(pidOf('mariadb'), 'SIGCONT');
    }
    expect((await ask('{ viewer { name } }')).body.data).toMatchObject({ viewer: { name: 'ada' } });
    expect(await ready()).toMatchObject({ status: 200, ready: true, degraded: false, problems: [] });
  });

  it('is asked again once by a read whose idle connections died with a server that was restarted', async () => {
    await Promise.all(Array.from({ length: 8 }, () => ask('{ viewer { name } }')));
    await services.restartMariadb();
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('{ viewer { name } }')));
    for (const { body } of answers) expect(body).toMatchObject({ data: { viewer: { name: 'ada' } } });
  });
});

describe('a database that dies while Slack takes a message about an alert', () => {
  it('is told the same alert once, when it is back', async () => {
    const { ctx } = opened;
    const slack = await startSlack({ socketMode: true, settings: { rates: 'off' } });
    try {
      const cluster = { id: newId('clu'), name: 'prod-a', environment: 'prod' };
      const login = { sqlUser: 'nobody', passwordRef: 'secret:sec_none', seeds: [], tls: null };
      await insertCluster(ctx.db, { ...cluster, ...login });
      const condition = {
        ...{ fingerprint: 'a'.repeat(64), rule: 'node_down', severity: 'CRITICAL' as const, nodeId: null },
        ...{ labels: { node: 'be 1' }, title: 'be 1 is down', pastTitle: 'be 1 was down', text: ['No heartbeat'] },
        ...{ startedAt: new Date(), forMs: 0, minSamples: 1 },
      };
      const at = new Date();
      const alert = { cluster, condition, since: at, mute: { kind: 'NONE' as const }, at };
      await inTransaction(ctx.db, (tx) => insertAlert(tx, alert));
      slack.ctl.faults.add({ method: 'chat.postMessage', effect: { kind: 'lateAnswer', ms: 250 } });
      const tell = () => createTeller(ctx, { slack, life: { points: Number.POSITIVE_INFINITY } }).tell();
      const died = expect(tell()).rejects.toThrow();
      await until(() => slack.calls().some(({ method }) => method === 'chat.postMessage'));
      await services.restartMariadb({ awayMs: 1_000 });
      await died;
      expect(await saidTooEarly(ctx.db, slack)).toEqual([]);
      const over = { due_at: databaseNow, claimed_by: null, claimed_until: null };
      for (const table of ['alert_channel', 'slack_card'] as const) await ctx.db.updateTable(table).set(over).execute();
      await tell();
      expect(await whatIsLost(ctx.db, slack)).toEqual([]);
      expect(slack.calls().filter(({ method }) => method === 'chat.postMessage')).toHaveLength(1);
    } finally {
      await slack.stop();
    }
  });
});

describe('a Redis that takes no writes', () => {
  it.each([
    ['is out of memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    ['became a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
  ])(
    '%s: Starwarden is ready, says that it is degraded, and counts the words that were lost',
    async (_what, spoil, mend) => {
      const redis = new Redis(services.redisUrl);
      const lostBefore = opened.ctx.doorbell.wordsLost();
      try {
        await redis.call(spoil[0] ?? '', ...spoil.slice(1));
        opened.ctx.doorbell.ring('run_x');
        await until(() => opened.ctx.doorbell.wordsLost() > lostBefore);
        const answer = await ready();
        expect(answer).toMatchObject({
          status: 200,
          ready: true,
          degraded: true,
          redis: 'refuses-writes',
          mysql: 'ok',
        });
        expect(answer).toHaveProperty('problems', [expect.stringContaining('runs go on, but begin later')]);
        const metrics = await (await fetch(`${server.url}/metrics`)).text();
        expect(metrics).toMatch(/^starwarden_redis_words_lost_total [1-9]/m);
      } finally {
        await redis.call(mend[0] ?? '', ...mend.slice(1));
        redis.disconnect();
      }
      expect(await ready()).toMatchObject({ degraded: false, redis: 'ok' });
    },
  );
});

/* Last: what was refused counts for a minute in /readyz. */
describe('a database whose disk is full', () => {
  it('says so in calls and in /readyz, and goes on when there is room again', async () => {
    if (!mayMount) {
      await expect(fillDisk(dir)).rejects.toThrow('is no limited disk');
      return;
    }
    await fillDisk(dir);
    let refusal: Awaited<ReturnType<typeof ask>> | null = null;
    for (let count = 0; count < 2_000 && refusal === null; count += 1) {
      const answer = await ask(
        `mutation { addPerson(input: { name: "p${count}-${'x'.repeat(50)}" }) { userErrors { code } } }`,
      );
      if (answer.body.errors !== undefined) refusal = answer;
    }
    expect(refusal?.body.errors[0]).toMatchObject({
      message: "Starwarden's own database cannot write: its disk is full, or it is read-only",
      extensions: { code: 'STORE_UNAVAILABLE', retryable: true },
    });
    expect((await ask('{ viewer { name } }')).body.data).toMatchObject({ viewer: { name: 'ada' } });
    expect(await ready()).toMatchObject({ status: 503, ready: false, mysql: 'refuses-writes' });
    await freeDisk(dir);
    expect((await ask('mutation { addPerson(input: { name: "later" }) { userErrors { code } } }')).body).toMatchObject({
      data: { addPerson: { userErrors: [] } },
    });
  });
});

async function until(what: () => boolean): Promise<void> {
  const limit = Date.now() + 15_000;
  while (!what()) {
    if (Date.now() > limit) throw new Error('waited 15 s for nothing');
    await sleep(10);
  }
}
