import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startQueryLoop } from '../../../sandbox/world/query-loop.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import type { Alert } from '../../../src/domain/alert.ts';
import { startMonitor } from '../../../src/monitor/start.ts';
import { rollingRestartExample } from '../../../src/operations/node/rolling-restart/input.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listProbes } from '../../../src/store/probes/probes.ts';
import { listAlerts } from '../../../src/store/reads/alerts.ts';
import { listStoppedNodes } from '../../../src/store/reads/stopped-nodes.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { awayIn, failuresInWords, isExcused } from '../../helpers/query-excuses.ts';
import { type Managed, manage } from '../../helpers/world.ts';

const nodes = ['fe1', 'fe2', 'fe3', 'be1', 'be2', 'be3'];
let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;
let monitor: { stop(): Promise<void> };

beforeAll(async () => {
  world = await startWorld({ frontends: 3, backends: 3, version: '3.4.6', speed: 20, starwarden: false, slack: false });
  engine = await startEngine({ env: { STARWARDEN_PROBE_INTERVAL_MS: '600' } });
  managed = manage(world, engine);
  clusterId = await managed.register('powered');
  const attached = await managed.ask('attachHosts', await managed.attachInput(clusterId, nodes));
  expect(await managed.finish(attached.id)).toMatchObject({ state: 'SUCCEEDED' });
  monitor = startMonitor(engine.ctx, { probeTimeoutMs: 5_000 });
});

afterAll(async () => {
  await monitor?.stop();
  await engine?.close();
  await world?.stop();
});

const input = (more: object) => ({ clusterId, ...more });
const idOf = (name: string) => managed.nodeIdOf(clusterId, name);

async function carryOut(operation: string, more: object) {
  const asked = await managed.ask(operation, input(more));
  return managed.finish(asked.id);
}

/** As soon as the cluster has repaired what was missed while the node before it was away. */
async function stop(more: object) {
  const foreseen = async () =>
    submit(engine.ctx.engine, {
      ...{ operation: 'stopNodes', input: input(more), actor: admin, options: { dryRun: true } },
    });
  await expect.poll(async () => (await foreseen()).userErrors).toEqual([]);
  return carryOut('stopNodes', more);
}

async function alerts(): Promise<readonly Alert[]> {
  const page = { limit: 50, after: null };
  const all = await listAlerts(engine.ctx.db, { visibility: 'everywhere', filter: { clusterId }, page });
  return all.filter((alert) => alert.signal !== 'RESOLVED');
}

/** What notifies somebody now. */
const loud = async () => (await alerts()).filter(({ mute }) => mute.kind === 'NONE').map(({ rule }) => rule);
const rules = async () => (await alerts()).map(({ rule, mute }) => `${rule} ${mute.kind}`).toSorted();
const marked = async () => (await listStoppedNodes(engine.ctx.db, clusterId)).map(({ nodeId }) => nodeId);
const running = () => nodes.filter((name) => world.pidOf(name) !== null);

/** What the last probe saw. */
const aliveOf = (name: string) => async () => {
  const { address } = managed.host(name);
  return (await listProbes(engine.ctx.db, [clusterId]))[0]?.nodes.find(({ host }) => host === address)?.alive;
};

async function leaderName(): Promise<string> {
  const leader = (await listProbes(engine.ctx.db, [clusterId]))[0]?.leader;
  const found = world.describe().cluster.frontends.find(({ host }) => leader?.includes(`${host}:`));
  if (found === undefined) throw new Error(`nobody is ${leader}`);
  return found.name;
}

