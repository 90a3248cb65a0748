import { setTimeout as sleep } from 'node:timers/promises';
import { createContext } from '../../src/app/context.ts';
import { loadConfig } from '../../src/config.ts';
import { systemActor } from '../../src/domain/access.ts';
import { newId } from '../../src/ids.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { submit } from '../../src/runs/submit.ts';
import { databaseNow, openDatabase } from '../../src/store/database.ts';
import { environment } from '../lib/environment.ts';
import { noOpOperation } from './no-op.ts';

export type Engine = {
  readonly concurrency: number;
  readonly clusters: readonly string[];
  /** Asks for a no-op run; answers its id, and when its step began by the clock of this process. */
  start(clusterId: string): Promise<{ runId: string; began: Promise<number> }>;
  /** Waits until no run is open, and answers how many have ended well so far. */
  untilIdle(): Promise<number>;
  /** SQL statements sent so far. */
  statements(): number;
  close(): Promise<void>;
};

/** Submits and works in one process, as `npm start` does, with the settings of production. */
export async function startEngine(
  services: { databaseUrl: string; redisUrl: string },
  clusterCount: number,
): Promise<Engine> {
  const config = loadConfig({ ...environment(services), LOG_LEVEL: 'silent' });
  const waiting = new Map<string, (at: number) => void>();
  let statements = 0;
  const { ctx, close } = await createContext(config, {
    operations: [noOpOperation((runId) => settle(runId, performance.now()))],
    onStatement: () => {
      statements += 1;
    },
  });
  // The step may begin before `submit` has answered, so whoever comes second finds what the first has left.
  const begun = new Map<string, number>();
  const settle = (runId: string, at: number) => {
    const resolve = waiting.get(runId);
    if (resolve === undefined) begun.set(runId, at);
    else resolve(at);
    waiting.delete(runId);
  };
  const clusters = Array.from({ length: clusterCount }, () => newId('clu'));
  await ctx.db
    .insertInto('cluster')
    .values(
      clusters.map((id, index) => ({
        id,
        name: `bench-${index}`,
        environment: 'dev',
        sql_user: 'nobody',
        password_ref: 'secret:sec_none',
        seeds: '[]',
        problems: '[]',
        created_at: databaseNow,
      })),
    )
    .execute();
  // A connection of its own, so that watching is not counted.
  const watch = openDatabase({ url: config.databaseUrl, poolSize: 1 });
  const worker = startWorker(ctx.engine, {
    ...config.worker,
    redisUrl: config.redisUrl,
    prefix: config.queuePrefix,
  });
  return {
    concurrency: config.worker.concurrency,
    clusters,
    start: async (clusterId) => {
      const { run, userErrors } = await submit(ctx.engine, {
        operation: 'noOp',
        input: { clusterId },
        actor: systemActor,
      });
      if (run === null) throw new Error(`the no-op was refused: ${userErrors[0]?.message}`);
      const early = begun.get(run.id);
      begun.delete(run.id);
      const began =
        early === undefined ? new Promise<number>((resolve) => waiting.set(run.id, resolve)) : Promise.resolve(early);
      return { runId: run.id, began };
    },
    untilIdle: async () => {
      for (;;) {
        const rows = await watch
          .selectFrom('run')
          .select((row) => ['state', row.fn.countAll<number>().as('runs')])
          .groupBy('state')
          .execute();
        const ended = Number(rows.find((row) => row.state === 'SUCCEEDED')?.runs ?? 0);
        if (rows.every((row) => row.state === 'SUCCEEDED')) return ended;
        await sleep(5);
      }
    },
    statements: () => statements,
    close: async () => {
      await worker.stop();
      await watch.destroy();
      await close();
    },
  };
}
