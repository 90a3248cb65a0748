import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { readNodeProcess } from '../../../src/adapters/ssh/read-node-process.ts';
import { readTopology } from '../../../src/adapters/starrocks/read-topology.ts';
import { askFacts } from '../../../src/monitor/ask-facts.ts';
import { cancelRun } from '../../../src/runs/control.ts';
import type { RunnerPoint } from '../../../src/runs/engine.ts';
import { submit } from '../../../src/runs/submit.ts';
import { claimFacts, readFactAnswers } from '../../../src/store/metrics/facts.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { type Managed, manage } from '../../helpers/world.ts';

let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;
let whenPassed: (point: RunnerPoint) => void = () => {};

beforeAll(async () => {
  world = await startWorld({ starwarden: false, slack: false, speed: 20 });
  engine = await startEngine({ observer: (point) => whenPassed(point) });
  managed = manage(world, engine);
  clusterId = await managed.register('restarts');
  const attached = await managed.ask('attachHosts', await managed.attachInput(clusterId, ['fe1', 'fe2', 'fe3', 'be1']));
  expect(await managed.finish(attached.id)).toMatchObject({ state: 'SUCCEEDED' });
});

afterAll(async () => {
  await engine?.close();
  await world?.stop();
});

async function plan(name: string, extra: Record<string, unknown> = {}) {
  const input = { clusterId, nodeId: await managed.nodeIdOf(clusterId, name), ...extra };
  return submit(engine.ctx.engine, { operation: 'restartNode', input, actor: admin, options: { dryRun: true } });
}

const refusalsOf = async (name: string, extra = {}) =>
  (await plan(name, extra)).userErrors.map(({ code, message }) => `${code} ${message}`);

async function topology() {
  return readTopology(engine.ctx.connections.portsFor(clusterId).sql);
}

it('tells the clocks and log disks of real hosts, and what the cluster answers, beside the looks', async () => {
  const { db, connections, log } = engine.ctx;
  const holder = 'asker';
  const claim = await claimFacts(db, { clusterId, holder, claimMs: 60_000, nextInMs: 60_000 });
  if (claim === null) throw new Error('somebody else asks');
  await askFacts({ db, log, reading: connections.reading }, claim, { signal: AbortSignal.timeout(30_000) });
  const answers = await readFactAnswers(db, clusterId, (error) => {
    throw error;
  });
  const attached = await Promise.all(['fe1', 'fe2', 'fe3', 'be1'].map((name) => managed.nodeIdOf(clusterId, name)));
  for (const [name, most] of [
    ['clock_difference_seconds', 1],
    ['log_disk_used_share', 1],
  ] as const) {
    const answer = answers[name];
    if (answer === undefined || !('values' in answer)) throw new Error(`${name}: ${JSON.stringify(answer)}`);
    expect(answer.unknown).toEqual([]);
    expect(answer.values.map(({ subject }) => subject.nodeId).toSorted()).toEqual(attached.toSorted());
    for (const { value } of answer.values) expect(value >= 0 && value <= most).toBe(true);
  }
  const unanswered = Object.entries(answers).filter(([, answer]) => !('values' in answer));
  expect(unanswered).toEqual([]);
});

