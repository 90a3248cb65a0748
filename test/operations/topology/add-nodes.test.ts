import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listNodes } from '../../../src/store/clusters/inventory.ts';
import { insertRelease } from '../../../src/store/upgrades/releases.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;
let root: Sql;
const version = '3.3.15';
/** What the machine that the tests run on lacks, and what its stand-ins do without. */
const acceptChecks = ['open-files'];

beforeAll(async () => {
  world = await startWorld({
    starwarden: false,
    slack: false,
    speed: 20,
    frontends: 1,
    backends: 1,
    spareHosts: 4,
    systemd: { host3: { units: {}, sudo: 'allowed' } },
    version,
  });
  engine = await startEngine({ env: { STARWARDEN_RELEASES_DIR: join(world.dir, 'releases') } });
  managed = manage(world, engine);
  const { host, queryPort: port } = world.describe().cluster.frontends[0] ?? { host: '', queryPort: 0 };
  root = await connectSql({ host, port, user: 'root', password: '' });
  clusterId = await managed.register('growing');
  const attached = await managed.ask('attachHosts', await managed.attachInput(clusterId, ['host1', 'host2']));
  expect(await managed.finish(attached.id)).toMatchObject({ state: 'SUCCEEDED' });
}, 120_000);

afterAll(async () => {
  root?.close();
  await engine?.close();
  await world?.stop();
});

async function register(): Promise<void> {
  const archive = world.describe().releases.find((release) => release.version === version);
  await insertRelease(
    engine.ctx.db,
    {
      version,
      source: { kind: 'PATH', location: archive?.path ?? '' },
      sha256: archive?.sha256 ?? '',
      sizeBytes: null,
      contents: ['FRONTEND', 'BACKEND'],
      minimumJdk: 11,
    },
    { actor: admin, requestId: null },
  );
}

const placeOn = (name: string) => managed.host(name).emptyDirs;

function backendsOn(names: readonly string[], more: Record<string, unknown> = {}) {
  const { deploy, data } = placeOn(names[0] ?? '');
  const at = { hosts: names.map((name) => managed.host(name).address) };
  return { clusterId, ...at, deployDir: join(deploy, 'be'), storage: [join(data, 'be')], acceptChecks, ...more };
}

const dry = (operation: string, input: Record<string, unknown>) =>
  submit(engine.ctx.engine, { operation, input, actor: admin, options: { dryRun: true } });
const codes = async (operation: string, input: Record<string, unknown>) =>
  (await dry(operation, input)).userErrors.map(({ code, message }) => `${code} ${message}`);

async function changesSent(): Promise<string[]> {
  const { logs, cluster } = world.describe();
  return (await logLines(logs.statements))
    .filter((line) => line.user === cluster.sqlUser)
    .map((line) => String(line.text).replaceAll(/\s+/g, ' '))
    .filter((text) => /^(ALTER|CANCEL|DROP)/.test(text));
}

describe('a plan for new nodes is refused', () => {
  it('without the release in the catalogue, without SSH access, in bad places, with bad lines', async () => {
    const one = backendsOn(['host1']);
    expect(await codes('addBackends', one)).toEqual([
      expect.stringMatching(/^NOT_FOUND The catalogue has no release 3\.3\.15/),
    ]);
    await register();
    expect(await codes('addBackends', backendsOn(['host4']))).toEqual([
      expect.stringMatching(/^CREDENTIAL_MISSING There is no SSH access/),
    ]);
    expect(await codes('addBackends', { ...one, version: '3.5.0' })).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED The cluster runs 3\.3\.15, and a new node would run 3\.5\.0/),
    ]);
    expect(await codes('addBackends', { ...one, storage: [join(one.deployDir, 'lib', 'data')] })).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED .*belongs to the release/),
    ]);
    expect(await codes('addBackends', { ...one, deployDir: '/etc/starrocks' })).toContainEqual(
      expect.stringMatching(/^INVALID_INPUT .*\/etc\/starrocks is a directory of the system/),
    );
    expect(await codes('addBackends', { ...one, conf: ['JAVA_OPTS = $(id)', 'storage_root_path = /x'] })).toEqual([
      expect.stringContaining('a shell would run a command in it'),
      expect.stringContaining('it is made from the field for storage'),
    ]);
    const metaDir = join(placeOn('host1').data, 'meta');
    const frontends = { clusterId, hosts: one.hosts, deployDir: join(placeOn('host1').deploy, 'fe'), metaDir };
    expect(await codes('addFrontends', frontends)).toEqual([
      expect.stringMatching(/^QUORUM_AT_RISK 2 frontends would vote/),
    ]);
    expect(await codes('addFrontends', { ...frontends, role: 'OBSERVER', conf: ['http_port = 8031'] })).toEqual([
      expect.stringMatching(/^INVALID_INPUT The other frontends have http_port 8030/),
    ]);
    expect(await changesSent()).toEqual([]);
  });
});

