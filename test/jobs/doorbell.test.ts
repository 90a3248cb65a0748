import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'bullmq';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { patienceMs } from '../../sandbox/patience.ts';
import { freePort } from '../../scripts/lib/ports.mjs';
import { startServices } from '../../scripts/services.mjs';
import { type Doorbell, openDoorbell, queueName } from '../../src/jobs/doorbell.ts';
import { submit } from '../../src/runs/submit.ts';
import { operator, startEngine } from '../helpers/engine.ts';
import { makeToy, toyOperations } from '../helpers/toy-operations.ts';

describe('a worker', () => {
  it('is woken by the doorbell, long before the recover loop looks', async () => {
    const hour = { STARWARDEN_RECOVER_INTERVAL_MS: '60000' };
    const engine = await startEngine({ operations: toyOperations(makeToy()), env: hour });
    try {
      engine.work();
      const clusterId = await engine.addCluster('toy');
      // The recover loop looks once at its start and may have found the first run; nobody but the bell tells of the second.
      for (let count = 0; count < 2; count += 1) {
        const { run } = await submit(engine.ctx.engine, {
          operation: 'setValues',
          input: { clusterId },
          actor: operator,
        });
        if (run === null) throw new Error('no run');
        expect((await engine.until(run.id)).state).toBe('SUCCEEDED');
      }
    } finally {
      await engine.close();
    }
  });
});

describe('the doorbell', () => {
  const heard: string[] = [];
  let dir: string;
  let services: Awaited<ReturnType<typeof startServices>>;
  let doorbell: Doorbell | null = null;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'doorbell-'));
    services = await startServices({ dir, mariadb: false, fast: true });
  });
  afterEach(async () => {
    await doorbell?.close();
    doorbell = null;
  });
  afterAll(async () => {
    await services.stopHard();
    await rm(dir, { recursive: true, force: true });
  });

  const open = (redisUrl = services.redisUrl) =>
    openDoorbell({ redisUrl, prefix: 'test', log: pino({ level: 'silent' }) });

  /** Rings until somebody hears it: words may be lost while Redis is away, but not for ever. */
  async function ringUntilHeard(bell: Doorbell, runId: string) {
    for (const deadline = Date.now() + patienceMs; !heard.includes(runId); await sleep(50)) {
      if (Date.now() > deadline) throw new Error(`nobody heard ${runId}`);
      bell.ring(runId);
    }
  }

  it('rings again after Redis was away', async () => {
    doorbell = open();
    const worker = new Worker<{ runId: string }>(queueName, async (job) => heard.push(job.data.runId), {
      connection: { url: services.redisUrl, maxRetriesPerRequest: null },
      prefix: 'test',
    });
    worker.on('error', () => {});
    try {
      await ringUntilHeard(doorbell, 'run_before');
      await services.restartRedis();
      await ringUntilHeard(doorbell, 'run_after');
      expect(heard).toContain('run_after');
    } finally {
      await worker.close();
    }
  });

  it('tells what was rung before Redis could be reached, as soon as it can', async () => {
    const port = await freePort();
    const worker = new Worker<{ runId: string }>(queueName, async (job) => heard.push(job.data.runId), {
      connection: { url: services.redisUrl, maxRetriesPerRequest: null },
      prefix: 'test',
    });
    worker.on('error', () => {});
    await worker.waitUntilReady();
    const url = new URL(services.redisUrl);
    url.port = String(port);
    doorbell = open(url.href);
    for (const runId of ['run_early', 'run_next']) doorbell.ring(runId);
    await sleep(300);
    const sockets = new Set<Socket>();
    const way = createServer((socket) => {
      const other = connect(Number(new URL(services.redisUrl).port), '127.0.0.1');
      for (const end of [socket, other]) sockets.add(end.on('error', () => {}));
      socket.pipe(other).pipe(socket);
    }).listen(port, '127.0.0.1');
    try {
      await expect
        .poll(() => heard, { timeout: patienceMs })
        .toEqual(expect.arrayContaining(['run_early', 'run_next']));
      expect(doorbell.wordsLost()).toBe(0);
    } finally {
      await worker.close();
      await doorbell.close();
      doorbell = null;
      way.close();
      for (const socket of sockets) socket.destroy();
    }
  });

  it('keeps the newest thousand of what is rung early, and gives those up when Redis does not come', async () => {
    doorbell = open('redis://127.0.0.1:1');
    for (let count = 0; count < 1_002; count += 1) doorbell.ring(`run_${count}`);
    expect(doorbell.wordsLost()).toBe(2);
    await expect.poll(() => doorbell?.wordsLost() ?? 0, { timeout: patienceMs }).toBeGreaterThanOrEqual(1_002);
    doorbell.ring('run_late');
    await expect.poll(() => doorbell?.wordsLost() ?? 0).toBeGreaterThanOrEqual(1_003);
  });

  it('can be closed while Redis is away, and asks for no connection any more', async () => {
    const bell = open();
    const changes: string[] = [];
    bell.onChanged((topic) => changes.push(topic));
    while (!changes.includes('run_1')) {
      bell.changed('run_1');
      await sleep(20);
    }
    await services.stopHard();
    await sleep(100);
    await bell.close();
    // Whoever still wants a connection asks for it within 1.5 s: BullMQ's first pause is 1 s.
    let callers = 0;
    const listener = createServer((socket) => {
      callers += 1;
      socket.destroy();
    }).listen(Number(new URL(services.redisUrl).port), '127.0.0.1');
    await once(listener, 'listening');
    await sleep(1_500);
    listener.close();
    expect(callers).toBe(0);
  });
});
