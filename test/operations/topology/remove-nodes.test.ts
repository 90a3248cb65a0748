import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { readStallFacts } from '../../../src/adapters/starrocks/read-stall-facts.ts';
import { readTopology } from '../../../src/adapters/starrocks/read-topology.ts';
import type { Run } from '../../../src/domain/run.ts';
import { diagnoseStall, reasonInWords } from '../../../src/domain/topology-change/stall.ts';
import { cancelRun } from '../../../src/runs/control.ts';
import type { RunnerPoint } from '../../../src/runs/engine.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listRemovedNodes } from '../../../src/store/clusters/removed-nodes.ts';
import { removedNodesOfClusters } from '../../../src/store/reads/clusters.ts';
import { readRun } from '../../../src/store/runs/runs.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;
let root: Sql;
let whenPassed: (point: RunnerPoint) => void = () => {};

beforeAll(async () => {
  world = await startWorld({
    ...{ starwarden: false, slack: false, speed: 20 },
    // Of a version whose leader hands over when it is stopped gracefully.
    ...{ version: '3.5.0', frontends: 3, backends: 5, computeNodes: 1, observers: 1 },
  });
  engine = await startEngine({ observer: (point) => whenPassed(point) });
  managed = manage(world, engine);
  clusterId = await managed.register('shrinking');
  const attached = await managed.ask(
    'attachHosts',
    await managed.attachInput(clusterId, ['fe1', 'fe2', 'fe3', 'fe4', 'be3', 'be4', 'be5', 'cn1']),
  );
  expect(await managed.finish(attached.id)).toMatchObject({ state: 'SUCCEEDED' });
  const [frontend] = world.describe().cluster.frontends;
  if (frontend === undefined) throw new Error('no frontend');
  root = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
}, 120_000);

afterAll(async () => {
  root?.close();
  await engine?.close();
  await world?.stop();
});

const quick = { stallAfterSeconds: 1, stopTimeoutSeconds: 60 };

async function inputFor(names: readonly string[], extra: Record<string, unknown> = {}) {
  return { clusterId, nodeIds: await Promise.all(names.map((name) => managed.nodeIdOf(clusterId, name))), ...extra };
}

/** The refusals of a request, and what was sent to the cluster or its hosts that changes something meanwhile. */
async function refused(operation: string, input: Record<string, unknown>) {
  const before = await changesSent();
  const { userErrors } = await submit(engine.ctx.engine, { operation, input, actor: admin });
  expect(await changesSent()).toEqual(before);
  return userErrors.map(({ code, message, hint }) => {
    expect(hint).not.toBe('');
    return `${code} ${message}`;
  });
}

async function changesSent() {
  const { logs } = world.describe();
  const statements = (await logLines(logs.statements)).map(({ text }) => String(text).trim());
  const commands = (await logLines(logs.commands)).map(({ command }) => String(command));
  return {
    statements: statements.filter((text) => /^(ALTER SYSTEM|CANCEL)/i.test(text)),
    commands: commands.filter((text) => /stop_(fe|be|cn)\.sh/.test(text)).length,
  };
}

async function topology() {
  return readTopology(engine.ctx.connections.portsFor(clusterId).sql);
}

const backend = async (name: string) =>
  (await topology()).backends.find(({ host }) => host === managed.host(name).address);

async function rows(): Promise<number> {
  const [row] = await root.query('SELECT COUNT(*) AS n FROM sales.orders');
  return Number(Object.values(row ?? {})[0]);
}

/** Works on the run until its progress says something like this, then goes on with `then`, and waits for its end. */
async function untilSays(run: Run, words: RegExp, then: () => Promise<unknown>): Promise<Run> {
  const worker = engine.work();
  try {
    await expect
      .poll(async () => (await readRun(engine.ctx.db, run.id)).progress?.message, { timeout: 20_000 })
      .toMatch(words);
    await then();
    return await engine.until(run.id);
  } finally {
    await worker.stop();
  }
}

