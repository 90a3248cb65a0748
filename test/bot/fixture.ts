import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import { type Slack, type SlackOptions, startSlack } from '../../sandbox/slack/start.ts';
import { type Context, createContext } from '../../src/app/context.ts';
import type { Pace } from '../../src/bot/messages/pace.ts';
import { type RunningBot, startBot } from '../../src/bot/start.ts';
import { loadConfig } from '../../src/config.ts';
import type { Role } from '../../src/domain/access.ts';
import { newId } from '../../src/ids.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import type { AnyOperation } from '../../src/operations/define.ts';
import { insertCluster } from '../../src/store/clusters/inventory.ts';
import { saveTopology } from '../../src/store/clusters/topology.ts';
import { databaseNow } from '../../src/store/database.ts';
import { createMigratedDatabase, createTestRedis } from '../helpers/services.ts';
import { createSteppedOperations } from './operations.ts';

/** Fast enough for tests; the limits that matter have tests of their own. */
const quick: Pace = { pollMs: 50, postGapMs: 0, editGapMs: 0, cardGapMs: 50 };

export type Transport = 'socket' | 'http';

export type WorldOptions = {
  readonly transport?: Transport;
  readonly pace?: Partial<Pace>;
  readonly slack?: Partial<SlackOptions>;
  readonly worker?: boolean;
  /** Settings beside those that every world has. */
  readonly settings?: (slack: Slack) => Readonly<Record<string, string>>;
  /** Beside the stepped ones. */
  readonly operations?: readonly AnyOperation[];
  /** Instead of those that really draw. */
  readonly pictures?: Partial<Context['pictures']>;
};

/** Who acts as whom: kim operates, lee approves, ana may do everything; gus is a guest who was linked all the same. */
const people: Readonly<Record<string, Role>> = { kim: 'OPERATOR', lee: 'APPROVER', ana: 'ADMIN', gus: 'ADMIN' };

export type World = Awaited<ReturnType<typeof startWorld>>;

/** A whole Starwarden with a bot, in front of a stand-in Slack, on a database of its own. */
export async function startWorld(options: WorldOptions = {}) {
  const { transport = 'socket' } = options;
  const database = await createMigratedDatabase();
  const redis = await createTestRedis();
  const slack = await startSlack({ socketMode: transport === 'socket', settings: { rates: 'off' }, ...options.slack });
  const stepped = createSteppedOperations();
  const config = loadConfig({
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    STARWARDEN_QUEUE_PREFIX: redis.prefix,
    STARWARDEN_SECRET_KEY: randomBytes(32).toString('base64'),
    STARWARDEN_RECOVER_INTERVAL_MS: '100',
    LOG_LEVEL: 'silent',
    ...slackEnvironment(slack, transport),
    ...options.settings?.(slack),
  });
  const made = await createContext(config, {
    operations: [...stepped.operations, ...(options.operations ?? [])],
  });
  const { close } = made;
  const ctx: Context = { ...made.ctx, pictures: { ...made.ctx.pictures, ...options.pictures } };
  const clusters = await seed(ctx);
  const worker =
    options.worker === false
      ? null
      : startWorker(ctx.engine, {
          redisUrl: redis.url,
          prefix: redis.prefix,
          concurrency: 5,
          recoverEveryMs: 100,
        });
  const pace = { ...quick, ...options.pace };
  let bot = await startBot(ctx, { pace });
  const server = await listen(() => bot);
  slack.ctl.useRequestUrl(`${server.url}/slack/events`);
  if (transport === 'socket') await slack.ctl.sockets.connected();

  return {
    slack,
    ctx,
    clusters,
    open: stepped.open,
    applied: stepped.applied,
    eventsUrl: `${server.url}/slack/events`,
    kim: slack.person('kim'),
    lee: slack.person('lee'),
    ana: slack.person('ana'),
    /** Another bot process on the same database. */
    startSecondBot: () => startBot({ ...ctx, config: { ...config, holder: `${config.holder}-2` } }, { pace }),
    stopBot: () => bot.stop(),
    startBot: async () => {
      bot = await startBot(ctx, { pace });
      if (transport === 'socket') await slack.ctl.sockets.connected();
    },
    stop: async () => {
      await worker?.stop();
      await bot.stop();
      await server.stop();
      await slack.stop();
      await close();
      await database.drop();
    },
  };
}