describe('restartNode', () => {
  it('never takes another program for the node, though a stale pid file names it', async () => {
    const deployDir = await mkdtemp(join(tmpdir(), 'stale-pid-'));
    await mkdir(join(deployDir, 'bin'));
    await writeFile(join(deployDir, 'bin', 'fe.pid'), String(process.pid));
    const node = await engine.ctx.connections.inventory.findNode(await managed.nodeIdOf(clusterId, 'fe1'));
    const shell = await engine.ctx.connections.shell(node?.hostId ?? '');
    const signal = AbortSignal.timeout(10_000);
    expect(await readNodeProcess(shell, { kind: 'FRONTEND', deployDir }, signal)).toBeNull();
    const real = await readNodeProcess(shell, { kind: 'FRONTEND', deployDir: node?.deployDir ?? '' }, signal);
    expect(real?.pid).toBe(world.pidOf('fe1'));
    await rm(deployDir, { recursive: true });
  });

  it('restarts the leader: it comes back with a new process, and one living frontend leads', async () => {
    const before = (await topology()).frontends.find((row) => row.role === 'LEADER');
    const name = world.describe().hosts.find((host) => host.address === before?.host)?.name ?? '';
    const pid = world.pidOf(name);
    const planned = await plan(name);
    expect(planned.plan?.notes).toContainEqual(expect.stringContaining('It is the leader'));
    const run = await managed.ask('restartNode', { clusterId, nodeId: await managed.nodeIdOf(clusterId, name) });
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(world.pidOf(name)).not.toBeNull();
    expect(world.pidOf(name)).not.toBe(pid);
    const after = (await topology()).frontends;
    expect(after.every((row) => row.alive)).toBe(true);
    // Which one is for their election to say: a leader that is back before the others have missed it may win that too.
    expect(after.filter((row) => row.role === 'LEADER')).toHaveLength(1);
  });

  it('does not leave the node down when it is cancelled right after the stop', async () => {
    const pid = world.pidOf('be1');
    const run = await managed.ask('restartNode', { clusterId, nodeId: await managed.nodeIdOf(clusterId, 'be1') });
    const asked: Promise<unknown>[] = [];
    whenPassed = ({ runId, kind, at }) => {
      if (runId === run.id && kind === 'stopNode' && at === 'after-effect')
        asked.push(cancelRun(engine.ctx.engine, { runId, actor: admin }));
    };
    const ended = await managed.finish(run.id);
    whenPassed = () => {};
    await Promise.all(asked);
    expect(asked).toHaveLength(1);
    expect(ended.state).toBe('CANCELED');
    const steps = await listSteps(engine.ctx.db, run.id);
    expect(steps.map((step) => `${step.kind} ${step.state}`)).toEqual([
      'guardNode done',
      'stopNode done',
      'startNode done',
      'awaitNode done',
    ]);
    expect(world.pidOf('be1')).not.toBeNull();
    expect(world.pidOf('be1')).not.toBe(pid);
    await expect.poll(allBackendsAlive).toBe(true);
  });

  it('refuses a node whose host nobody attached', async () => {
    expect(await refusalsOf('be2')).toEqual([expect.stringMatching(/^CREDENTIAL_MISSING There is no SSH access/)]);
  });

  it('refuses a backend that holds the only replica of a table, unless the absence is accepted', async () => {
    const [frontend] = world.describe().cluster.frontends;
    if (frontend === undefined) throw new Error('no frontend');
    const root = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
    await root.query(`CREATE TABLE sales.lonely (id INT NOT NULL) DUPLICATE KEY (id)
DISTRIBUTED BY HASH(id) BUCKETS 6 PROPERTIES ("replication_num" = "1")`);
    expect(await refusalsOf('be1')).toEqual([expect.stringMatching(/^REPLICATION_AT_RISK 1 table.*sales\.lonely/)]);
    const accepted = await plan('be1', { acceptDowntime: true });
    expect(accepted.plan?.notes).toContainEqual(expect.stringContaining('sales.lonely'));
    await root.query('DROP TABLE sales.lonely FORCE');
    root.close();
  });

  it('refuses a backend while another one is down, even when an absence is accepted', async () => {
    await world.kill('be2');
    await expect
      .poll(() => refusalsOf('be1', { acceptDowntime: true }))
      .toContainEqual(expect.stringMatching(/^REPLICATION_AT_RISK be .* is down already/));
    await world.start('be2');
    await expect.poll(allBackendsAlive).toBe(true);
  });

  it('refuses a frontend without which there would be no majority', async () => {
    const follower = (await topology()).frontends.find((row) => row.role === 'FOLLOWER')?.host;
    const name = world.describe().hosts.find((host) => host.address === follower)?.name ?? '';
    const other = ['fe1', 'fe2', 'fe3'].find((candidate) => candidate !== name) ?? '';
    await world.kill(name);
    await expect.poll(() => refusalsOf(other)).toContainEqual(expect.stringMatching(/^QUORUM_AT_RISK/));
    await world.start(name);
  });

  it('ends with the reason when the host shows another key than the one that is trusted', async () => {
    const host = world.host('be1');
    await host.rotateHostKey();
    expect(await refusalsOf('be1')).toEqual([expect.stringMatching(/^HOST_KEY_CHANGED/)]);
  });

  it('goes on once a person accepted the new key', async () => {
    const { address, sshPort, hostKeyFingerprint } = managed.host('be1');
    const place = { clusterId, address, port: sshPort };
    const other = { ...place, fingerprint: `SHA256:${'B'.repeat(43)}` };
    const refused = await submit(engine.ctx.engine, { operation: 'acceptHostKey', input: other, actor: admin });
    expect(refused.userErrors).toMatchObject([{ code: 'HOST_KEY_CHANGED' }]);
    const run = await managed.ask('acceptHostKey', { ...place, fingerprint: hostKeyFingerprint });
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await refusalsOf('be1')).toEqual([]);
  });
});

async function allBackendsAlive(): Promise<boolean> {
  return (await topology()).backends.every((row) => row.alive);
}
