import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { worldMark } from './processes.ts';
import { type Starwarden, startStarwarden } from './starwarden.ts';

export type Tokens = {
  readonly viewer: string;
  readonly operator: string;
  readonly approver: string;
  readonly admin: string;
};

/** Starwarden as a part of a world: it can be killed and comes back at the same address with the same secrets. */
export type ManagedStarwarden = {
  readonly tokens: Tokens;
  readonly url: string;
  readonly graphqlUrl: string;
  readonly logFile: string;
  /** Null while it does not run. */
  pid(): number | null;
  /** SIGKILL, also while it starts: that start fails then. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** SIGTERM; it ends in order. */
  stop(): Promise<void>;
};

/** How an app reaches Slack. */
export type SlackAccess = {
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  /** Whose Slack accounts are linked to the people of the world, and where messages go. */
  readonly users: ReadonlyMap<string, { readonly id: string; readonly name: string }>;
  readonly channels: ReadonlyMap<string, { readonly id: string; readonly name: string }>;
};

/** The people of a world: who holds which role, under the same names in Starwarden and in Slack. */
const people = { viewer: 'vic', operator: 'kim', approver: 'lee', admin: 'ana' } as const satisfies Record<
  keyof Tokens,
  string
>;

export type ManagedOptions = {
  readonly worldDir: string;
  readonly logFile: string;
  readonly services: { readonly databaseUrl: string; readonly redisUrl: string };
  readonly slack: SlackAccess | null;
  readonly probeIntervalMs: number;
  /** The program to run instead of Starwarden, below the project's directory. */
  readonly program?: string;
};

/** Starts Starwarden for a world, with a key and tokens made for this world alone. */
export async function startManagedStarwarden(options: ManagedOptions): Promise<ManagedStarwarden> {
  const { logFile } = options;
  const tokens = makeTokens();
  const env = starwardenEnv({ ...options, tokens, secretKey: randomBytes(32).toString('base64') });
  const launch = (port: string, signal?: AbortSignal) =>
    startStarwarden({
      ...{ env: { ...env, PORT: port }, logFile },
      ...(options.program && { program: options.program }),
      ...(signal && { signal }),
    });
  let running: Starwarden | null = await launch('0');
  let starting = new AbortController();
  const { url, graphqlUrl } = running;
  const end = async (how: 'kill' | 'stop') => {
    const ended = running;
    running = null;
    await ended?.[how]();
  };
  return {
    tokens,
    url,
    graphqlUrl,
    logFile,
    pid: () => running?.pid ?? null,
    kill: () => {
      starting.abort();
      return end('kill');
    },
    stop: () => end('stop'),
    async start() {
      if (running !== null) return;
      starting = new AbortController();
      running = await launch(new URL(url).port, starting.signal);
    },
  };
}

function makeTokens(): Tokens {
  const token = () => `swt_${randomBytes(24).toString('base64url')}`;
  return { viewer: token(), operator: token(), approver: token(), admin: token() };
}

type EnvInput = ManagedOptions & { readonly tokens: Tokens; readonly secretKey: string };

function starwardenEnv({ services, slack, tokens, secretKey, worldDir, probeIntervalMs }: EnvInput) {
  const bootstrap = (['viewer', 'operator', 'approver', 'admin'] as const).map((role) => ({
    role: role.toUpperCase(),
    token: tokens[role],
    owner: people[role],
  }));
  return {
    [worldMark]: worldDir,
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    STARWARDEN_SECRET_KEY: secretKey,
    STARWARDEN_BOOTSTRAP_TOKENS: JSON.stringify(bootstrap),
    STARWARDEN_DOWNLOADS_DIR: join(worldDir, 'downloads'),
    STARWARDEN_PROBE_INTERVAL_MS: String(Math.max(200, Math.round(probeIntervalMs))),
    // Its archives may be registered by their path.
    STARWARDEN_RELEASES_DIR: join(worldDir, 'releases'),
    LOG_LEVEL: 'info',
    ...(slack === null ? {} : slackEnv(slack)),
  };
}

function slackEnv(slack: SlackAccess) {
  return {
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_SIGNING_SECRET: slack.signingSecret,
    SLACK_API_URL: slack.apiUrl,
    SLACK_SOCKET_MODE: 'true',
    SLACK_ALERT_CHANNEL: channelId(slack, 'ops-alerts'),
    SLACK_RUN_CHANNEL: channelId(slack, 'sr-demo'),
    SLACK_LINKS: JSON.stringify(linksOf(slack)),
  };
}

function channelId({ channels }: SlackAccess, name: string): string {
  return [...channels.values()].find((channel) => channel.name === name)?.id ?? '';
}

function linksOf({ users }: SlackAccess): { user: string; owner: string }[] {
  return Object.values(people).flatMap((owner) => {
    const user = [...users.values()].find((one) => one.name === owner)?.id;
    return user === undefined ? [] : [{ user, owner }];
  });
}
