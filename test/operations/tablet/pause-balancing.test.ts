import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectSql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import type { Run } from '../../../src/domain/run.ts';
import { balancingInWords } from '../../../src/domain/tablets/balancing.ts';
import { cancelRun } from '../../../src/runs/control.ts';
import { lookAtBalancing } from '../../../src/runs/look-at-tablets.ts';
import { submit } from '../../../src/runs/submit.ts';
import { findLockHolder, listTemporaryChanges, readRun } from '../../../src/store/runs/runs.ts';
import { letLeaseEnd } from '../../helpers/deaths.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { type Managed, manage } from '../../helpers/world.ts';

/*
 * Three frontends of a version in which each has its own values, read back from each of them by root and not by the code that
 * is tried.
 */

let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;

beforeAll(async () => {
  world = await startWorld({
    ...{ starwarden: false, slack: false, speed: 20, version: '3.4.6', frontends: 3, backends: 1, computeNodes: 0 },
  });
  engine = await startEngine();
  managed = manage(world, engine);
  clusterId = await managed.register('paused');
}, 120_000);

afterAll(async () => {
  await engine?.close();
  await world?.stop();
});

const keys = ['tablet_sched_disable_balance', 'tablet_sched_disable_colocate_balance'];

/** `fe1 true/true`: both values of each frontend that answers. */
async function valuesNow(): Promise<readonly string[]> {
  const { frontends } = world.describe().cluster;
  return Promise.all(
    frontends.map(async ({ host, queryPort }, at) => {
      const name = `fe${at + 1}`;
      if (world.pidOf(name) === null) return `${name} down`;
      const sql = await connectSql({ host, port: queryPort, user: 'root', password: '' });
      const rows = await sql.query("ADMIN SHOW FRONTEND CONFIG LIKE 'tablet_sched_disable_%'");
      sql.close();
      const configured = (key: string) => rows.find(({ Key }) => Key === key)?.Value;
      return `${name} ${keys.map(configured).join('/')}`;
    }),
  );
}

async function setByHand(at: number, key: string, value: boolean): Promise<void> {
  const { host, queryPort } = world.describe().cluster.frontends[at] ?? { host: '', queryPort: 0 };
  const sql = await connectSql({ host, port: queryPort, user: 'root', password: '' });
  await sql.query(`ADMIN SET FRONTEND CONFIG ("${key}" = "${value}")`);
  sql.close();
}

const allOn = ['fe1 false/false', 'fe2 false/false', 'fe3 false/false'];
const allOff = ['fe1 true/true', 'fe2 true/true', 'fe3 true/true'];

const untilOff = (values = allOff) => expect.poll(valuesNow, { timeout: 20_000 }).toEqual(values);
const says = async (run: Run) => (await readRun(engine.ctx.db, run.id)).progress?.message ?? '';
const inForce = (run: Run) =>
  expect.poll(() => says(run), { timeout: 20_000 }).toMatch(/^Off until .* UTC on \d frontend/);
const wordsNow = async () => balancingInWords(await lookAtBalancing(engine.ctx.engine, clusterId));

async function refusalOf(operation: string, input: Record<string, unknown>): Promise<string> {
  const { userErrors } = await submit(engine.ctx.engine, { operation, input, actor: admin });
  return userErrors.map(({ code, message }) => `${code} ${message}`).join('\n');
}