describe('run control of a cluster of processes', () => {
  it('restarts everything, and no query fails but at the frontend that is away, which the run tells too', async () => {
    const loop = await startQueryLoop(world, { everyMs: 40 });
    const pids = nodes.map((name) => world.pidOf(name));
    const ended = await carryOut('rollingRestart', {
      ...{ ...rollingRestartExample, clusterId, kinds: [], all: true, soakSeconds: 2, acceptWarnings: [] },
    });
    const { failed, queries, rowsFound, confirmedRows } = await loop.stop();
    expect(ended).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(nodes.filter((name, index) => world.pidOf(name) === pids[index])).toEqual([]);
    const away = await awayIn({ engine, world }, ended.id);
    expect(away).toHaveLength(6);
    const told = ended.postCheck?.checks.find(({ name }) => name === 'queries')?.observed;
    console.log([`${queries} queries, ${failed.length} failed`, ...failuresInWords(failed), told].join('\n'));
    expect(failed.filter((query) => !isExcused(query, away))).toEqual([]);
    expect(queries).toBeGreaterThan(100);
    expect(rowsFound).toBe(confirmedRows);
    expect(told).toMatch(/^counted by the frontends: while nodes were away \d+ of \d+ queries failed/);
    await expect.poll(loud).toEqual([]);
  });

  it('hides the alert of a node that was stopped on purpose, and shows it once a start of it has failed', async () => {
    const id = await idOf('be1');
    expect(await stop({ nodeIds: [id] })).toMatchObject({ state: 'SUCCEEDED' });
    await expect.poll(rules).toEqual(['node_stopped NONE']);
    await expect.poll(aliveOf('be1')).toBe(false);
    await expect.poll(rules).toEqual(['node_stopped NONE']);
    const deployDir = managed.host('be1').nodes[0]?.deployDir ?? '';
    const script = join(deployDir, 'bin', 'start_be.sh');
    const whole = await readFile(script, 'utf8');
    await writeFile(script, '#!/bin/sh\nexit 1\n');
    expect(await carryOut('startNodes', { nodeIds: [id] })).toMatchObject({ state: 'FAILED' });
    expect(await marked()).toEqual([]);
    await expect.poll(rules).toEqual(['node_down NONE']);
    await writeFile(script, whole);
    await chmod(script, 0o755);
    expect(await carryOut('startNodes', { nodeIds: [id] })).toMatchObject({ state: 'SUCCEEDED' });
    await expect.poll(rules).toEqual([]);
  });

  it('takes the word of nobody that a node is stopped once it runs, whoever has started it', async () => {
    expect(await stop({ nodeIds: [await idOf('be2')] })).toMatchObject({ state: 'SUCCEEDED' });
    await expect.poll(rules).toContain('node_stopped NONE');
    await world.start('be2');
    await expect.poll(marked).toEqual([]);
    await expect.poll(rules).toEqual([]);
  });

  it('stops a node and starts it again by an undo, but not one that others have stopped since', async () => {
    const nodeIds = [await idOf('be3')];
    const first = await stop({ nodeIds });
    expect(first).toMatchObject({ state: 'SUCCEEDED' });
    expect(running()).not.toContain('be3');
    await undoRun(engine.ctx.engine, { runId: first.id, actor: admin });
    expect(await managed.finish(first.id)).toMatchObject({ state: 'UNDONE' });
    expect(running()).toContain('be3');
    await expect.poll(rules).toEqual([]);

    const second = await stop({ nodeIds });
    expect(await carryOut('startNodes', { nodeIds })).toMatchObject({ state: 'SUCCEEDED' });
    const third = await stop({ nodeIds });
    await expect(undoRun(engine.ctx.engine, { runId: second.id, actor: admin })).rejects.toMatchObject({
      code: 'NOT_UNDOABLE',
      message: expect.stringContaining(`R-${third.number}`),
    });
    expect(running()).not.toContain('be3');
    expect(await carryOut('startNodes', { nodeIds })).toMatchObject({ state: 'SUCCEEDED' });
    await expect.poll(rules).toEqual([]);
  });

  it('shuts the whole cluster down, the leader last, says so instead of an outage, and starts it again', async () => {
    const unnamed = await submit(engine.ctx.engine, {
      ...{ operation: 'stopNodes', input: input({ shutDown: 'prod' }), actor: admin, options: {} },
    });
    expect(unnamed.userErrors).toMatchObject([{ code: 'INVALID_INPUT' }]);
    expect(running()).toEqual(nodes);
    const leader = await leaderName();
    const stopped = await stop({ shutDown: 'powered' });
    expect(stopped).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(running()).toEqual([]);
    const order = (await listSteps(engine.ctx.db, stopped.id))
      .filter(({ kind, finishedAt }) => kind === 'stopNode' && finishedAt !== null)
      .toSorted((a, b) => Number(a.finishedAt) - Number(b.finishedAt))
      .map(({ lane }) => world.describe().hosts.find(({ address }) => lane?.name.includes(`${address}:`))?.name);
    expect(order).toHaveLength(6);
    expect(order.slice(0, 3).toSorted()).toEqual(['be1', 'be2', 'be3']);
    expect(order.at(-1)).toBe(leader);
    const probes = async () => (await listProbes(engine.ctx.db, [clusterId]))[0]?.problem;
    await expect.poll(probes).not.toBeNull();
    await expect.poll(async () => (await rules()).filter((rule) => rule === 'node_stopped NONE')).toHaveLength(6);
    expect((await loud()).filter((rule) => rule !== 'node_stopped')).toEqual([]);

    const backends = await submit(engine.ctx.engine, {
      ...{ operation: 'startNodes', input: input({ kinds: ['BACKEND'] }), actor: admin, options: {} },
    });
    expect(backends.userErrors).toMatchObject([{ code: 'QUORUM_AT_RISK' }]);
    expect(running()).toEqual([]);
    expect(await carryOut('startNodes', { all: true })).toMatchObject({
      state: 'SUCCEEDED',
      postCheck: { passed: true },
    });
    expect(running()).toEqual(nodes);
    expect(await marked()).toEqual([]);
    await expect.poll(rules).toEqual([]);
  });
});
