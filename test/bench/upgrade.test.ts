import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClusterState, readClusterState, requireUpgraded } from '../../bench/upgrade/cluster-state.ts';
import { writeInventory } from '../../bench/upgrade/inventory.ts';
import { nodeTimeMs, type Outage } from '../../bench/upgrade/outage.ts';
import { requireAnsible } from '../../bench/upgrade/require-ansible.ts';
import { restoreSnapshot, takeSnapshot } from '../../bench/upgrade/snapshot.ts';
import { watchNodes } from '../../bench/upgrade/watch-nodes.ts';
import { startUpgradeWorld, type UpgradeWorld } from '../../bench/upgrade/world.ts';
import { runScript } from '../../sandbox/world/nodes.ts';
import type { PlannedNode } from '../../sandbox/world/plan.ts';

const run = promisify(execFile);

const outage = (stoppingAt: number, exitedAt: number, startingAt: number, aliveAt: number): Outage => ({
  name: 'be1',
  stoppingAt,
  exitedAt,
  startingAt,
  aliveAt,
});

describe('nodeTimeMs', () => {
  it.each([
    ['nothing', [], 0],
    ['the stop and the start of a node, not what lies between them', [outage(0, 10, 50, 57)], 17],
    ['the sum over nodes that follow each other', [outage(0, 10, 50, 57), outage(60, 70, 71, 80)], 36],
    ['a moment in which two nodes stop or start once', [outage(0, 10, 50, 57), outage(5, 12, 40, 52)], 29],
    ['a stop inside another one not at all', [outage(0, 100, 200, 210), outage(20, 30, 300, 310)], 120],
  ])('counts %s', (_, outages, wanted) => {
    expect(nodeTimeMs(outages)).toBe(wanted);
    expect(nodeTimeMs(outages.toReversed())).toBe(wanted);
  });
});

describe('requireUpgraded', () => {
  const before: ClusterState = {
    nodes: ['be1 3.4.6-a2f40c9', 'fe1 3.4.6-a2f40c9'],
    unhealthyTablets: '0',
    scheduling: ['fe1 tablet_sched_disable_balance false'],
    contents: '5 rows, sum 10',
  };
  const good: ClusterState = { ...before, nodes: ['be1 3.5.0-48f4d81', 'fe1 3.5.0-48f4d81'] };

  it('accepts a cluster of which only the version has changed', () => {
    expect(() => requireUpgraded(before, good, '3.5.0')).not.toThrow();
  });

  it.each([
    ['a node on the old version', { nodes: ['be1 3.4.6-a2f40c9', 'fe1 3.5.0-48f4d81'] }, 'be1 3.4.6'],
    ['a dead node', { nodes: ['be1 is dead', 'fe1 3.5.0-48f4d81'] }, 'be1 is dead'],
    ['a node that is gone', { nodes: ['be1 3.5.0-48f4d81'] }, '1 nodes of 2'],
    ['unhealthy tablets', { unhealthyTablets: '3' }, 'unhealthy tablets: 3'],
    ['scheduling that is still paused', { scheduling: ['fe1 tablet_sched_disable_balance true'] }, 'balance true'],
    ['lost rows', { contents: '4 rows, sum 9' }, '4 rows'],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => requireUpgraded(before, { ...good, ...wrong }, '3.5.0')).toThrow(message);
  });
});

describe('requireAnsible', () => {
  it('says what is missing and how to install it, where it may not install anything', () => {
    const find = ([name]: readonly string[]) => (name === 'ansible-playbook' ? null : `/usr/bin/${name}`);
    const attempt = () => requireAnsible(() => {}, { find, mayInstall: () => false });
    expect(attempt).toThrow('Not found: ansible-playbook.');
    expect(attempt).toThrow('apt-get install ansible`');
  });

  it('has nothing to say where everything is there', () => {
    const said: string[] = [];
    requireAnsible((line) => said.push(line), { find: ([name]) => `/usr/bin/${name}`, mayInstall: () => false });
    expect(said).toEqual([]);
  });
});

describe('the world of the benchmark', () => {
  const undo = new AsyncDisposableStack();
  let dir: string;
  let world: UpgradeWorld;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'starwarden-bench-'));
    undo.defer(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
    const size = { frontends: 1, backends: 10 };
    world = await startUpgradeWorld({ dir: join(dir, 'world'), version: '3.4.6', speed: 40, ...size }, undo);
    await takeSnapshot(world);
    await restoreSnapshot(world);
  });

  afterAll(() => undo.disposeAsync());

  it('has more backends than the sandbox lays out, each with a host and with tablets of its own', async () => {
    const { nodes, contents } = await readClusterState(world);
    expect(nodes).toContain('be10 3.4.6-a2f40c9');
    expect(nodes).toHaveLength(11);
    expect(contents).toBe('50 rows, sum 1225');
  });

  it('tells Ansible of every host, and keeps the password to itself', async () => {
    const files = await writeInventory(world, join(dir, 'ansible'));
    const inventory = JSON.parse(await readFile(files.inventory, 'utf8'));
    expect(Object.keys(inventory.all.children.backends.hosts)).toHaveLength(10);
    expect(JSON.stringify(inventory)).not.toContain(world.sqlPassword);
    expect((await stat(files.login)).mode & 0o077).toBe(0);
  });

  it('sees how long a node was away, and goes back to where it was', async () => {
    const node = world.plan.nodes.find(({ name }) => name === 'be10');
    if (node === undefined) throw new Error('there is a be10');
    const watch = await watchNodes(world);
    const startedAt = Date.now();
    await upgradeByHand(node);
    await untilUpgraded(node);
    const outages = await watch.stop();
    const wallMs = Date.now() - startedAt;
    expect(outages.map(({ name }) => name)).toEqual(['be10']);
    const [seen] = outages;
    if (seen === undefined) throw new Error('one was seen');
    expect(seen.stoppingAt).toBeGreaterThanOrEqual(startedAt);
    // It drains for 20 s of StarRocks' time.
    expect(seen.exitedAt - seen.stoppingAt).toBeGreaterThanOrEqual(490);
    expect(seen.startingAt).toBeGreaterThanOrEqual(seen.exitedAt);
    expect(seen.aliveAt).toBeGreaterThan(seen.startingAt);
    expect(nodeTimeMs(outages)).toBeLessThanOrEqual(wallMs);

    await restoreSnapshot(world);
    expect((await readClusterState(world)).nodes.filter((text) => !text.endsWith(' 3.4.6-a2f40c9'))).toEqual([]);
  });

  async function upgradeByHand(node: PlannedNode): Promise<void> {
    const archive = world.releases.find(({ version }) => version === '3.5.0')?.path ?? '';
    await runScript({ node, plan: world.plan, script: 'stop_be.sh', args: ['-g'] });
    const only = ['StarRocks-3.5.0/be/bin', 'StarRocks-3.5.0/be/lib'];
    await run('tar', ['-xzf', archive, '-C', node.deployDir, '--strip-components=2', ...only]);
    await runScript({ node, plan: world.plan, script: 'start_be.sh', args: ['--daemon'] });
  }

  async function untilUpgraded({ name }: PlannedNode): Promise<void> {
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
      const { nodes } = await readClusterState(world);
      if (nodes.some((text) => text.startsWith(`${name} 3.5.0-`))) return;
    }
    throw new Error(`${name} is not on 3.5.0`);
  }
});
