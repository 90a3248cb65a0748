import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createContext } from '../../src/app/context.ts';
import { loadConfig } from '../../src/config.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { makeToy, toyOperations } from './toy-operations.ts';

/*
 * A worker process that fires schedules of toy operations, until it is killed. `SCHEDULE_CLOCK` names a file that holds the
 * time by which they fire. It says `ready` once it works.
 */

const file = process.env.SCHEDULE_CLOCK ?? '';
const toy = makeToy();
const operations = toyOperations(toy).map((operation) => ({
  ...operation,
  observeAndPlan: async (...args: Parameters<typeof operation.observeAndPlan>) => {
    // Long enough that many deaths fall between the claim of a time and its run.
    await sleep(Math.random() * 120);
    return operation.observeAndPlan(...args);
  },
}));

// Whoever started it may be killed as well, and then nobody would end it.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit();
}, 500).unref();

const config = loadConfig(process.env);
const { ctx } = await createContext(config, {
  operations,
  scheduleTime: async () => new Date(Number(await readFile(file, 'utf8'))),
});
startWorker(ctx.engine, {
  redisUrl: config.redisUrl,
  prefix: config.queuePrefix,
  concurrency: 2,
  recoverEveryMs: 20,
});
process.stdout.write('ready\n');
