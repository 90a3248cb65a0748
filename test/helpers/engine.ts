import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from '../../sandbox/patience.ts';
import { type Context, type ContextOptions, createContext } from '../../src/app/context.ts';
import { loadConfig } from '../../src/config.ts';
import { type Actor, systemActor } from '../../src/domain/access.ts';
import { isTerminal, type Run, type RunState } from '../../src/domain/run.ts';
import { newId } from '../../src/ids.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { insertCluster } from '../../src/store/clusters/inventory.ts';
import { readRun } from '../../src/store/runs/runs.ts';
import { testEnv } from './config.ts';
import { createMigratedDatabase, createTestRedis } from './services.ts';

export type Engine = {
  ctx: Context;
  /** What another process needs to join it. */
  env: Record<string, string>;
  /** Starts a worker of this process; may be called for several. */
  work(): { stop(): Promise<void> };
  /** A cluster that nobody can reach: for operations that do not speak to it. */
  addCluster(name: string, environment?: string): Promise<string>;
  /** Waits until the run ends, or reaches one of these states. */
  until(runId: string, states?: readonly RunState[]): Promise<Run>;
  close(): Promise<void>;
};

/** A Starwarden without API, bot and monitor, on a fresh database. */
export async function startEngine(options: ContextOptions & { env?: Record<string, string> } = {}): Promise<Engine> {
  const database = await createMigratedDatabase();
  const redis = await createTestRedis();
  const env = testEnv({ databaseUrl: database.url, redisUrl: redis.url, prefix: redis.prefix }, options.env);
  const config = loadConfig(env);
  const { ctx, close } = await createContext(config, options);
  const workers: { stop(): Promise<void> }[] = [];
  return {
    ctx,
    env,
    work: () => {
      const worker = startWorker(ctx.engine, {
        redisUrl: config.redisUrl,
        prefix: config.queuePrefix,
        concurrency: 4,
        recoverEveryMs: config.worker.recoverEveryMs,
      });
      workers.push(worker);
      return worker;
    },
    addCluster: async (name, environment = 'dev') => {
      const id = newId('clu');
      await insertCluster(ctx.db, {
        id,
        name,
        environment,
        sqlUser: 'nobody',
        passwordRef: 'secret:sec_none',
        seeds: [{ host: '127.0.0.1', port: 1 }],
        tls: null,
      });
      return id;
    },
    until: async (runId, states) => {
      const limit = Date.now() + patienceMs;
      for (;;) {
        const run = await readRun(ctx.db, runId);
        if (states === undefined ? isTerminal(run.state) : states.includes(run.state)) return run;
        // What has ended goes on only when somebody asks for it: who waits for another state would wait for nothing.
        if (isTerminal(run.state) || Date.now() > limit)
          throw new Error(
            `run is ${run.state}, waited for ${states?.join(' or ') ?? 'its end'}: ${JSON.stringify(run.failure ?? run.progress)}`,
          );
        await sleep(20);
      }
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await close();
      await database.drop();
    },
  };
}

/** A person with one role on everything. */
export function person(name: string, role: Actor['bindings'][number]['role']): Actor {
  return { id: `per_${name}`, name, via: 'API', bindings: [{ role, scope: { kind: 'all' } }] };
}

export const admin = person('ana', 'ADMIN');
export const operator = person('kim', 'OPERATOR');
export const approver = person('lee', 'APPROVER');
export { systemActor };