describe('decommissionBackends', () => {
  it('refuses what would strand tablets or take away a node of another kind, and sends nothing', async () => {
    expect(await refused('decommissionBackends', await inputFor(['be3', 'be4', 'be5']))).toEqual([
      expect.stringMatching(/^REPLICATION_AT_RISK 2 living backends would be left, and sales\.\w+ wants 3 replicas/),
      expect.stringMatching(/^PREFLIGHT_FAILED 3 backends are to leave at once/),
      ...['be3', 'be4', 'be5'].map(() => expect.stringMatching(/^REPLICATION_AT_RISK be .* would keep tablets/)),
    ]);
    expect(await refused('decommissionBackends', await inputFor(['fe2']))).toEqual([
      expect.stringMatching(/^INVALID_INPUT fe .* is not a backend/),
    ]);
    expect(await refused('decommissionBackends', await inputFor(['be2']))).toEqual([
      expect.stringMatching(/^CREDENTIAL_MISSING There is no SSH access/),
    ]);
    await root.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "0")');
    expect(await refused('decommissionBackends', await inputFor(['be5']))).toContainEqual(
      expect.stringMatching(/^PREFLIGHT_FAILED The tablet scheduler is off/),
    );
    await root.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "10000")');
  });

  it('says within a look why a drain stands still, and when it is cancelled the backend stays', async () => {
    const run = await managed.ask('decommissionBackends', await inputFor(['be5'], quick));
    // Its guards would refuse a scheduler that is off when it begins.
    whenPassed = ({ kind, at }) => {
      if (kind === 'drainBackend' && at === 'after-effect')
        void root.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "-1")');
    };
    const ended = await untilSays(run, /Why: .*tablet_sched_max_scheduling_tablets is -1/, () =>
      cancelRun(engine.ctx.engine, { runId: run.id, actor: admin }),
    );
    whenPassed = () => {};
    await root.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "10000")');
    expect(ended.postCheck?.checks.filter(({ status }) => status === 'FAIL')).toEqual([]);
    expect(ended).toMatchObject({ state: 'CANCELED' });
    expect(await backend('be5')).toMatchObject({ decommissioning: false, alive: true });
    expect(await listRemovedNodes(engine.ctx.db, clusterId)).toEqual([]);
  });

  it('refuses while another one leaves, and cancelDecommission lets that one stay', async () => {
    const row = await backend('be3');
    expect(await refused('cancelDecommission', await inputFor(['be3']))).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED be .* is not being decommissioned/),
    ]);
    await root.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "-1")');
    await root.query(`ALTER SYSTEM DECOMMISSION BACKEND "${row?.host}:${row?.heartbeatPort}"`);
    expect(await refused('decommissionBackends', await inputFor(['be5']))).toEqual([
      expect.stringMatching(/^PREFLIGHT_FAILED be .* is being decommissioned already/),
    ]);
    const run = await managed.ask('cancelDecommission', await inputFor(['be3']));
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(await backend('be3')).toMatchObject({ decommissioning: false });
    await root.query('ADMIN SET FRONTEND CONFIG ("tablet_sched_max_scheduling_tablets" = "10000")');
  });

  it('sends nothing when the node does not run where it is known to', async () => {
    const own = await managed.nodeIdOf(clusterId, 'be3');
    const { deploy_dir: dir } = await engine.ctx.db
      .selectFrom('cluster_node')
      .select('deploy_dir')
      .where('id', '=', own)
      .executeTakeFirstOrThrow();
    const moveTo = (deployDir: string | null) =>
      engine.ctx.db.updateTable('cluster_node').set({ deploy_dir: deployDir }).where('id', '=', own).execute();
    const before = await changesSent();
    await moveTo(dirname(dir ?? ''));
    const run = await managed.ask('decommissionBackends', await inputFor(['be3'], quick));
    const ended = await managed.finish(run.id);
    await moveTo(dir);
    expect(ended).toMatchObject({ state: 'FAILED', failure: { code: 'PRECONDITION_FAILED' } });
    expect(ended.failure?.message).toMatch(/is alive, and no process of it runs from/);
    expect(await changesSent()).toEqual(before);
    expect(await backend('be3')).toMatchObject({ decommissioning: false, alive: true });
  });

  it('lets two backends leave at once: no row is lost, and their processes have ended', async () => {
    const before = await rows();
    const run = await managed.ask('decommissionBackends', await inputFor(['be4', 'be5'], quick));
    const ended = await managed.finish(run.id);
    expect(ended).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect([await backend('be4'), await backend('be5')]).toEqual([undefined, undefined]);
    expect([world.pidOf('be4'), world.pidOf('be5')]).toEqual([null, null]);
    expect(await rows()).toBe(before);
    const removed = await listRemovedNodes(engine.ctx.db, clusterId);
    expect(removed.map(({ host, processEnded, dataDirs }) => ({ host, processEnded, dirs: dataDirs.length }))).toEqual(
      expect.arrayContaining([
        { host: managed.host('be4').address, processEnded: true, dirs: 1 },
        { host: managed.host('be5').address, processEnded: true, dirs: 1 },
      ]),
    );
    expect((await removedNodesOfClusters(engine.ctx.db, [clusterId])).length).toBe(2);
    const told = (await changesSent()).statements.slice(-2);
    expect(told.every((text) => /^ALTER SYSTEM DECOMMISSION BACKEND '[^,]+'$/.test(text))).toBe(true);
    const events = await engine.ctx.db.selectFrom('run_event').selectAll().where('run_id', '=', run.id).execute();
    expect(events.some(({ message }) => /tablets? (is|are) left/.test(message))).toBe(true);
  });
});

