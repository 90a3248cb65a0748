import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { z } from 'zod';
import { reservedNames, roles } from './domain/access.ts';
import { isTimeZone } from './domain/cron.ts';
import { type DigestTime, readMinute } from './domain/delivery/digest-times.ts';
import type { PrometheusSite } from './domain/metrics/prometheus/site.ts';
import { mistakesOf } from './domain/mistakes.ts';
import { type SealingKeys, sealingKey } from './domain/sealing.ts';
import { count } from './domain/words.ts';
import { AppError, messageOf } from './errors.ts';

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const milliseconds = (from: number, to: number) => z.coerce.number().int().min(from).max(to);
const parts = ['api', 'worker', 'bot', 'monitor'] as const;

const bootstrapTokens = z.array(
  z.object({
    owner: z
      .string()
      .regex(/^[a-z][a-z0-9._-]{0,63}$/, 'the name of a person, in lower case')
      .refine((name) => !reservedNames.includes(name), `${reservedNames.join(', ')} are Starwarden's own names`),
    role: z.enum(roles),
    token: z.string().min(16).max(200),
  }),
);

const slackLinks = z.array(
  z.object({
    user: z.string().regex(/^[UW][A-Z0-9]{2,31}$/, 'the id of a Slack user, such as U0123ABCD'),
    owner: z.string().regex(/^[a-z][a-z0-9._-]{0,63}$/, 'the name of a person, in lower case'),
  }),
);

const labelName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a label of Prometheus, such as cluster');

const prometheusClusters = z.record(
  z.string(),
  z
    .strictObject({
      labels: z.record(labelName, z.string().min(1)).optional(),
      instances: z
        .record(
          z.string().regex(/^\S+:\d+$/, "a node's address and HTTP port, such as 10.0.0.11:8030"),
          z.string().min(1),
        )
        .optional(),
    })
    .nullable(),
);

