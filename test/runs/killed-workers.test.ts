import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../../src/operations/index.ts';
import { listSteps } from '../../src/store/runs/runs.ts';
import { type CrashLab, startCrashLab } from '../helpers/crash-lab.ts';
import { dieEverywhere, killOnTheWay, operationOf, spawnWorker } from '../helpers/crash-tries.ts';
import { aroundEffects, type KindPoint } from '../helpers/deaths.ts';
import { held } from './deaths/held.ts';

/*
 * Real deaths, one operation of each sort: SQL, SSH, rows of our own, an upgrade. Every kind of step dies at every point in
 * `test/runs/deaths`, without processes; every operation of the registry in `npm run test:long`, with them.
 */

let lab: CrashLab;
beforeAll(async () => {
  // One frontend is enough: those that follow it, and who leads, are matters of `test/long/deaths/upgrade.test.ts`.
  lab = await startCrashLab({}, { frontends: 1 });
});
afterAll(() => lab?.close());

describe('an operation whose worker is killed', () => {
  it('has a case for each operation of the registry', () => {
    // The cluster of the lab is older than these two, and not shared-data: `test/runs/deaths/alone.test.ts`, and the steps of
    // every other backup.
    const elsewhere = ['backUpCatalogs', 'setClusterSnapshots', 'repairTable', 'setReplicaBad', 'pauseBalancing'];
    const names = operations.map(({ name }) => name).filter((name) => !elsewhere.includes(name));
    expect([...new Set(Object.keys(lab.cases).map(operationOf))].toSorted()).toEqual(names.toSorted());
  });

  it.each<[string, readonly KindPoint[]]>([
    ['registerCluster', ['after-effect recordCluster']],
    ['backUpDatabase', aroundEffects('takeBackup')],
    ['restartNode', ['after-effect stopNode', 'before-effect startNode']],
    ['upgradeCluster', ['after-effect stopForMove']],
  ])('%s: around effects of its steps, has every effect exactly once', (name, points) =>
    killOnTheWay(lab, name, points),
  );

  it('finalizeUpgrade: without processes, at each step of what ends that upgrade', async () => {
    expect(await dieEverywhere(lab, 'finalizeUpgrade')).toEqual(held.finalize);
  });
});

describe('a run', () => {
  const backUp = async () =>
    lab.managed.ask('backUpDatabase', {
      clusterId: lab.clusterId(),
      database: lab.world.describe().cluster.database,
    });

  it('loses nothing when Redis is wiped in the middle', async () => {
    const { engine } = lab;
    await lab.ensureCluster();
    await lab.mark();
    const worker = engine.work();
    const run = await backUp();
    await engine.until(run.id, ['RUNNING']);
    const redis = new Redis(engine.ctx.config.redisUrl);
    await redis.flushdb();
    redis.disconnect();
    expect((await engine.until(run.id)).state).toBe('SUCCEEDED');
    expect(await lab.changingStatements()).toEqual(['BACKUP']);
    await worker.stop();
  });

  it('is not touched any more by a worker that was stopped for longer than its lease', async () => {
    const { engine } = lab;
    await lab.ensureCluster();
    await lab.mark();
    const run = await backUp();
    // Asleep right before it would send BACKUP, with `applying` recorded.
    const position = (await listSteps(engine.ctx.db, run.id)).findIndex(({ kind }) => kind === 'takeBackup');
    const sleeper = spawnWorker(lab, { position, at: 'before-effect', signal: 'SIGSTOP' });
    await expect.poll(async () => (await listSteps(engine.ctx.db, run.id))[position]?.state).toBe('applying');
    const ended = await lab.managed.finish(run.id);
    expect(ended.state).toBe('SUCCEEDED');
    expect(await lab.changingStatements()).toEqual(['BACKUP']);
    const revision = ended.revision;
    sleeper.kill('SIGCONT');
    await sleep(2_000);
    expect(sleeper.exitCode).toBeNull(); // it lives, and has given up on the run by itself
    expect(await lab.changingStatements()).toEqual(['BACKUP']);
    expect((await engine.until(run.id)).revision).toBe(revision);
    sleeper.kill('SIGKILL');
    await once(sleeper, 'exit');
  });
});
