import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listHosts } from '../../../src/store/clusters/hosts.ts';
import { findCluster, findClusterByName, listNodes } from '../../../src/store/clusters/inventory.ts';
import { listClustersInMaking } from '../../../src/store/reads/clusters-in-making.ts';
import { insertRelease } from '../../../src/store/upgrades/releases.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

const version = '3.3.15';
const password = 'own-Secret-1';
const rootPassword = 'root-Secret-2';
let world: World;
let engine: Engine;
let managed: Managed;

beforeAll(async () => {
  const service = { units: {}, sudo: 'allowed' } as const;
  const systemd = { host1: service, host2: service };
  world = await startWorld({
    ...{ starwarden: false, slack: false, speed: 20, systemd, version },
    frontends: 0,
    spareHosts: 2,
  });
  engine = await startEngine({ env: { STARWARDEN_RELEASES_DIR: join(world.dir, 'releases') } });
  managed = manage(world, engine);
  const archive = world.describe().releases.find((release) => release.version === version);
  await insertRelease(
    engine.ctx.db,
    {
      ...{ version, source: { kind: 'PATH', location: archive?.path ?? '' }, sha256: archive?.sha256 ?? '' },
      ...{ sizeBytes: null, contents: ['FRONTEND', 'BACKEND'], minimumJdk: 11 },
    },
    { actor: admin, requestId: null },
  );
}, 120_000);

afterAll(async () => {
  await engine?.close();
  await world?.stop();
});

/** One frontend and two backends on one machine, with ports and directories of their own. */
async function oneMachine(name: string, on: string, more: Record<string, unknown> = {}) {
  const { address, sshPort: port, hostKeyFingerprint, user, keyFile, emptyDirs } = managed.host(on);
  const { deploy, data } = emptyDirs;
  return {
    ...{ name, environment: 'dev', version, user, privateKey: await readFile(keyFile, 'utf8') },
    hosts: [{ address, port, hostKeyFingerprint }],
    frontends: [{ host: address, deployDir: join(deploy, 'fe'), metaDir: join(data, 'meta') }],
    backends: [
      { host: address, deployDir: join(deploy, 'be1'), storage: [join(data, 'be1')] },
      {
        ...{ host: address, deployDir: join(deploy, 'be2'), storage: [join(data, 'be2')] },
        conf: [9160, 8140, 9150, 8160, 9170].map((number, index) => `${workerPorts[index]} = ${number}`),
      },
    ],
    backendConf: ['mem_limit = 30%'],
    ...{ password, rootPassword, acceptChecks: ['open-files'], ...more },
  };
}
/** Of the cluster on one machine, with the units that run its nodes. */
const units = [
  'BACKEND true starrocks-be-9150.service',
  'BACKEND true starrocks-be.service',
  'FRONTEND true starrocks-fe.service',
];
const placesOf = (nodes: Awaited<ReturnType<typeof listNodes>>) =>
  nodes.map(({ kind, hostId, unit }) => `${kind} ${hostId !== null} ${unit}`).toSorted();

const workerPorts = ['be_port', 'be_http_port', 'heartbeat_service_port', 'brpc_port', 'starlet_port'];

const codes = async (input: Record<string, unknown>) =>
  (
    await submit(engine.ctx.engine, { operation: 'deployCluster', input, actor: admin, options: { dryRun: true } })
  ).userErrors.map(({ code, message }) => `${code} ${message}`);

/** Of a host that runs by systemd. */
const unitsOn = async (on: string) =>
  (await readdir(join(world.dir, 'hosts', on, 'sshd', 'units')).catch(() => [])).filter((name) =>
    name.endsWith('.service'),
  );

const login = (on: string, user: string, secret: string): Promise<Sql> =>
  connectSql({ host: managed.host(on).address, port: 9030, user, password: secret });

async function eventsOf(runId: string): Promise<string> {
  const rows = await engine.ctx.db.selectFrom('run_event').selectAll().where('run_id', '=', runId).execute();
  return JSON.stringify(rows);
}