const environment = z.object({
  DATABASE_URL: z
    .string('is needed: mysql://user:password@host:3306/starwarden')
    .regex(/^mysql:\/\//, 'looks like mysql://user:password@host:3306/starwarden'),
  REDIS_URL: z
    .string('is needed: redis://:password@host:6379/0')
    .regex(/^rediss?:\/\//, 'looks like redis://:password@host:6379/0'),
  STARWARDEN_SECRET_KEY: z.string('is needed: make one with `openssl rand -base64 32`'),
  STARWARDEN_BOOTSTRAP_TOKENS: z.string().optional(),
  STARWARDEN_INSECURE_NO_AUTH: flag.default(false),
  STARWARDEN_PARTS: z.string().default(parts.join(',')),
  STARWARDEN_LEASE_MS: milliseconds(1_000, 600_000).default(15_000),
  STARWARDEN_RECOVER_INTERVAL_MS: milliseconds(50, 60_000).default(1_000),
  STARWARDEN_WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(200).default(20),
  STARWARDEN_SSH_COMMANDS_AT_ONCE: z.coerce.number().int().min(1).max(1_000).default(64),
  STARWARDEN_SSH_UPLOADS_AT_ONCE: z.coerce.number().int().min(1).max(200).default(16),
  STARWARDEN_PROBE_INTERVAL_MS: milliseconds(200, 3_600_000).default(15_000),
  STARWARDEN_NODE_DOWN_FOR_MS: milliseconds(0, 3_600_000).default(0),
  STARWARDEN_SECRET_ENV_PREFIX: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*_$/, 'is upper case and ends with an underscore, such as STARWARDEN_CRED_')
    .default('STARWARDEN_CRED_'),
  STARWARDEN_SECRET_DIR: z
    .string()
    .regex(/^\/.*[^/]$/, 'is an absolute path without a slash at its end')
    .default('/run/secrets'),
  STARWARDEN_RELEASES_DIR: z
    .string()
    .regex(/^\/.*[^/]$/, 'is an absolute path without a slash at its end')
    .optional(),
  STARWARDEN_DOWNLOADS_DIR: z
    .string()
    .regex(/^\/.*[^/]$/, 'is an absolute path without a slash at its end')
    .default(`/var/tmp/starwarden-downloads-${userInfo().uid}`),
  STARWARDEN_DOWNLOADS_MAX_GIB: z.coerce.number().min(0.001).max(100_000).default(20),
  STARWARDEN_QUEUE_PREFIX: z
    .string()
    .regex(/^[\w:-]{1,64}$/, 'has 1 to 64 letters, digits, underscores, colons and hyphens')
    .default('starwarden'),
  STARWARDEN_APPROVAL_ENVIRONMENTS: z
    .string()
    .regex(/^([a-z][a-z0-9-]{0,39}(,[a-z][a-z0-9-]{0,39})*|none)$/, 'is a list such as `prod,staging`, or `none`')
    .default('prod'),
  SSH_AUTH_SOCK: z.string().optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  HOST: z.string().default('127.0.0.1'),
  STARWARDEN_TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
  STARWARDEN_API_RATE_PER_MINUTE: z.coerce.number().int().min(0).max(1_000_000).default(6_000),
  SLACK_BOT_TOKEN: z.string().optional(),
  SLACK_APP_TOKEN: z.string().optional(),
  SLACK_SIGNING_SECRET: z.string().optional(),
  SLACK_SOCKET_MODE: flag.default(true),
  STARWARDEN_DOCS_URL: z.url({ protocol: /^https?$/ }).optional(),
  SLACK_API_URL: z.string().optional(),
  SLACK_ALERT_CHANNEL: z.string().optional(),
  SLACK_FALLBACK_CHANNEL: z.string().optional(),
  SLACK_RUN_CHANNEL: z.string().optional(),
  SLACK_DIGEST_AT: z
    .string()
    .refine((text) => readMinute(text) !== null, 'a time of the day, such as 09:00')
    .optional(),
  SLACK_DIGEST_TIME_ZONE: z.string().refine(isTimeZone, 'an IANA name, such as Europe/Berlin or UTC').optional(),
  SLACK_LINKS: z.string().optional(),
  PROMETHEUS_URL: z.string().optional(),
  PROMETHEUS_BEARER_TOKEN: z.string().optional(),
  PROMETHEUS_USER: z.string().optional(),
  PROMETHEUS_PASSWORD: z.string().optional(),
  PROMETHEUS_CLUSTER_LABEL: labelName.optional(),
  PROMETHEUS_INSTANCE_LABEL: labelName.default('instance'),
  PROMETHEUS_SCRAPE_INTERVAL_MS: milliseconds(1_000, 600_000).default(60_000),
  PROMETHEUS_TIMEOUT_MS: milliseconds(100, 120_000).default(10_000),
  PROMETHEUS_CLUSTERS: z.string().optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

export type BootstrapToken = z.infer<typeof bootstrapTokens>[number];

export type SlackConfig = {
  readonly botToken: string;
  /** Null when requests come over HTTP. */
  readonly appToken: string | null;
  /** Null in Socket Mode. */
  readonly signingSecret: string | null;
  /** Ends in `/api/`; only tests and the sandbox set it. */
  readonly apiUrl: string | null;
  /** Where people read the files of this repository, ends with a slash; null = cards have no links to runbooks. */
  readonly docsUrl: string | null;
  /** Channel ids. Null = alerts (or runs asked for outside of Slack) are not posted. */
  readonly alertChannel: string | null;
  /** Where messages about alerts go when their channel cannot be reached; null = nowhere. */
  readonly fallbackChannel: string | null;
  readonly runChannel: string | null;
  /** When channels get their daily message. */
  readonly digest: DigestTime;
  /** Slack users that act as these people without linking themselves first. */
  readonly links: readonly { readonly user: string; readonly owner: string }[];
};

export type PrometheusConfig = {
  /** Without `/api/v1`. */
  readonly url: string;
  /** The token, or the name and the password, each as it is or as `env:NAME` or `file:PATH`; null = neither. */
  readonly login:
    | { readonly kind: 'BEARER'; readonly token: string }
    | { readonly kind: 'BASIC'; readonly user: string; readonly password: string }
    | null;
  readonly timeoutMs: number;
  readonly site: PrometheusSite;
};

export type Config = {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly queuePrefix: string;
  readonly parts: ReadonlySet<(typeof parts)[number]>;
  /** Unique name of this process among all workers. */
  readonly holder: string;
  readonly secretKeys: SealingKeys;
  readonly secretEnvPrefix: string;
  readonly secretDirectory: string;
  /** Archives of releases may be registered by path from here only; null = none may. */
  readonly releasesDirectory: string | null;
  /** Where archives that were fetched from a URL are kept, and how much may be kept. */
  readonly downloads: { readonly directory: string; readonly mostBytes: number };
  /** Reads one variable for a secret given as `env:NAME`; the name was checked against the prefix. */
  readonly readEnv: (name: string) => string | undefined;
  readonly sshAgentSocket: string | null;
  /** Over all hosts. */
  readonly ssh: { readonly commandsAtOnce: number; readonly uploadsAtOnce: number };
  /** Environment labels whose clusters need other people's approval. */
  readonly approvalEnvironments: readonly string[];
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** How many proxies in front are trusted to report the caller's address. */
    readonly trustedProxies: number;
    /** Requests a minute for one token; 0 = no limit. */
    readonly requestsPerMinute: number;
    /** Whether browsers that open /graphql get an explorer: not in production. */
    readonly explorer: boolean;
  };
  readonly auth: { readonly insecure: boolean; readonly bootstrapTokens: readonly BootstrapToken[] };
  readonly worker: { readonly leaseMs: number; readonly recoverEveryMs: number; readonly concurrency: number };
  readonly monitor: {
    readonly probeEveryMs: number;
    /** By the name of the alert rule: the settings to use instead of its defaults. */
    readonly rules: Readonly<Record<string, unknown>>;
  };
  readonly slack: SlackConfig | null;
  /** Where numbers of the past are read that it has; null = Starwarden's own history is all there is. */
  readonly prometheus: PrometheusConfig | null;
  readonly logLevel: string;
};

/** Reads the environment. Reports every mistake at once, by the name of the variable, without its value. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(given);
  const mistakes = parsed.success
    ? []
    : mistakesOf(parsed.error, given).map(({ path, text }) => `${path.join('.')}: ${text}`);
  const tokens = attempt(mistakes, 'STARWARDEN_BOOTSTRAP_TOKENS', () =>
    parseAs(bootstrapTokens, JSON.parse(given.STARWARDEN_BOOTSTRAP_TOKENS ?? '[]')),
  );
  const keys = attempt(mistakes, 'STARWARDEN_SECRET_KEY', () =>
    (given.STARWARDEN_SECRET_KEY ?? '')
      .split(',')
      .filter(Boolean)
      .map((text) => sealingKey(text.trim())),
  );
  const wanted = attempt(
    mistakes,
    'STARWARDEN_PARTS',
    () => new Set(parseAs(z.array(z.enum(parts)).min(1), (given.STARWARDEN_PARTS ?? parts.join(',')).split(','))),
  );
  const slack = attempt(mistakes, 'SLACK_*', () => slackConfig(given));
  const prometheus = attempt(mistakes, 'PROMETHEUS_*', () =>
    parsed.success ? prometheusConfig(parsed.data, given) : null,
  );
  if (!parsed.success || tokens === null || keys === null || wanted === null || mistakes.length > 0) {
    throw new AppError(
      'INVALID_INPUT',
      `The configuration has ${count(mistakes.length, 'mistake')}:\n  ${mistakes.join('\n  ')}`,
      { hint: '.env.example lists every variable.' },
    );
  }
  const vars = parsed.data;
  return {
    databaseUrl: vars.DATABASE_URL,
    redisUrl: vars.REDIS_URL,
    queuePrefix: vars.STARWARDEN_QUEUE_PREFIX,
    parts: wanted,
    holder: `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`.slice(-64),
    secretKeys: keys,
    secretEnvPrefix: vars.STARWARDEN_SECRET_ENV_PREFIX,
    secretDirectory: vars.STARWARDEN_SECRET_DIR,
    releasesDirectory: vars.STARWARDEN_RELEASES_DIR ?? null,
    downloads: {
      directory: vars.STARWARDEN_DOWNLOADS_DIR,
      mostBytes: vars.STARWARDEN_DOWNLOADS_MAX_GIB * 1_073_741_824,
    },
    readEnv: (name) => (name.startsWith(vars.STARWARDEN_SECRET_ENV_PREFIX) ? env[name] : undefined),
    sshAgentSocket: vars.SSH_AUTH_SOCK ?? null,
    ssh: {
      commandsAtOnce: vars.STARWARDEN_SSH_COMMANDS_AT_ONCE,
      uploadsAtOnce: vars.STARWARDEN_SSH_UPLOADS_AT_ONCE,
    },
    approvalEnvironments:
      vars.STARWARDEN_APPROVAL_ENVIRONMENTS === 'none' ? [] : vars.STARWARDEN_APPROVAL_ENVIRONMENTS.split(','),
    http: {
      host: vars.HOST,
      port: vars.PORT,
      trustedProxies: vars.STARWARDEN_TRUSTED_PROXIES,
      requestsPerMinute: vars.STARWARDEN_API_RATE_PER_MINUTE,
      explorer: given.NODE_ENV !== 'production',
    },
    auth: { insecure: vars.STARWARDEN_INSECURE_NO_AUTH, bootstrapTokens: tokens },
    worker: {
      leaseMs: vars.STARWARDEN_LEASE_MS,
      recoverEveryMs: vars.STARWARDEN_RECOVER_INTERVAL_MS,
      concurrency: vars.STARWARDEN_WORKER_CONCURRENCY,
    },
    monitor: {
      probeEveryMs: vars.STARWARDEN_PROBE_INTERVAL_MS,
      rules: { node_down: { forMs: vars.STARWARDEN_NODE_DOWN_FOR_MS } },
    },
    slack,
    prometheus,
    logLevel: vars.LOG_LEVEL,
  };
}

function slackConfig(given: Record<string, string | undefined>): SlackConfig | null {
  const botToken = given.SLACK_BOT_TOKEN;
  if (botToken === undefined) return null;
  const socketMode = given.SLACK_SOCKET_MODE !== 'false';
  const appToken = given.SLACK_APP_TOKEN ?? null;
  const signingSecret = given.SLACK_SIGNING_SECRET ?? null;
  if (socketMode && appToken === null) throw new Error('SLACK_APP_TOKEN is needed in Socket Mode');
  if (!socketMode && signingSecret === null)
    throw new Error('SLACK_SIGNING_SECRET is needed when SLACK_SOCKET_MODE=false');
  return {
    botToken,
    appToken: socketMode ? appToken : null,
    signingSecret: socketMode ? null : signingSecret,
    apiUrl: given.SLACK_API_URL ?? null,
    docsUrl: docsUrl(given.STARWARDEN_DOCS_URL),
    alertChannel: given.SLACK_ALERT_CHANNEL ?? null,
    fallbackChannel: given.SLACK_FALLBACK_CHANNEL ?? null,
    runChannel: given.SLACK_RUN_CHANNEL ?? null,
    digest: {
      minute: readMinute(given.SLACK_DIGEST_AT ?? '') ?? 9 * 60,
      timeZone: given.SLACK_DIGEST_TIME_ZONE ?? 'UTC',
    },
    links: parseAs(slackLinks, JSON.parse(given.SLACK_LINKS ?? '[]')),
  };
}

function docsUrl(given: string | undefined): string | null {
  return given === undefined ? null : `${given.replace(/\/+$/, '')}/`;
}

function prometheusConfig(
  vars: z.infer<typeof environment>,
  given: Record<string, string | undefined>,
): PrometheusConfig | null {
  const url = vars.PROMETHEUS_URL;
  if (url === undefined) {
    // Others that begin so are none of ours: Kubernetes sets PROMETHEUS_PORT beside a service of that name.
    const idle = Object.keys(environment.shape).find(
      (name) => name.startsWith('PROMETHEUS_') && given[name] !== undefined,
    );
    if (idle === undefined) return null;
    throw new Error(`${idle} is set and PROMETHEUS_URL is not`);
  }
  return {
    url: prometheusUrl(url),
    login: prometheusLogin(vars),
    timeoutMs: vars.PROMETHEUS_TIMEOUT_MS,
    site: {
      clusterLabel: vars.PROMETHEUS_CLUSTER_LABEL ?? null,
      instanceLabel: vars.PROMETHEUS_INSTANCE_LABEL,
      scrapeMs: vars.PROMETHEUS_SCRAPE_INTERVAL_MS,
      clusters: prometheusSites(vars.PROMETHEUS_CLUSTERS ?? '{}'),
    },
  };
}

/** Its own text is never repeated: there may be a password in it. */
function prometheusUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new Error('PROMETHEUS_URL looks like https://prometheus.example.com or http://10.0.0.5:9090');
  if (url.username !== '' || url.password !== '')
    throw new Error('PROMETHEUS_URL has no login in it; PROMETHEUS_USER and PROMETHEUS_PASSWORD are for that');
  if (url.search !== '' || url.hash !== '') throw new Error('PROMETHEUS_URL ends with its path: no ? and no #');
  const path = url.pathname.replace(/\/+$/, '');
  if (path.endsWith('/api/v1')) throw new Error('PROMETHEUS_URL is the address without /api/v1');
  return `${url.origin}${path}`;
}

function prometheusLogin(vars: z.infer<typeof environment>): PrometheusConfig['login'] {
  const { PROMETHEUS_BEARER_TOKEN: token, PROMETHEUS_USER: user, PROMETHEUS_PASSWORD: password } = vars;
  if ((user === undefined) !== (password === undefined))
    throw new Error('PROMETHEUS_USER and PROMETHEUS_PASSWORD are set together');
  if (token !== undefined && user !== undefined)
    throw new Error('PROMETHEUS_BEARER_TOKEN and PROMETHEUS_USER are two logins; one is sent');
  if (token !== undefined) return { kind: 'BEARER', token };
  if (user === undefined || password === undefined) return null;
  if (user.includes(':')) throw new Error('PROMETHEUS_USER has no colon');
  return { kind: 'BASIC', user, password };
}

function prometheusSites(text: string): PrometheusSite['clusters'] {
  try {
    return parseAs(prometheusClusters, JSON.parse(text));
  } catch (error) {
    throw new Error(
      `PROMETHEUS_CLUSTERS ${error instanceof SyntaxError ? 'is not JSON' : `has a mistake: ${messageOf(error)}`}`,
    );
  }
}

function parseAs<T>(shape: z.ZodType<T>, given: unknown): T {
  const parsed = shape.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Error(
    mistakesOf(parsed.error, given, 'the list')
      .map(({ message }) => message)
      .join('; '),
  );
}

function attempt<T>(mistakes: string[], name: string, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    const text = error instanceof SyntaxError ? 'is not JSON' : messageOf(error);
    if (!mistakes.some((mistake) => mistake.startsWith(`${name}:`))) mistakes.push(`${name}: ${text}`);
    return null;
  }
}
