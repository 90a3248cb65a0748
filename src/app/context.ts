import { type Logger, pino } from 'pino';
import { createNodeHttp } from '../adapters/http/fetch.ts';
import { sendBytes } from '../adapters/http/send-bytes.ts';
import { type SendWebhook, sendWebhook } from '../adapters/http/send-webhook.ts';
import { createSsh } from '../adapters/ssh/ssh2.ts';
import { createStarRocks } from '../adapters/starrocks/mysql2.ts';
import type { Pictures } from '../bot/slack/pictures.ts';
import { createPainter } from '../charts/painter.ts';
import type { Config } from '../config.ts';
import { type Doorbell, openDoorbell } from '../jobs/doorbell.ts';
import type { AnyOperation } from '../operations/define.ts';
import { operations } from '../operations/index.ts';
import type { Engine } from '../runs/engine.ts';
import { type DatabaseOptions, migrate, openDatabase } from '../store/database.ts';
import type { SecretSettings } from '../store/secrets/secrets.ts';
import { makeConnections } from './connections.ts';
import { openPrometheus } from './open-prometheus.ts';
import { readRuleOnNumber } from './rule-on-number.ts';

/** What the parts of the program are built from; each part names the members that it needs. */
export type Context = Pick<Engine, 'log' | 'db' | 'operations' | 'now'> & {
  readonly config: Config;
  readonly doorbell: Doorbell;
  readonly engine: Engine;
  readonly connections: ReturnType<typeof makeConnections>;
  readonly pictures: Pictures;
  readonly secrets: SecretSettings;
  readonly sendWebhook: SendWebhook;
};

export type ContextOptions = {
  /** Other operations than the registry's; for tests. */
  operations?: readonly AnyOperation[];
  observer?: Engine['observer'];
  onStatement?: (statement: string) => void;
  now?: () => Date;
  plugins?: DatabaseOptions['plugins'];
  scheduleTime?: Engine['scheduleTime'];
};

/** Opens everything the configuration names and brings the schema up to date; `close` closes all of it in reverse order. */
export async function createContext(
  config: Config,
  options: ContextOptions = {},
): Promise<{ ctx: Context; close: () => Promise<void> }> {
  const log = createLog(config);
  const now = options.now ?? (() => new Date());
  await bringUpToDate(config.databaseUrl);
  const db = openDatabase({
    url: config.databaseUrl,
    onStatement: options.onStatement,
    plugins: options.plugins,
  });
  const doorbell = openDoorbell({ redisUrl: config.redisUrl, prefix: config.queuePrefix, log });
  const registry = new Map((options.operations ?? operations).map((operation) => [operation.name, operation]));
  const secrets: SecretSettings = {
    keys: config.secretKeys,
    envPrefix: config.secretEnvPrefix,
    directory: config.secretDirectory,
    readEnv: config.readEnv,
  };
  const starrocks = createStarRocks();
  const ssh = createSsh(config.ssh);
  const connections = makeConnections({
    db,
    secrets,
    starrocks,
    ssh,
    http: createNodeHttp(),
    agentSocket: config.sshAgentSocket,
    downloads: config.downloads,
    approvalEnvironments: config.approvalEnvironments,
    now,
  });
  const elsewhere = config.prometheus === null ? null : openPrometheus(config.prometheus, { secrets, log });
  const engine: Engine = {
    db,
    log,
    operations: registry,
    connections,
    secrets,
    approvalEnvironments: config.approvalEnvironments,
    now,
    holder: config.holder,
    leaseMs: config.worker.leaseMs,
    ring: doorbell.ring,
    changed: doorbell.changed,
    ...(elsewhere === null ? {} : { prometheus: elsewhere }),
    ...(options.scheduleTime === undefined ? {} : { scheduleTime: options.scheduleTime }),
    ...(options.observer === undefined ? {} : { observer: options.observer }),
  };
  const pictures: Pictures = {
    painter: createPainter({ log }),
    sendBytes,
    ruleOnNumber: (alert) => readRuleOnNumber(db, alert, now()),
  };
  const close = async () => {
    await pictures.painter.stop();
    await elsewhere?.close();
    await doorbell.close();
    await ssh.close();
    await starrocks.close();
    await db.destroy();
  };
  const parts = { config, log, db, doorbell, operations: registry, engine, connections, pictures, secrets, now };
  return { ctx: { ...parts, sendWebhook }, close };
}

/** Uses connections of its own without a time limit: a change of the schema, also one by another process, may take long. */
async function bringUpToDate(url: string): Promise<void> {
  const db = openDatabase({ url, poolSize: 2, answerMs: null });
  try {
    await migrate(db);
  } finally {
    await db.destroy();
  }
}

function createLog(config: Config): Logger {
  return pino({
    level: config.logLevel,
    base: { owner: config.holder },
    // A second safeguard: secrets are references everywhere, but libraries may log headers and connection settings.
    redact: {
      paths: ['*.password', '*.privateKey', '*.authorization', 'req.headers.authorization', '*.token'],
      censor: '[secret]',
    },
  });
}