describe('the diagnosis of a stall', () => {
  it('names tables that are dropped and kept, and the only replica on a backend that is down', async () => {
    const create = (name: string, replicas: number) =>
      root.query(`CREATE TABLE sales.${name} (id INT NOT NULL) DUPLICATE KEY (id)
DISTRIBUTED BY HASH(id) BUCKETS 6 PROPERTIES ("replication_num" = "${replicas}")`);
    await create('gone', 3);
    await create('lonely', 1);
    await root.query('DROP TABLE sales.gone');
    const { sql } = engine.ctx.connections.portsFor(clusterId);
    const id = (await backend('be2'))?.id ?? '';
    const reasons = async () => {
      const facts = await readStallFacts(sql, id);
      return facts === null ? [] : diagnoseStall(facts).map((reason) => `${reason.code} ${reasonInWords(reason)}`);
    };
    expect(await reasons()).toContainEqual(
      expect.stringMatching(/^RECYCLE_BIN dropped tables or partitions \(6 tablets\)/),
    );
    await world.kill('be2');
    await expect
      .poll(reasons, { timeout: 10_000 })
      .toContainEqual(expect.stringMatching(/^ONLY_REPLICA_AWAY sales\.lonely \(\d tablets?\): .* is down/));
    await world.start('be2');
    await expect.poll(async () => (await backend('be2'))?.alive).toBe(true);
  });
});

describe('removeComputeNodes', () => {
  it('lets a compute node end its work, drops it and looks', async () => {
    expect(await refused('removeComputeNodes', await inputFor(['be1']))).toEqual([
      expect.stringMatching(/^INVALID_INPUT be .* is not a compute node/),
    ]);
    const run = await managed.ask('removeComputeNodes', await inputFor(['cn1'], { stopTimeoutSeconds: 60 }));
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect((await topology()).computeNodes).toEqual([]);
    expect(world.pidOf('cn1')).toBeNull();
  });
});

describe('dropFrontends', () => {
  const names = ['fe1', 'fe2', 'fe3', 'fe4'];
  const nameOf = (host: string | undefined) => names.find((name) => managed.host(name).address === host) ?? '';
  const frontends = async () => (await topology()).frontends;
  const byRole = async (role: string) =>
    (await frontends()).filter((row) => row.role === role).map(({ host }) => nameOf(host));

  it('refuses the leader, and all but one at once', async () => {
    const [leader = ''] = await byRole('LEADER');
    const followers = await byRole('FOLLOWER');
    expect(await refused('dropFrontends', await inputFor([leader]))).toEqual([
      expect.stringMatching(/^QUORUM_AT_RISK fe .* leads/),
    ]);
    expect(await refused('dropFrontends', await inputFor(followers))).toEqual([
      expect.stringMatching(/^QUORUM_AT_RISK 2 voting frontends would leave at once, and one would be left of 3/),
    ]);
    const remnant = await world.faults.add({ kind: 'frontend-twice', match: managed.host(followers[0] ?? '').address });
    expect(await refused('dropFrontends', await inputFor(followers.slice(0, 1)))).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED SHOW FRONTENDS lists fe .* more than once/),
    ]);
    await world.faults.remove(remnant);
  });

  it('starts a leader again that was stopped to hand over, and could not be dropped', async () => {
    const [leader = ''] = await byRole('LEADER');
    const fault = await world.faults.add({ kind: 'sql-error', match: 'DROP FOLLOWER', message: 'not now' });
    const input = await inputFor([leader], { moveLeader: true, stopTimeoutSeconds: 60 });
    const run = await managed.ask('dropFrontends', input);
    const ended = await managed.finish(run.id);
    await world.faults.remove(fault);
    expect(ended).toMatchObject({ state: 'FAILED', failure: { message: expect.stringContaining('not now') } });
    expect(await byRole('LEADER')).not.toEqual([leader]);
    expect(world.pidOf(leader)).not.toBeNull();
    await expect.poll(async () => (await frontends()).filter(({ alive }) => alive).length, { timeout: 20_000 }).toBe(4);
  });

  it('drops an observer, and its process has ended', async () => {
    const [observer = ''] = await byRole('OBSERVER');
    const run = await managed.ask('dropFrontends', await inputFor([observer], { stopTimeoutSeconds: 60 }));
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(await byRole('OBSERVER')).toEqual([]);
    expect(world.pidOf(observer)).toBeNull();
  });

  it('drops a follower and leaves its process alone where that was asked for, and says that nobody looked', async () => {
    const [follower = ''] = await byRole('FOLLOWER');
    const run = await managed.ask('dropFrontends', await inputFor([follower], { leaveProcess: true }));
    const ended = await managed.finish(run.id);
    expect(ended).toMatchObject({ state: 'SUCCEEDED' });
    expect(ended.postCheck?.checks).toContainEqual(
      expect.objectContaining({ status: 'SKIPPED', observed: expect.stringMatching(/left alone, and nobody looked/) }),
    );
    expect(world.pidOf(follower)).not.toBeNull();
    expect((await frontends()).filter(({ alive }) => alive)).toHaveLength(2);
    const [record] = await listRemovedNodes(engine.ctx.db, clusterId);
    expect(record).toMatchObject({ kind: 'FRONTEND', place: null, processEnded: null, dataDirs: [] });
  });
});
