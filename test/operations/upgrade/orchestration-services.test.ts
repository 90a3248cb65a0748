import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Services, startServices } from '../../../scripts/services.mjs';
import { startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';
import {
  changesOf,
  commandsSoFar,
  endState,
  movesSince,
  scripts,
  story,
  untilState,
  wholeCluster,
} from './orchestration-lab.ts';

/** What Starwarden keeps its data in goes away in the middle of a lane: MariaDB as in a power cut, Redis with all it held. */
let dir = '';
let services: Services;
let lab: UpgradeLab;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'starwarden-services-'));
  // Nothing that MariaDB has confirmed may be lost with it.
  services = await startServices({ dir, fast: false });
  const env = { DATABASE_URL: services.databaseUrl, REDIS_URL: services.redisUrl, STARWARDEN_LEASE_MS: '4000' };
  lab = await startUpgradeLab({ version: '3.4.6', frontends: 3, backends: 2, env });
  await lab.addRelease({ version: '3.5.0' });
  lab.engine.work();
});
afterAll(async () => {
  await lab?.close();
  await services?.stopHard();
  await rm(dir, { recursive: true, force: true });
});

it('goes on where it was when MariaDB is killed in the middle of one node and Redis in the middle of another', async () => {
  const from = await commandsSoFar(lab);
  const run = await lab.managed.ask('upgradeCluster', lab.input('3.5.0'));
  await lab.world.nextCommand('be1', scripts.stop, { timeoutMs: 90_000 });
  await services.restartMariadb();
  await lab.world.nextCommand('be2', scripts.stop, { timeoutMs: 90_000 });
  await services.restartRedis();
  await services.flushRedis();
  await lab.world.nextCommand('fe2', scripts.swap, { timeoutMs: 90_000 });
  await services.restartMariadb();
  await services.flushRedis();
  const ended = await untilState(lab, run.id, { limitMs: 120_000 });
  expect(ended.state, await story(lab, run.id)).toBe('SUCCEEDED');
  expect(await endState(lab)).toEqual(wholeCluster(lab, '3.5.0'));
  expect(await changesOf(lab, run.id)).toEqual(['RESTORED']);
  const moves = await movesSince(lab, from);
  expect(Object.keys(moves).toSorted()).toEqual(['be1', 'be2', 'fe1', 'fe2', 'fe3']);
  for (const [host, told] of Object.entries(moves))
    expect(
      told.filter((move, index) => move !== told[index - 1]),
      host,
    ).toEqual(['stop', 'swap', 'start']);
});
