import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { readIdentities } from '../../../src/adapters/ssh/data-dirs.ts';
import type { RemovedNode } from '../../../src/domain/cluster.ts';
import { newId } from '../../../src/ids.ts';
import { deleteNodeData } from '../../../src/operations/topology/steps/delete-node-data.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listRemovedNodes, saveRemovedNode } from '../../../src/store/clusters/removed-nodes.ts';
import { removedNodesOfClusters } from '../../../src/store/reads/clusters.ts';
import { treeOf } from '../../adapters/ssh/release-fixture.ts';
import { admin, type Engine, operator, startEngine } from '../../helpers/engine.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;
let root: Sql;
let be: RemovedNode;
let fe: RemovedNode;

beforeAll(async () => {
  world = await startWorld({
    ...{ starwarden: false, slack: false, speed: 20 },
    ...{ frontends: 1, backends: 4, observers: 1 },
  });
  engine = await startEngine();
  managed = manage(world, engine);
  clusterId = await managed.register('purging');
  await finished('attachHosts', await managed.attachInput(clusterId, ['fe2', 'be4']));
  const [frontend] = world.describe().cluster.frontends;
  if (frontend === undefined) throw new Error('no frontend');
  root = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
  const ids = async (name: string) => [await managed.nodeIdOf(clusterId, name)];
  const [nodeIds, observers] = [await ids('be4'), await ids('fe2')];
  await finished('decommissionBackends', { clusterId, nodeIds, stallAfterSeconds: 1, stopTimeoutSeconds: 60 });
  await finished('dropFrontends', { clusterId, nodeIds: observers, stopTimeoutSeconds: 60 });
  be = await left('BACKEND');
  fe = await left('FRONTEND');
}, 120_000);

afterAll(async () => {
  root?.close();
  await engine?.close();
  await world?.stop();
});

async function finished(operation: string, input: Record<string, unknown>) {
  const run = await managed.ask(operation, input);
  const ended = await managed.finish(run.id);
  expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
  return ended;
}

