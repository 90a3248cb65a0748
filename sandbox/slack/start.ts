import { type Call, createCallLog } from './call-log.ts';
import { type Clock, createClock } from './clock.ts';
import { type Control, createControl } from './control/control.ts';
import { createControlRoute } from './control/routes.ts';
import type { Core } from './core.ts';
import { createHttpTransport } from './deliver/http-request.ts';
import { createSocketHub } from './deliver/socket-hub.ts';
import { createFaults } from './faults.ts';
import { createHands, type Hands } from './hands/hands.ts';
import { createPageRoute } from './page/route.ts';
import { createRates } from './rates.ts';
import { createSlackServer, listen } from './server.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { createTokens } from './tokens.ts';
import { createTriggers } from './triggers.ts';
import { createIds } from './workspace/ids.ts';
import { defaultSeed, type Seed } from './workspace/seed.ts';
import type { Channel, User } from './workspace/types.ts';
import { createWorkspace, findUser } from './workspace/workspace.ts';

export type SlackOptions = {
  /** Default 0: any free one. */
  readonly port?: number;
  readonly clock?: Clock;
  /** true: payloads go over WebSockets that the app opens; false: signed requests to `requestUrl`. */
  readonly socketMode: boolean;
  readonly requestUrl?: string;
  /** A file that gets one JSON line per Web API call. */
  readonly callLog?: string;
  readonly seed?: Seed;
  readonly settings?: Partial<Settings>;
  readonly signingSecret?: string;
};

/** A running stand-in for Slack. */
export type Slack = {
  readonly url: string;
  /** What `slackApiUrl` of the Slack SDK wants. */
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly team: { readonly id: string; readonly name: string; readonly domain: string };
  readonly appId: string;
  readonly bot: User;
  readonly users: ReadonlyMap<string, User>;
  readonly channels: ReadonlyMap<string, Channel>;
  /** The hands of a user, by name or id. */
  person(nameOrId: string): Hands;
  /** The id of a channel, by name. */
  channelId(name: string): string;
  readonly ctl: Control;
  calls(): readonly Call[];
  /** From now on connections are refused, and those that are open break; people go on. Until `comeBack`, at the same address. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  stop(): Promise<void>;
};

export async function startSlack(options: SlackOptions): Promise<Slack> {
  const clock = options.clock ?? createClock();
  const settings = { ...defaultSettings, ...options.settings };
  const seed = options.seed ?? defaultSeed;
  const ids = createIds(clock);
  const workspace = createWorkspace(seed, ids);
  const core: Core = {
    settings,
    clock,
    ids,
    workspace,
    tokens: createTokens(ids, { user: workspace.botUser.id, scopes: seed.bot.scopes }),
    signingSecret: options.signingSecret ?? ids.secret(''),
    triggers: createTriggers(clock, ids),
    rates: createRates(clock, settings),
    faults: createFaults(),
    calls: createCallLog(options.callLog ?? null),
    complaints: [],
    states: new Map(),
    tickets: new Map(),
    responseUrls: new Map(),
    url: '',
  };
  const target = { requestUrl: options.requestUrl ?? null };
  const sockets = createSocketHub(core);
  const transport = options.socketMode ? sockets : createHttpTransport(core, target);
  const control = createControl({ core, sockets, target });
  const person = (nameOrId: string): Hands => {
    const user = findUser(workspace, nameOrId);
    if (user === null) throw new Error(`there is no user ${nameOrId}`);
    return createHands({ core, transport, user });
  };

  const controlRoute = createControlRoute({ core, control, person });
  const pageRoute = createPageRoute(core);
  const server = createSlackServer(core, async (request) => (await controlRoute(request)) || pageRoute(request));
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));
  core.url = `http://127.0.0.1:${await listen(server, options.port ?? 0)}`;

  return {
    url: core.url,
    apiUrl: `${core.url}/api/`,
    botToken: core.tokens.bot.value,
    appToken: core.tokens.app.value,
    signingSecret: core.signingSecret,
    team: workspace.team,
    appId: workspace.appId,
    bot: workspace.botUser,
    users: workspace.users,
    channels: workspace.channels,
    person,
    channelId: (name) => control.channel(name).id,
    ctl: control,
    calls: () => core.calls.all,
    async goAway() {
      const closed = new Promise((done) => server.close(done));
      sockets.kill();
      server.closeAllConnections();
      await closed;
    },
    async comeBack() {
      await listen(server, Number(new URL(core.url).port));
    },
    async stop() {
      clock.stop();
      await sockets.stop();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