describe('deployCluster on one machine', () => {
  it('makes a cluster that nobody but its own users gets into, also when an answer is lost', async () => {
    await world.faults.add({ kind: 'sql-drop-after', match: '^SET PASSWORD', times: 1 });
    const run = await managed.ask('deployCluster', await oneMachine('small', 'host1', { systemd: true }));
    const ended = await managed.finish(run.id);
    expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });

    await expect(login('host1', 'root', '')).rejects.toThrow(/Access denied/);
    const root = await login('host1', 'root', rootPassword);
    try {
      expect(
        (await root.query('SHOW BACKENDS')).map(({ Alive, HeartbeatPort }) => `${HeartbeatPort} ${Alive}`),
      ).toEqual(expect.arrayContaining(['9050 true', '9150 true']));
      expect((await root.query('SHOW USERS')).map(({ User }) => User).toSorted()).toEqual([
        "'root'@'%'",
        "'starwarden'@'%'",
      ]);
      expect((await root.query('SHOW DATABASES')).map(({ Database }) => Database)).not.toContain(
        'starwarden_deploy_check',
      );
    } finally {
      root.close();
    }
    const nodes = await listNodes(engine.ctx.db, run.clusterId);
    expect(placesOf(nodes)).toEqual(units);
    expect(await findCluster(engine.ctx.db, run.clusterId)).toMatchObject({ name: 'small', sqlUser: 'starwarden' });
    const kept = await engine.ctx.db
      .selectFrom('secret')
      .select('id')
      .where('cluster_id', '=', run.clusterId)
      .execute();
    expect(kept, 'the key of the hosts and the password of its own user').toHaveLength(2);
    const told = `${JSON.stringify(ended)} ${await eventsOf(run.id)}`;
    for (const secret of [password, rootPassword]) expect(told).not.toContain(secret);
    await expect(undoRun(engine.ctx.engine, { runId: run.id, actor: admin })).rejects.toThrow(/may hold data/);
  });
});

describe('a deployment that fails', () => {
  it('is thrown away whole when it is undone, and leaves the machine as it was', async () => {
    await world.faults.add({ kind: 'sql-error', match: '^CREATE DATABASE', times: 1, message: 'no room' });
    const whole = await oneMachine('failing', 'host2', { systemd: true });
    const input = { ...whole, backends: whole.backends.slice(0, 1) };
    const run = await managed.ask('deployCluster', input);
    const failed = await managed.finish(run.id);
    expect(failed).toMatchObject({ state: 'FAILED', failure: { step: expect.anything() } });
    expect(await listHosts(engine.ctx.db, run.clusterId)).toHaveLength(1);
    expect(await unitsOn('host2')).toEqual(['starrocks-be.service', 'starrocks-fe.service']);
    await writeFile(join(managed.host('host2').emptyDirs.data, 'of-others'), 'stays');

    const root = await login('host2', 'root', rootPassword);
    await root.query('CREATE DATABASE precious');
    const undo = () => undoRun(engine.ctx.engine, { runId: run.id, actor: admin });
    await expect(undo()).rejects.toThrow(/not thrown away: it holds precious/);
    expect(await root.query('SHOW BACKENDS')).toHaveLength(1);
    await root.query('DROP DATABASE precious FORCE');
    root.close();

    await undo();
    const undone = await managed.finish(run.id);
    expect(undone, JSON.stringify(undone.failure)).toMatchObject({ state: 'UNDONE', postCheck: { passed: true } });
    expect(world.nodesOn('host2')).toEqual([]);
    expect(await unitsOn('host2')).toEqual([]);
    expect(await readdir(managed.host('host2').emptyDirs.data)).toEqual(['of-others']);
    expect(await findClusterByName(engine.ctx.db, 'failing')).toBeNull();
    expect(await listHosts(engine.ctx.db, run.clusterId)).toEqual([]);
    for (const { deployDir } of [...input.frontends, ...input.backends]) expect(existsSync(deployDir)).toBe(false);
    expect(
      await engine.ctx.db.selectFrom('secret').select('id').where('cluster_id', '=', run.clusterId).execute(),
    ).toEqual([]);
  });
});