it('is off on every frontend until it is cancelled, lets others work meanwhile, and is put back at once', async () => {
  expect(await wordsNow()).toBe('Balancing of tablets is on');
  const worker = engine.work();
  const run = await managed.ask('pauseBalancing', { clusterId, minutes: 120 });
  await untilOff();
  await inForce(run);
  expect(await wordsNow()).toMatch(new RegExp(`off until .* UTC, by R-${run.number}$`));
  expect(await refusalOf('pauseBalancing', { clusterId, minutes: 5 })).toMatch(
    new RegExp(`^PRECONDITION_FAILED R-${run.number} \\(pauseBalancing\\) holds the tablet scheduling until`),
  );
  // It holds the scheduling, and not the cluster.
  expect(await findLockHolder(engine.ctx.db, clusterId)).toBeNull();
  expect(await findLockHolder(engine.ctx.db, clusterId, 'tablet-scheduling')).toBe(run.id);
  const other = await managed.ask('updateCluster', { clusterId, environment: 'staging' });
  expect(await engine.until(other.id)).toMatchObject({ state: 'SUCCEEDED' });
  // Who would take away what is needed to put it back waits.
  const forgetting = await managed.ask('unregisterCluster', { clusterId });
  await expect.poll(async () => (await readRun(engine.ctx.db, forgetting.id)).blockedBy).toBe(run.id);
  await cancelRun(engine.ctx.engine, { runId: forgetting.id, actor: admin });
  expect(await valuesNow()).toEqual(allOff);
  await cancelRun(engine.ctx.engine, { runId: run.id, actor: admin });
  expect(await engine.until(run.id)).toMatchObject({ state: 'CANCELED' });
  expect(await valuesNow()).toEqual(allOn);
  expect(await wordsNow()).toBe('Balancing of tablets is on');
  expect(await findLockHolder(engine.ctx.db, clusterId, 'tablet-scheduling')).toBeNull();
  await worker.stop();
});

it('is set again on a frontend that restarted and a leader that is new; a person who switches balancing on ends it', async () => {
  // What somebody had switched off on one frontend before stays off there.
  await setByHand(2, keys[1] ?? '', true);
  const worker = engine.work();
  const run = await managed.ask('pauseBalancing', { clusterId, minutes: 60 });
  await inForce(run);
  expect(await valuesNow()).toEqual(allOff);
  await world.kill('fe1');
  await world.start('fe1');
  await untilOff(['fe1 false/false', ...allOff.slice(1)]);
  await untilOff();
  await inForce(run);
  await setByHand(0, keys[0] ?? '', false);
  const ended = await engine.until(run.id);
  expect(ended).toMatchObject({
    state: 'FAILED',
    failure: { message: expect.stringMatching(/Somebody has changed tablet_sched_disable_balance on fe/) },
  });
  expect(await valuesNow()).toEqual(['fe1 false/false', 'fe2 false/false', 'fe3 false/true']);
  await setByHand(2, keys[1] ?? '', false);
  await worker.stop();
});

it('ends at its time', async () => {
  const until = new Date(Date.now() + 4_000);
  const run = await managed.ask('pauseBalancing', { clusterId, until: until.toISOString() });
  const worker = engine.work();
  await untilOff();
  const ended = await engine.until(run.id);
  await worker.stop();
  expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED' });
  expect(ended.finishedAt?.getTime()).toBeGreaterThanOrEqual(until.getTime());
  expect(await valuesNow()).toEqual(allOn);
});

it('is put back, and ended, after its worker was killed in the middle', async () => {
  const run = await managed.ask('pauseBalancing', { clusterId, minutes: 60 });
  const file = fileURLToPath(new URL('../../helpers/crash-worker.ts', import.meta.url));
  const env = { ...engine.env, PATH: process.env.PATH };
  const killed = spawn(process.execPath, [file], { env: { ...env, CRASH_AT: 'null' }, stdio: 'ignore' });
  const gone = once(killed, 'exit');
  try {
    await untilOff();
  } finally {
    killed.kill('SIGKILL');
    await gone;
  }
  expect(await valuesNow()).toEqual(allOff);
  await letLeaseEnd(engine, run.id);
  await cancelRun(engine.ctx.engine, { runId: run.id, actor: admin });
  expect(await managed.finish(run.id)).toMatchObject({ state: 'CANCELED' });
  expect(await valuesNow()).toEqual(allOn);
  expect(await listTemporaryChanges(engine.ctx.db, run.id)).toMatchObject([{ state: 'RESTORED' }]);
});

it('does nothing where a person has switched it off', async () => {
  for (const at of [0, 1, 2]) for (const key of keys) await setByHand(at, key, true);
  expect(await refusalOf('pauseBalancing', { clusterId, minutes: 5 })).toMatch(/somebody has set it/);
  expect(await valuesNow()).toEqual(allOff);
  expect(await wordsNow()).toMatch(/no run of Starwarden did that/);
});