describe('addBackends', () => {
  it('installs a backend, adds it, and takes it away again when that is undone', async () => {
    const input = backendsOn(['host1'], { location: 'rack:r2', conf: ['mem_limit = 80%'] });
    const planned = await dry('addBackends', input);
    expect(planned.userErrors).toEqual([]);
    expect(planned.plan?.steps.find(({ kind }) => kind === 'writeConf')?.params).toMatchObject({
      conf: expect.stringContaining('mem_limit = 80%'),
    });
    const run = await managed.ask('addBackends', input);
    const ended = await managed.finish(run.id);
    expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    const rows = await root.query('SHOW BACKENDS');
    expect(rows.map(({ Alive, Location }) => `${Alive} ${Location}`).toSorted()).toEqual(['true ', 'true rack:r2']);
    const known = (await listNodes(engine.ctx.db, clusterId)).filter(({ hostId }) => hostId !== null);
    expect(known.map(({ deployDir }) => deployDir).toSorted()).toEqual([input.deployDir]);
    expect(await codes('addBackends', input)).toContainEqual(expect.stringMatching(/^ALREADY_EXISTS/));

    await undoRun(engine.ctx.engine, { runId: run.id, actor: admin });
    const undone = await managed.finish(run.id);
    expect(undone, JSON.stringify(undone.failure)).toMatchObject({ state: 'UNDONE' });
    expect(await root.query('SHOW BACKENDS')).toHaveLength(1);
    expect(world.nodesOn('host1')).toEqual([]);
    await expect(readFile(join(input.deployDir, 'conf', 'be.conf'))).rejects.toThrow();
  });
});

describe('addFrontends', () => {
  it('adds an observer, started with the help of the leader on an empty directory', async () => {
    const { deploy, data } = placeOn('host2');
    const hosts = [managed.host('host2').address];
    const input = { clusterId, hosts, role: 'OBSERVER', deployDir: join(deploy, 'fe'), metaDir: join(data, 'meta') };
    const run = await managed.ask('addFrontends', input);
    const ended = await managed.finish(run.id);
    expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    const rows = await root.query('SHOW FRONTENDS');
    expect(rows.map(({ Role, Alive }) => `${Role} ${Alive}`).toSorted()).toEqual(['LEADER true', 'OBSERVER true']);

    await undoRun(engine.ctx.engine, { runId: run.id, actor: admin });
    const undone = await managed.finish(run.id);
    expect(undone, JSON.stringify(undone.failure)).toMatchObject({ state: 'UNDONE' });
    expect(await root.query('SHOW FRONTENDS')).toHaveLength(1);
    expect(world.nodesOn('host2')).toEqual([]);
    expect(await readdir(data)).toEqual([]);
  });
});

describe('addBackends with systemd', () => {
  it('writes a unit that starts the backend, shows it in the plan, and takes it away with the rest', async () => {
    const input = backendsOn(['host3'], { systemd: true, conf: ['heartbeat_service_port = 9150'] });
    const attached = await managed.ask('attachHosts', await managed.attachInput(clusterId, ['host3']));
    expect(await managed.finish(attached.id)).toMatchObject({ state: 'SUCCEEDED' });
    const planned = await dry('addBackends', input);
    expect(planned.plan?.steps.find(({ kind }) => kind === 'writeNodeUnit')?.params).toMatchObject({
      unit: 'starrocks-be-9150.service',
      text: expect.stringContaining(`ExecStart=${input.deployDir}/bin/start_be.sh --daemon`),
    });
    const run = await managed.ask('addBackends', input);
    const ended = await managed.finish(run.id);
    expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    const known = (await listNodes(engine.ctx.db, clusterId)).filter(({ port }) => port === 9150);
    expect(known).toMatchObject([{ unit: 'starrocks-be-9150.service', deployDir: input.deployDir, alive: true }]);

    await undoRun(engine.ctx.engine, { runId: run.id, actor: admin });
    const undone = await managed.finish(run.id);
    expect(undone, JSON.stringify(undone.failure)).toMatchObject({ state: 'UNDONE' });
    expect(world.nodesOn('host3')).toEqual([]);
    expect((await root.query('SHOW BACKENDS')).some(({ HeartbeatPort }) => HeartbeatPort === '9150')).toBe(false);
  });
});