async function left(kind: string): Promise<RemovedNode> {
  const found = (await listRemovedNodes(engine.ctx.db, clusterId)).find((node) => node.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} has left`);
  return found;
}

const dataOf = ({ dataDirs: [dir = ''] }: RemovedNode) => dir;
const everything = () => [be, fe].map((node) => (existsSync(dataOf(node)) ? treeOf(dataOf(node), { skip: [] }) : []));
const deletions = async () =>
  (await logLines(world.describe().logs.commands)).filter(({ command }) => String(command).includes('-delete')).length;
const inputOf = (nodes: readonly { readonly id: string }[], extra: Record<string, unknown> = {}) => ({
  ...{ clusterId, removedNodeIds: nodes.map(({ id }) => id) },
  ...extra,
});

/** The refusals of a request; nothing was sent that deletes, and nothing has gone. */
async function refused(input: Record<string, unknown>) {
  const [before, sent] = [everything(), await deletions()];
  const options = { confirm: 'purging' };
  const { userErrors } = await submit(engine.ctx.engine, { operation: 'purgeNodeData', input, actor: admin, options });
  expect([everything(), await deletions()]).toEqual([before, sent]);
  return userErrors.map(({ code, message, hint }) => {
    expect(hint).not.toBe('');
    return `${code} ${message}`;
  });
}

/** The step of the plan that is made now: what it sees later, and what it does. */
async function stepOfPlan() {
  const options = { dryRun: true };
  const asked = { operation: 'purgeNodeData', input: inputOf([be]), actor: admin, options };
  const [step] = (await submit(engine.ctx.engine, asked)).plan?.steps ?? [];
  if (step === undefined) throw new Error('no plan');
  const ports = engine.ctx.connections.portsFor(clusterId);
  const context = {
    ...{ clusterId, runId: 'run_1', signal: new AbortController().signal, now: () => new Date(), log: () => {} },
    ...{ startedAt: null, attempts: 0, applied: false, waitingLanes: 0, earlier: async () => null },
  };
  return {
    look: async () => {
      const check = await deleteNodeData.check(step.params, ports, context);
      return check.state === 'blocked' ? check.message : check.state;
    },
    carryOut: () => deleteNodeData.apply(step.params, ports, context),
  };
}

describe('purgeNodeData', () => {
  it('knows whose the directories were, from when the node still ran', () => {
    expect(be.identities).toEqual({ [dataOf(be)]: expect.stringMatching(/^cluster \d+, sum [0-9a-f]{16}$/) });
    expect(fe.identities).toEqual({ [dataOf(fe)]: expect.stringMatching(/^cluster \d+, frontend \S+$/) });
  });

  it('refuses who may not, what nobody typed, what never left, and what says another name', async () => {
    const asked = { operation: 'purgeNodeData', input: inputOf([be]) };
    await expect(submit(engine.ctx.engine, { ...asked, actor: operator })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const untyped = await submit(engine.ctx.engine, { ...asked, actor: admin });
    expect(untyped.run).toBeNull();
    expect(await refused(inputOf([{ id: 'rmn_01J00000000000000000000000' }]))).toEqual([
      expect.stringMatching(/^NOT_FOUND No node with the id rmn_/),
    ]);
    const file = `${dataOf(be)}/cluster_id`;
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, '815-x');
    expect(await refused(inputOf([be]))).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED be .* belongs to cluster 815.* and belonged to cluster \d+/),
    ]);
    await rm(file);
    expect(await refused(inputOf([be]))).toEqual([expect.stringMatching(/is not known: its identity file is missing/)]);
    writeFileSync(file, text);
  });

  it('refuses a link, a directory that is gone, and one in which a process works', async () => {
    const dir = dataOf(be);
    await rename(dir, `${dir}-away`);
    expect(await refused(inputOf([be]))).toEqual([expect.stringMatching(/is empty or not there: .* not mounted/)]);
    await symlink(`${dir}-away`, dir);
    expect(await refused(inputOf([be]))).toEqual([expect.stringMatching(/is a symbolic link/)]);
    await rm(dir);
    await rename(`${dir}-away`, dir);
    await world.start('be4');
    expect(await refused(inputOf([be]))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/is the directory of data of a backend that runs there as process \d+/),
        expect.stringMatching(/process \d+ \(.*\) works in/),
      ]),
    );
    await world.kill('be4');
  });

  it('refuses a node that is in a cluster again, known or not', async () => {
    await root.query(`ALTER SYSTEM ADD BACKEND "${be.host}:${be.port}"`);
    expect(await refused(inputOf([be]))).toContainEqual(expect.stringMatching(/is in the cluster again/));
    await root.query(`ALTER SYSTEM DROP BACKEND "${be.host}:${be.port}" FORCE`);
  });

  it('asks everything again right before, and fails without having deleted anything', async () => {
    const [dir, sent] = [dataOf(be), await deletions()];
    const file = `${dir}/cluster_id`;
    const text = readFileSync(file, 'utf8');
    const manyFiles = (change: (name: string) => void) => {
      for (let n = 0; n < 200; n += 1) change(`${dir}/new-${n}`);
    };
    const { look, carryOut } = await stepOfPlan();
    expect(await look()).toBe('todo');
    manyFiles((name) => writeFileSync(name, 'x'));
    expect(await look()).toMatch(/is not what was looked at/);
    manyFiles((name) => rmSync(name));
    renameSync(dir, `${dir}-away`);
    expect(await look()).toMatch(/is empty or not there now/);
    renameSync(`${dir}-away`, dir);
    renameSync(file, `${file}-away`);
    expect(await look()).toMatch(/says whose it is any more/);
    renameSync(`${file}-away`, file);
    expect(await deletions()).toBe(sent);

    const before = everything();
    writeFileSync(file, '815-x');
    await expect(carryOut()).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringMatching(/says that it belongs to cluster 815/),
    });
    writeFileSync(file, text);
    expect(everything()).toEqual(before);
  });

  it('shows what would go, and lets it all go: the directories are empty, and the nodes are listed no more', async () => {
    const input = inputOf([be, fe]);
    const options = { dryRun: true };
    const { plan } = await submit(engine.ctx.engine, { operation: 'purgeNodeData', input, actor: admin, options });
    expect(plan?.notes).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^be .*\/storage \(cluster .*\): \d+ files? with \d+ bytes/),
        expect.stringMatching(/cannot be undone/),
      ]),
    );
    const ended = await finished('purgeNodeData', input);
    expect(ended.postCheck?.checks.map(({ status }) => status)).toEqual(['PASS', 'PASS', 'PASS', 'PASS']);
    expect(everything()).toEqual([[], []]);
    expect([be, fe].every((node) => existsSync(`${node.place?.deployDir}/conf`))).toBe(true);
    expect(await removedNodesOfClusters(engine.ctx.db, [clusterId])).toEqual([]);
    expect(await refused(inputOf([be]))).toEqual([expect.stringMatching(/is deleted already/)]);
    const [row] = await root.query('SELECT COUNT(*) AS n FROM sales.orders');
    expect(Number(Object.values(row ?? {})[0])).toBeGreaterThan(0);
  });
});

describe('what a run remembers of a node that has left', () => {
  const { signal } = new AbortController();
  /** A backend that has left long ago, and where it was on the machine of the one that has just left. */
  async function leave(port: number, home: string) {
    const hostId = be.place?.hostId ?? '';
    const data = join(home, 'storage');
    for (const dir of [data, join(home, 'conf'), join(home, 'bin'), join(home, 'lib')])
      await mkdir(dir, { recursive: true });
    await writeFile(join(data, 'cluster_id'), '4711-token');
    for (const file of ['conf/be.conf', 'bin/start_be.sh', 'lib/starrocks_be']) await writeFile(join(home, file), 'x');
    const shell = await engine.ctx.connections.portsFor(clusterId).shell(hostId);
    const identities = await readIdentities(shell, { kind: 'BACKEND', dirs: [data] }, signal);
    const where = { clusterId, runId: newId('run') };
    const node = { kind: 'BACKEND' as const, host: be.host, port };
    const place = { hostId, deployDir: home, unit: null };
    const found = { ...node, place, dataDirs: [data], identities, processEnded: null };
    const lost = { ...node, place: null, dataDirs: [], identities: {}, processEnded: true };
    await engine.ctx.db.transaction().execute(async (tx) => {
      await saveRemovedNode(tx, where, found);
      await saveRemovedNode(tx, where, lost);
    });
    const record = (await listRemovedNodes(engine.ctx.db, clusterId)).find(({ runId }) => runId === where.runId);
    expect(record).toMatchObject({ place, dataDirs: [data], identities, processEnded: true });
    expect(Object.keys(identities)).toEqual([data]);
    return record ?? be;
  }

  it('is not forgotten by a retry that cannot look, and serves to purge two on one machine, binaries too', async () => {
    const dir = await realpath(await mkdtemp(join(world.dir, 'left-')));
    const [first, second, third] = [
      await leave(59_051, join(dir, 'be1')),
      await leave(59_052, join(dir, 'be2')),
      await leave(59_053, join(dir, 'be3')),
    ];
    const before = treeOf(join(dir, 'be3'), { skip: [] });
    const ended = await finished('purgeNodeData', inputOf([first, second], { alsoBinaries: true }));
    expect(ended.plan.notes?.filter((note) => /^be .*: \d+ files? with/.test(note))).toHaveLength(4);
    for (const name of ['be1', 'be2']) expect(await readdir(join(dir, name))).toEqual([]);
    expect(treeOf(join(dir, 'be3'), { skip: [] }), 'another node of that machine').toEqual(before);
    const states = await listRemovedNodes(engine.ctx.db, clusterId);
    expect([first, second, third].map(({ id }) => states.find((each) => each.id === id)?.purgedAt !== null)).toEqual([
      ...[true, true, false],
    ]);
  });
});
