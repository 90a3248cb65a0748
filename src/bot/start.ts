import { setTimeout as sleep } from 'node:timers/promises';
import { App, type Receiver } from '@slack/bolt';
import { WebAPIRateLimitedError } from '@slack/web-api';
import type { RequestHandler } from 'express';
import { type DeliveryTimes, deliveryTimes } from '../domain/delivery/delivery-times.ts';
import { openChannel } from '../store/slack/channel-plan.ts';
import type { Bot, BotContext, BotSettings } from './bot.ts';
import { checkSlack } from './checks.ts';
import { allCommands } from './commands/all.ts';
import { createSeenInSlack, errorName } from './lookup.ts';
import { defaultPace, letInAgainMs, type Pace } from './messages/pace.ts';
import { startReconciler } from './messages/reconcile.ts';
import { type Incoming, route } from './router.ts';
import { type Clients, clientOptions, createClients, slackLogger } from './slack/clients.ts';
import { createHttpReceiver } from './slack/http-receiver.ts';
import { createSocketReceiver, keepConnected } from './slack/socket.ts';

export type RunningBot = {
  /** Stops, and waits some seconds at most for what is under way. */
  stop(): Promise<void>;
  /** To be mounted at `/slack/events`, before anything reads the body; null in Socket Mode and without Slack. */
  readonly httpHandler: RequestHandler | null;
};

export type BotOptions = {
  readonly pace?: Partial<Pace>;
  /** Other times than usual until people are told of alerts; for labs, in which minutes are seconds. */
  readonly deliveryTimes?: Partial<DeliveryTimes>;
};

/** How long the start of the program waits for Slack before it goes on without it. */
const patienceMs = 5_000;
const drainMs = 5_000;

/**
 * Starts the bot, or nothing when Slack is not configured. Never throws because of Slack: while Slack cannot be
 * reached it tries again in the background, and everything else goes on.
 */
export async function startBot(context: BotContext, options: BotOptions = {}): Promise<RunningBot> {
  const { slack: settings } = context.config;
  if (settings === null) {
    context.log.info('slack is not configured, so there is no bot');
    return { stop: async () => {}, httpHandler: null };
  }
  const log = context.log.child({ part: 'bot' });
  const commands = allCommands(context.operations);
  const http =
    settings.signingSecret === null
      ? null
      : createHttpReceiver({ signingSecret: settings.signingSecret, log, now: context.now });
  const stopping = new AbortController();
  let running: Part | null = null;

  const begin = async (): Promise<void> => {
    const clients = createClients(settings, log);
    for (let failures = 1; !stopping.signal.aborted; failures += 1) {
      try {
        // Before Slack lets us in: that nobody is told is seen from outside by it.
        if (settings.alertChannel !== null) await openChannel(context.db, settings.alertChannel);
        const self = await introduce(clients);
        if (stopping.signal.aborted) return;
        const parts = {
          settings,
          clients,
          self,
          commands,
          log,
          pace: { ...defaultPace, ...options.pace },
          times: { ...deliveryTimes, ...options.deliveryTimes },
          http: http?.receiver ?? null,
        };
        running = await startParts(context, parts);
        await checkSlack({ clients, settings, scopes: self.scopes, log });
        return;
      } catch (err) {
        log.error({ err, error: errorName(err) }, 'the slack bot cannot come up yet, will try again');
        const pauseMs = Math.max(letInAgainMs(failures), pauseOf(err));
        await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {}); // woken by stop
      }
    }
  };
  const begun = begin();
  await Promise.race([begun, sleep(patienceMs, undefined, { ref: false })]);
  return {
    httpHandler: http?.handler ?? null,
    stop: async () => {
      stopping.abort();
      await begun;
      await running?.stop();
    },
  };
}

/** How long Slack asks to be left alone, in milliseconds. */
function pauseOf(error: unknown): number {
  return error instanceof WebAPIRateLimitedError ? error.retryAfter * 1_000 : 0;
}

type Part = { stop(): Promise<void> };
type Self = Bot['self'] & { readonly botId: string; readonly scopes: readonly string[] };

/** Asks Slack who we are. */
async function introduce(clients: Clients): Promise<Self> {
  const answer = await clients.lookup.auth.test();
  if (answer.team_id === undefined || answer.user_id === undefined)
    throw new Error('auth.test does not say who we are');
  return {
    team: answer.team_id,
    user: answer.user_id,
    botId: answer.bot_id ?? '',
    scopes: answer.response_metadata?.scopes ?? [],
  };
}

type Parts = {
  settings: BotSettings;
  clients: Clients;
  self: Self;
  commands: Bot['commands'];
  log: Bot['log'];
  pace: Pace;
  times: DeliveryTimes;
  http: Receiver | null;
};

async function startParts(
  context: BotContext,
  { settings, clients, self, commands, log, pace, times, http }: Parts,
): Promise<Part> {
  let wakeCards = () => {};
  const bot: Bot = {
    log,
    db: context.db,
    operations: context.operations,
    engine: context.engine,
    now: context.now,
    pictures: context.pictures,
    settings,
    clients,
    self,
    seen: createSeenInSlack(clients.lookup, { team: self.team, now: context.now }),
    commands,
    wakeCards: () => wakeCards(),
  };
  const socket =
    settings.appToken === null
      ? null
      : createSocketReceiver({ appToken: settings.appToken, apiUrl: settings.apiUrl, log });
  const receiver = socket ?? http;
  if (receiver === null) throw new Error('neither an app token nor a signing secret is configured');
  const work = listen(bot, { receiver, self });
  const reconciler = startReconciler(bot, { holder: context.config.holder, pace, times });
  wakeCards = reconciler.wake;
  const forget = context.doorbell.onChanged(() => reconciler.wake());
  const connection = socket === null ? null : keepConnected(socket, log);
  await connection?.firstTry;
  log.info(
    { team: self.team, user: self.user, transport: socket === null ? 'http' : 'socket', commands: commands.length },
    'the slack bot is up',
  );
  return {
    stop: async () => {
      forget();
      await connection?.stop();
      await http?.stop();
      await Promise.race([Promise.all([...work]), sleep(drainMs, undefined, { ref: false })]);
      await reconciler.stop();
    },
  };
}

/** Connects the receiver with the router; answers the set of requests that are being worked on. */
function listen(bot: Bot, { receiver, self }: { receiver: Receiver; self: Self }): ReadonlySet<Promise<void>> {
  const app = new App({
    receiver,
    token: bot.settings.botToken,
    botId: self.botId,
    botUserId: self.user,
    // `introduce` has already asked who we are; without this setting the kit asks again for the first request.
    tokenVerificationEnabled: false,
    convoStore: false,
    logger: slackLogger(bot.log),
    clientOptions: clientOptions(bot.settings.apiUrl, bot.log),
  });
  const work = new Set<Promise<void>>();
  // One middleware instead of the kit's listeners: these would leave unknown requests without any answer.
  app.use(async (args) => {
    const done = route(bot, {
      body: args.body,
      ack: 'ack' in args && isAck(args.ack) ? args.ack : async () => {}, // the kit has acknowledged events itself
      respond: 'respond' in args && typeof args.respond === 'function' ? args.respond : null,
    });
    work.add(done);
    await done.finally(() => work.delete(done));
  });
  app.error(async (err) => bot.log.error({ err }, 'the slack kit failed with a request'));
  return work;
}

/** Each kind of request has its own type of acknowledgement; the router decides what to pass to it. */
function isAck(value: unknown): value is Incoming['ack'] {
  return typeof value === 'function';
}
