import { startServer } from '../api/server.ts';
import { startBot } from '../bot/start.ts';
import type { Config } from '../config.ts';
import { type Actor, nobodyName } from '../domain/access.ts';
import { AppError } from '../errors.ts';
import { startWorker } from '../jobs/worker.ts';
import { startEscalations } from '../monitor/escalate.ts';
import { startMonitor } from '../monitor/start.ts';
import { ensureBootstrapTokens, ensurePerson, hasUsableToken } from '../store/access/bootstrap-access.ts';
import type { Context } from './context.ts';

type Part = { stop(): Promise<void> };

/**
 * Starts the parts that the configuration names. `stop` ends them in reverse order, so that the server goes first and no
 * new work comes in while the rest ends. Throws when nobody could log in, and then nothing runs.
 */
export async function startParts(ctx: Context): Promise<Part & { readonly url: string }> {
  const { config } = ctx;
  const started: Part[] = [];
  const stop = async () => {
    for (const part of started.toReversed()) await part.stop();
  };
  try {
    const anonymous = await prepareAccess(ctx);
    if (config.parts.has('worker')) started.push(startWorker(ctx.engine, workerOptions(config)));
    if (config.parts.has('monitor')) started.push(startMonitor(ctx));
    // Where messages are sent too: it watches that the monitor lives.
    if (config.parts.has('monitor') || config.parts.has('bot')) started.push(startEscalations(ctx));
    const bot = config.parts.has('bot') ? await startBot(ctx) : null;
    if (bot !== null) started.push(bot);
    const server = await startServer(ctx, {
      ...config.http,
      graphql: config.parts.has('api'),
      anonymous,
      slackHandler: bot?.httpHandler ?? null,
    });
    started.push(server);
    return { url: server.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Makes the people of the configuration. Answers the actor of requests without a token; null = such requests are refused. */
async function prepareAccess({ config, db, log }: Context): Promise<Actor | null> {
  await ensureBootstrapTokens(db, config.auth.bootstrapTokens);
  if (config.auth.insecure) {
    log.warn(
      'STARWARDEN_INSECURE_NO_AUTH=true: everybody who can reach this port is an ADMIN; never run production like this',
    );
    const { id, name } = await ensurePerson(db, nobodyName);
    return { id, name, via: 'API', bindings: [{ role: 'ADMIN', scope: { kind: 'all' } }] };
  }
  if (!config.parts.has('api') || (await hasUsableToken(db))) return null;
  throw new AppError('PRECONDITION_FAILED', 'Nobody could log in: there is no token', {
    hint: 'Set STARWARDEN_BOOTSTRAP_TOKENS; .env.example says how.',
  });
}

function workerOptions({ redisUrl, queuePrefix, worker }: Config) {
  return { redisUrl, prefix: queuePrefix, concurrency: worker.concurrency, recoverEveryMs: worker.recoverEveryMs };
}
