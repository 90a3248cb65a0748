import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { retryRun, undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { findClusterByName, listNodes } from '../../../src/store/clusters/inventory.ts';
import { insertRelease } from '../../../src/store/upgrades/releases.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { patientLease } from '../../helpers/upgrades.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

const version = '3.3.15';
const password = 'own-Secret-1';
const rootPassword = 'root-Secret-2';
/** What a shared machine lacks and its stand-ins do without. */
const acceptChecks = ['open-files', 'user-processes'];
const six = ['host2', 'host3', 'host4', 'host5', 'host6', 'host7'];
let world: World;
let engine: Engine;
let managed: Managed;

beforeAll(async () => {
  world = await startWorld({ starwarden: false, slack: false, speed: 20, frontends: 0, spareHosts: 10, version });
  engine = await startEngine({ env: { ...patientLease, STARWARDEN_RELEASES_DIR: join(world.dir, 'releases') } });
  managed = manage(world, engine);
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
}, 180_000);
afterAll(async () => {
  await engine?.close();
  await world?.stop();
});

async function clusterOn(names: readonly string[]) {
  const first = managed.host(names[0] ?? '');
  return {
    version,
    user: first.user,
    privateKey: await readFile(first.keyFile, 'utf8'),
    hosts: names.map((name) => {
      const { address, sshPort: port, hostKeyFingerprint } = managed.host(name);
      return { address, port, hostKeyFingerprint };
    }),
    backendConf: ['mem_limit = 30%'],
    password,
    rootPassword,
    acceptChecks,
  };
}

function frontendOn(name: string) {
  const { address: host, emptyDirs } = managed.host(name);
  return { host, deployDir: join(emptyDirs.deploy, 'fe'), metaDir: join(emptyDirs.data, 'meta') };
}

function backendOn(name: string, number = 1) {
  const { address: host, emptyDirs } = managed.host(name);
  const keys = ['be_port', 'be_http_port', 'heartbeat_service_port', 'brpc_port', 'starlet_port'];
  const moved = [9060, 8040, 9050, 8060, 9070].map((port) => port + 100 * (number - 1));
  return {
    host,
    deployDir: join(emptyDirs.deploy, `be${number}`),
    storage: [join(emptyDirs.data, `be${number}`)],
    conf: number === 1 ? [] : keys.map((key, index) => `${key} = ${moved[index]}`),
  };
}

async function threeAndThree(name: string) {
  return {
    name,
    ...(await clusterOn(six)),
    frontends: six.slice(0, 3).map(frontendOn),
    backends: six.slice(3).map((host) => backendOn(host)),
  };
}

/**
 * All hosts of a world see the processes of each other. While a busy machine does not say who listens where, every one of
 * them counts as being in the way, as it should: so the refusals are waited out.
 */
async function deploy(input: Record<string, unknown>) {
  const asked = { operation: 'deployCluster', input, actor: admin, options: { dryRun: true } };
  await expect
    .poll(async () => (await submit(engine.ctx.engine, asked)).userErrors.map(({ message }) => message), {
      timeout: 60_000,
      interval: 1_000,
    })
    .toEqual([]);
  return managed.finish((await managed.ask('deployCluster', input)).id);
}

async function deployed(input: Record<string, unknown>) {
  const ended = await deploy(input);
  expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED' });
  return ended;
}

async function carryOut(operation: string, input: Record<string, unknown>) {
  const ended = await managed.finish((await managed.ask(operation, input)).id);
  expect(ended, `${operation}: ${JSON.stringify(ended.failure)}`).toMatchObject({ state: 'SUCCEEDED' });
  return ended;
}

/** That it is a cluster: it answers its own users only, passes Starwarden's checks, and keeps rows. */
async function tryOut(clusterId: string, { on, frontends, backends, replicas }: Wanted): Promise<void> {
  await expect(loginAt(on, 'root', '')).rejects.toThrow(/Access denied/);
  expect((await carryOut('checkCluster', { clusterId })).postCheck?.passed).toBe(true);
  const nodes = await listNodes(engine.ctx.db, clusterId);
  expect(nodes.filter(({ hostId, alive }) => hostId !== null && alive)).toHaveLength(frontends + backends);
  const root = await loginAt(on, 'root', rootPassword);
  try {
    const rows = await root.query('SHOW FRONTENDS');
    expect(rows.map(({ Alive }) => Alive)).toEqual(Array.from({ length: frontends }, () => 'true'));
    expect(rows.filter(({ Role }) => Role === 'LEADER')).toHaveLength(1);
    expect((await root.query('SHOW BACKENDS')).map(({ Alive }) => Alive)).toHaveLength(backends);
    await root.query('CREATE DATABASE tried');
    await root.query(
      `CREATE TABLE tried.rows_of_it (id BIGINT NOT NULL) DUPLICATE KEY (id) DISTRIBUTED BY HASH(id) BUCKETS 4
PROPERTIES ("replication_num" = "${replicas}")`,
    );
    await root.query(
      `INSERT INTO tried.rows_of_it VALUES ${Array.from({ length: 50 }, (_, id) => `(${id})`).join(', ')}`,
    );
    const [counted] = await root.query('SELECT COUNT(*) AS n FROM tried.rows_of_it');
    expect(Number(counted?.n)).toBe(50);
  } finally {
    root.close();
  }
}

type Wanted = {
  readonly on: string;
  readonly frontends: number;
  readonly backends: number;
  readonly replicas: number;
};

function loginAt(name: string, user: string, secret: string): Promise<Sql> {
  return connectSql({ host: managed.host(name).address, port: 9030, user, password: secret });
}

it('deploys one frontend and two backends on one machine, with ports and directories of their own', async () => {
  const input = {
    name: 'one-machine',
    ...(await clusterOn(['host1'])),
    frontends: [frontendOn('host1')],
    backends: [backendOn('host1', 1), backendOn('host1', 2)],
  };
  const run = await deployed(input);
  expect(world.nodesOn('host1').map(({ kind, pid }) => `${kind} ${pid !== null}`)).toEqual(
    expect.arrayContaining(['fe true', 'be true', 'be true']),
  );
  await tryOut(run.clusterId, { on: 'host1', frontends: 1, backends: 2, replicas: 1 });
}, 200_000);

/** What was sent to make nodes, by the names of hosts, in a world of these. */
async function startsOn(names: readonly string[]): Promise<string[]> {
  return (await logLines(world.describe().logs.commands))
    .filter(
      ({ host, command }) => names.includes(String(host)) && /start_(fe|be)\.sh\S* --daemon/.test(String(command)),
    )
    .map(({ host }) => String(host))
    .toSorted();
}

it('goes on where it stopped when the second backend was not let in, with nothing done twice to the others', async () => {
  const three = ['host8', 'host9', 'host10'];
  const input = {
    name: 'broken-off',
    ...(await clusterOn(three)),
    frontends: [frontendOn('host8')],
    backends: [backendOn('host9'), backendOn('host10')],
  };
  const added = `ADD BACKEND .${managed.host('host10').address}:`;
  await world.faults.add({ kind: 'sql-error', match: added, times: 1, message: 'not now' });
  const failed = await deploy(input);
  expect(failed, JSON.stringify(failed.failure)).toMatchObject({ state: 'FAILED', failure: { code: 'SQL_FAILED' } });
  await world.faults.clear();
  const pidsOf = (name: string) => world.nodesOn(name).map(({ pid }) => pid);
  const before = [pidsOf('host8'), pidsOf('host9')];
  expect(pidsOf('host10'), 'what was done to the one that failed is taken back').toEqual([null]);

  await retryRun(engine.ctx.engine, { runId: failed.id, actor: admin });
  const ended = await managed.finish(failed.id);
  expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
  expect([pidsOf('host8'), pidsOf('host9')], 'they run on').toEqual(before);
  expect(await startsOn(three)).toEqual(['host10', 'host10', 'host8', 'host9']);
  await tryOut(ended.clusterId, { on: 'host8', frontends: 1, backends: 2, replicas: 2 });
}, 300_000);

it('throws three and three on six hosts away when their trial fails and that is undone, and deploys there afterwards', async () => {
  await world.faults.add({ kind: 'sql-error', match: '^CREATE DATABASE', times: 1, message: 'no room' });
  const input = await threeAndThree('six-machines');
  const failed = await deploy(input);
  expect(failed.state, JSON.stringify(failed.failure)).toBe('FAILED');
  await world.faults.clear();
  expect(six.flatMap((name) => world.nodesOn(name))).toHaveLength(6);

  const dirs = six.flatMap((name) => Object.values(managed.host(name).emptyDirs));
  for (const dir of dirs) await writeFile(join(dir, 'of-others'), 'stays');

  // A host that is away for a while is waited for: nothing is forgotten of which something is left.
  await world.host('host7').refuse();
  await undoRun(engine.ctx.engine, { runId: failed.id, actor: admin });
  const undoing = managed.finish(failed.id);
  await sleep(5_000);
  expect(await findClusterByName(engine.ctx.db, 'six-machines')).not.toBeNull();
  await world.host('host7').accept();
  const undone = await undoing;
  expect(undone, JSON.stringify(undone.failure)).toMatchObject({ state: 'UNDONE' });
  expect(six.flatMap((name) => world.nodesOn(name))).toEqual([]);
  expect(dirs.map((dir) => (existsSync(dir) ? readdirSync(dir) : []))).toEqual(dirs.map(() => ['of-others']));
  expect(await findClusterByName(engine.ctx.db, 'six-machines')).toBeNull();

  const run = await deployed(input);
  await tryOut(run.clusterId, { on: 'host2', frontends: 3, backends: 3, replicas: 3 });
}, 400_000);