function slackEnvironment(slack: Slack, transport: Transport): Record<string, string> {
  const links = Object.keys(people).map((owner) => ({ user: slack.person(owner).user.id, owner }));
  return {
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_API_URL: slack.apiUrl,
    SLACK_ALERT_CHANNEL: slack.channelId('ops-alerts'),
    STARWARDEN_DOCS_URL: 'https://docs.example/starwarden',
    SLACK_RUN_CHANNEL: slack.channelId('ops-alerts'),
    SLACK_LINKS: JSON.stringify(links),
    ...(transport === 'socket'
      ? { SLACK_APP_TOKEN: slack.appToken }
      : { SLACK_SOCKET_MODE: 'false', SLACK_SIGNING_SECRET: slack.signingSecret }),
  };
}

/** Two clusters with nodes, and people with roles everywhere. */
async function seed(ctx: Context) {
  const { db } = ctx;
  for (const [name, role] of Object.entries(people)) {
    const id = newId('per');
    await db.insertInto('person').values({ id, name, created_at: databaseNow, disabled_at: null }).execute();
    await db.insertInto('role_binding').values({ person_id: id, role, scope_kind: 'all', scope_value: '' }).execute();
  }
  const dev = await addCluster(ctx, { name: 'dev-one', environment: 'dev' });
  const prod = await addCluster(ctx, { name: 'prod-eu', environment: 'prod' });
  return { dev, prod };
}

async function addCluster(ctx: Context, { name, environment }: { name: string; environment: string }): Promise<string> {
  const id = newId('clu');
  await insertCluster(ctx.db, {
    id,
    name,
    environment,
    sqlUser: 'root',
    passwordRef: 'secret:none',
    seeds: [],
    tls: null,
  });
  const node = (kind: 'FRONTEND' | 'BACKEND', host: string, port: number) => ({
    kind,
    host,
    port,
    httpPort: null,
    queryPort: null,
    role: kind === 'FRONTEND' ? 'LEADER' : null,
    alive: true,
    decommissioning: false,
    version: '3.5.0',
    startedAt: null,
    tabletCount: null,
    maxDiskUsedPercent: 12.4,
    location: null,
    errorMessage: null,
  });
  await saveTopology(ctx.db, id, {
    nodes: [node('FRONTEND', '10.0.0.1', 9010), node('BACKEND', '10.0.0.11', 9050), node('BACKEND', '10.0.0.12', 9050)],
    runMode: 'shared_nothing',
  });
  return id;
}

/** The product's own server mounts the handler like this: before anything reads the body. */
async function listen(bot: () => RunningBot): Promise<{ url: string; stop: () => Promise<void> }> {
  const app = express();
  app.use('/slack/events', (request, response, next) => {
    const { httpHandler } = bot();
    if (httpHandler === null) response.sendStatus(404);
    else httpHandler(request, response, next);
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port for a listening socket');
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A button as a message of ours may have carried it, whatever it says. */
export function button(actionId: string, value: string) {
  return {
    type: 'button',
    action_id: actionId,
    text: { type: 'plain_text', text: 'Press' },
    ...(value === '' ? {} : { value }),
  };
}

/** Posts buttons as if the bot had: for values that no message of ours carries any more, or ever did. */
export async function postAsBot(
  { slack }: Pick<World, 'slack'>,
  { channel, elements }: { channel: string; elements: object[] },
) {
  const body = new URLSearchParams({
    channel: slack.channelId(channel),
    text: 'buttons',
    blocks: JSON.stringify([{ type: 'actions', block_id: 'b', elements }]),
  });
  const response = await fetch(`${slack.apiUrl}chat.postMessage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
  });
  const answer: unknown = await response.json();
  if (typeof answer !== 'object' || answer === null || !('ts' in answer)) throw new Error(JSON.stringify(answer));
  return { channel: slack.channelId(channel), ts: String(answer.ts) };
}