describe('a stranger who comes in before root has its password', () => {
  it('makes the run fail, its frontend is ended and emptied, and what is left can be thrown away', async () => {
    await world.faults.add({ kind: 'sql-delay', match: '^SET PASSWORD', times: 1, ms: 4_000 });
    const whole = await oneMachine('visited', 'host2');
    const run = await managed.ask('deployCluster', { ...whole, backends: whole.backends.slice(0, 1) });
    const ending = managed.finish(run.id);
    const stranger = await whenOpen(() => login('host2', 'root', ''));
    await stranger.query("CREATE USER mallory IDENTIFIED BY 'x'");
    const failed = await ending;
    stranger.close();
    expect(failed).toMatchObject({ state: 'FAILED', failure: { code: 'PRECONDITION_FAILED' } });
    expect(failed.failure?.message).toMatch(/users that this run has not made: 'mallory'/);
    expect(failed.failure?.hint).toContain('Throw this cluster away');
    expect(world.nodesOn('host2').map(({ pid }) => pid)).toEqual([null, null]);
    expect(await readdir(join(managed.host('host2').emptyDirs.data, 'meta'))).not.toContain('image');

    expect(await listClustersInMaking(engine.ctx.db), 'it is not probed').toEqual([run.clusterId]);
    await undoRun(engine.ctx.engine, { runId: run.id, actor: admin });
    const undone = await managed.finish(run.id);
    expect(undone, JSON.stringify(undone.failure)).toMatchObject({ state: 'UNDONE', postCheck: { passed: true } });
    expect(await findClusterByName(engine.ctx.db, 'visited')).toBeNull();
  });
});

/** Tries until the door is open. */
async function whenOpen(open: () => Promise<Sql>): Promise<Sql> {
  const found: Sql[] = [];
  const tryOnce = async () => {
    const sql = await open().catch(() => null);
    if (sql !== null) found.push(sql);
    return found.length;
  };
  await expect.poll(tryOnce, { timeout: 30_000, interval: 20 }).toBe(1);
  const [sql] = found;
  if (sql === undefined) throw new Error('it never opened');
  return sql;
}

describe('a plan', () => {
  it('is refused where another cluster is, without a key that somebody vouched for, with an empty password', async () => {
    const before = (await logLines(world.describe().logs.statements)).length;
    const taken = await oneMachine('second', 'host1');
    expect(await codes(taken)).toContainEqual(expect.stringMatching(/^PRECONDITION_FAILED .*is a port of/));
    expect(await codes({ ...taken, name: 'small' })).toContainEqual(expect.stringMatching(/^ALREADY_EXISTS/));
    const { address, sshPort: port } = managed.host('host2');
    const free = await oneMachine('second', 'host2');
    expect(await codes({ ...free, hosts: [{ address, port }] })).toEqual([
      expect.stringMatching(/^HOST_KEY_UNKNOWN Nobody has vouched for 1 SSH key: .*SHA256:/),
    ]);
    expect(await codes({ ...free, rootPassword: 'inline:' })).toEqual(['INVALID_INPUT The password of root is empty']);
    expect((await logLines(world.describe().logs.statements)).slice(before)).toEqual([]);
  });
});

describe('a cluster that runs by systemd', () => {
  it('is adopted with the units that run it, as they are found', async () => {
    const { address, sshPort, user, keyFile, hostKeyFingerprint } = managed.host('host1');
    const known = await findClusterByName(engine.ctx.db, 'small');
    const forgotten = await managed.ask('unregisterCluster', { clusterId: known?.id ?? '' });
    expect(await managed.finish(forgotten.id)).toMatchObject({ state: 'SUCCEEDED' });
    const run = await managed.ask('adoptCluster', {
      ...{ name: 'taken-over', environment: 'dev', sqlUser: 'starwarden', password },
      ...{ frontends: [{ host: address, port: 9030 }], user, privateKey: await readFile(keyFile, 'utf8'), sshPort },
      hostKeys: [{ address, fingerprint: hostKeyFingerprint }],
    });
    const ended = await managed.finish(run.id);
    expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(ended.plan.notes).toContainEqual(expect.stringMatching(/run by starrocks-be-9150\.service$/));
    const said = JSON.stringify(ended.plan.notes);
    expect(placesOf(await listNodes(engine.ctx.db, run.clusterId)), said).toEqual(units);
    expect(ended.postCheck?.facts).toMatchObject({ capability: 'SUDO' });
  });
});
