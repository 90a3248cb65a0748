import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type S3Server, startS3 } from '../../../sandbox/s3/start-s3.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { showFrontends, showRepositories } from '../../../src/adapters/starrocks/statements.ts';
import { newId } from '../../../src/ids.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { type Api, as, startApi } from '../../helpers/api.ts';
import { admin, type Engine } from '../../helpers/engine.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

let world: World;
let api: Api;
let engine: Engine;
let managed: Managed;
let s3: S3Server;
let clusterId: string;
let bucket: string;

beforeAll(async () => {
  world = await startWorld({ starwarden: false, slack: false, speed: 20, frontends: 1 });
  bucket = (world.describe().cluster.repositoryLocation ?? '').slice('s3://'.length).split('/')[0] ?? '';
  s3 = await startS3({ buckets: [bucket] });
  api = await startApi();
  engine = api.engine;
  managed = manage(world, engine);
  clusterId = await managed.register('repositories');
});

afterEach(async () => {
  await world.faults.clear();
  s3.faults.clear();
});

afterAll(async () => {
  await s3?.stop();
  await api?.close();
  await world?.stop();
});

const keys = () => ({
  ...{ endpoint: s3.endpoint, region: 'us-east-1', pathStyle: true },
  ...{ accessKey: s3.user.accessKey, secretKey: s3.user.secretKey },
});
const wanted = (name: string) => ({ clusterId, name, location: `s3://${bucket}/${name}`, s3: keys() });
const carryOut = async (operation: string, input: Record<string, unknown>) =>
  managed.finish((await managed.ask(operation, input)).id);
const refusalOf = async (operation: string, input: Record<string, unknown>) =>
  (await submit(engine.ctx.engine, { operation, input, actor: admin })).userErrors[0];
const creates = async (name: string) =>
  (await logLines(world.describe().logs.statements)).filter((line) =>
    String(line.text).startsWith(`CREATE REPOSITORY \`${name}\``),
  ).length;
const mounted = async (name: string) =>
  (await engine.ctx.connections.portsFor(clusterId).sql.query(showRepositories())).some((row) => row.RepoName === name);
const recorded = (name: string) =>
  engine.ctx.connections.reading(clusterId, new AbortController().signal).catalogue.findRepository(clusterId, name);

it('creates a repository whose answer was lost once, and keeps its keys out of everything that is stored or said', async () => {
  await world.faults.add({ kind: 'sql-drop-after', match: 'CREATE REPOSITORY', times: 1 });
  const ended = await carryOut('createRepository', wanted('lost'));
  expect(ended).toMatchObject({ state: 'SUCCEEDED' });
  expect(await creates('lost')).toBe(1);
  expect(await recorded('lost')).toMatchObject({ origin: 'CREATED', kind: 'S3', readOnly: false });
  const left = (await s3.inside.list(bucket)).filter(({ key }) => key.includes('__starwarden_'));
  expect(left).toEqual([]);
  const { db } = engine.ctx;
  const stored = JSON.stringify([
    await db.selectFrom('run').selectAll().execute(),
    await db.selectFrom('run_step').selectAll().execute(),
    await db.selectFrom('run_event').selectAll().execute(),
    await db.selectFrom('audit_event').selectAll().execute(),
    await db.selectFrom('repository').selectAll().execute(),
  ]);
  expect(stored).not.toContain(s3.user.secretKey);
  expect(stored).not.toContain(s3.user.accessKey);
});

it('takes back what it created, leaves every object there, and destroys the keys', async () => {
  const created = await carryOut('createRepository', wanted('undone'));
  const before = await s3.inside.list(bucket);
  await undoRun(engine.ctx.engine, { runId: created.id, actor: admin });
  expect(await managed.finish(created.id)).toMatchObject({ state: 'UNDONE' });
  expect(await mounted('undone')).toBe(false);
  expect(await recorded('undone')).toBeNull();
  expect(await s3.inside.list(bucket)).toEqual(before);
});

it('does not ask StarRocks for a repository whose store refuses the key', async () => {
  const ended = await carryOut('createRepository', {
    ...wanted('refused'),
    s3: { ...keys(), secretKey: 'wrong-secret-5' },
  });
  expect(ended).toMatchObject({ state: 'FAILED', failure: { code: 'OBJECT_STORE_KEY_REFUSED' } });
  expect(JSON.stringify(ended)).not.toContain('wrong-secret-5');
  expect(await creates('refused')).toBe(0);
});

it('refuses a name that is in use, and says where that repository is', async () => {
  const refusal = await refusalOf('createRepository', { ...wanted('backups'), location: 's3://elsewhere/x' });
  expect(refusal).toMatchObject({ code: 'ALREADY_EXISTS', message: expect.stringContaining(`s3://${bucket}`) });
});

it('takes over no repository with the key to another store that has a bucket of the same name', async () => {
  expect(await carryOut('takeOverRepository', { clusterId, name: 'backups', s3: keys() })).toMatchObject({
    state: 'FAILED',
    failure: { code: 'PRECONDITION_FAILED', message: expect.stringContaining('it is another store') },
  });
  expect(await recorded('backups')).toBeNull();
});

it('takes over what somebody made by hand, where StarRocks says it is', async () => {
  expect(await carryOut('takeOverRepository', { clusterId, name: 'backups' })).toMatchObject({ state: 'SUCCEEDED' });
  const location = world.describe().cluster.repositoryLocation;
  expect(await recorded('backups')).toMatchObject({ origin: 'TAKEN_OVER', location, access: null });
  expect(await carryOut('dropRepository', { clusterId, name: 'backups' })).toMatchObject({ state: 'SUCCEEDED' });
  expect(await mounted('backups')).toBe(false);
  expect(await refusalOf('dropRepository', { clusterId, name: 'backups' })).toMatchObject({ code: 'NOT_FOUND' });
});

it('measures a repository that is well, and remembers why one is not', async () => {
  await carryOut('createRepository', wanted('checked'));
  expect(await carryOut('checkRepository', { clusterId, name: 'checked' })).toMatchObject({ state: 'SUCCEEDED' });
  const info = (await s3.inside.list(bucket)).find(({ key }) => key.endsWith('repository_checked/__repo_info'));
  expect(await recorded('checked')).toMatchObject({ problem: null, usedBytes: info?.bytes, freeBytes: null });
  s3.faults.add({ kind: 'key-expired' });
  const failed = await carryOut('checkRepository', { clusterId, name: 'checked' });
  expect(failed).toMatchObject({ state: 'FAILED', failure: { code: 'OBJECT_STORE_KEY_REFUSED' } });
  expect(await recorded('checked')).toMatchObject({
    problem: { code: 'OBJECT_STORE_KEY_REFUSED' },
    usedBytes: info?.bytes,
  });
});

describe('what people are shown', () => {
  const time = '2026-11-20-03-00-00-000';
  const fields =
    'id name location kind origin health starRocksError isReachedDirectly checkedAt problem { code since }';
  const shape = z.object({
    repositories: z.object({
      problems: z.array(z.string()),
      repositories: z.array(
        z.object({ id: z.string(), name: z.string(), origin: z.string(), health: z.string() }).catchall(z.json()),
      ),
    }),
  });
  let viewer: string;
  beforeAll(async () => {
    viewer = await api.login('vic', as.viewer);
    await carryOut('createRepository', wanted('shown'));
  });

  /** As if Starwarden had made it. */
  async function keepBackup(snapshot: string) {
    const { db, connections } = engine.ctx;
    const [frontend] = await connections.portsFor(clusterId).sql.query(showFrontends());
    const { id } = await db.selectFrom('run').select('id').limit(1).executeTakeFirstOrThrow();
    const row = {
      ...{ id: newId('bak'), cluster_id: clusterId, run_id: id, database_name: 'sales', repository: 'shown', snapshot },
      ...{ location: wanted('shown').location, origin: frontend?.ClusterId ?? null, backup_timestamp: time },
      ...{ state: 'AVAILABLE', started_at: new Date() },
    };
    await db.insertInto('backup').values(row).execute();
  }

  async function look() {
    const query = `query ($id: ID!) { cluster(id: $id) { repositories { problems repositories { ${fields} } } } }`;
    const answer = await api.ask(viewer, query, { id: clusterId });
    expect(answer.text).not.toMatch(/secret:/);
    expect(answer.text).not.toContain(s3.user.secretKey);
    return shape.parse(answer.data?.cluster).repositories;
  }

  it('is what Starwarden keeps with what StarRocks says of it now, and what somebody made by hand', async () => {
    // As a person does it, so that no row of ours stands for it.
    const { db } = engine.ctx;
    await carryOut('createRepository', wanted('by_hand'));
    await db.deleteFrom('repository').where('name', '=', 'by_hand').execute();
    const { repositories, problems } = await look();
    expect(problems).toEqual([]);
    const named = (name: string) => repositories.find((each) => each.name === name);
    expect(named('shown')).toMatchObject({ origin: 'CREATED', health: 'WELL', isReachedDirectly: true, kind: 'S3' });
    expect(named('by_hand')).toMatchObject({ origin: 'UNMANAGED', health: 'WELL', isReachedDirectly: false });
    const query = 'query ($id: ID!) { node(id: $id) { __typename ... on Repository { name cluster { id } } } }';
    for (const each of [named('shown'), named('by_hand')]) {
      const found = await api.ask(viewer, query, { id: each?.id });
      expect(found.data?.node).toEqual({ __typename: 'Repository', name: each?.name, cluster: { id: clusterId } });
      const stranger = await api.login(`nobody-${each?.name}`);
      expect((await api.ask(stranger, query, { id: each?.id })).data?.node).toBeNull();
    }
  });

  it('of what lies in one says whose it is, whatever its name is', async () => {
    const root = 'shown/__starrocks_repository_shown';
    const put = (path: string) => s3.inside.put(bucket, `${root}/${path}`, '{}');
    for (const name of ["o'b", 'a*', 'plain']) await put(`__ss_${name}/__info_${time}.${'0'.repeat(32)}`);
    await put(`__ss_a/b/__info_${time}.${'0'.repeat(32)}`);
    await keepBackup('plain');
    const query = `query ($id: ID!, $after: String) { node(id: $id) { ... on Repository {
      snapshots(first: 3, afterName: $after) { totalCount foreignCount problems
        nodes { name timestamps isComplete owner status notes backup { state repositoryNow { name } } } } } } }`;
    const id = (await look()).repositories.find(({ name }) => name === 'shown')?.id;
    const pages = [await api.ask(viewer, query, { id }), await api.ask(viewer, query, { id, after: "o'a" })];
    const [first, second] = pages.map(({ data }) => z.object({ snapshots: z.json() }).parse(data?.node).snapshots);
    expect(first).toMatchObject({
      ...{ totalCount: 4, foreignCount: 3, problems: [] },
      nodes: [
        { name: 'a', timestamps: [], isComplete: false, owner: 'FOREIGN', status: 'ERROR: no snapshot', backup: null },
        { name: 'a*', owner: 'FOREIGN', notes: expect.arrayContaining([expect.stringContaining('any text')]) },
        { name: "o'b", owner: 'FOREIGN', timestamps: [time] },
      ],
    });
    expect(second).toMatchObject({
      nodes: [
        { name: "o'b" },
        { name: 'plain', owner: 'OURS', backup: { state: 'AVAILABLE', repositoryNow: { name: 'shown' } } },
      ],
    });
  });

  it('of what lies in many is only that of the first five, since each has a bucket listed', async () => {
    const id = (await look()).repositories.find(({ name }) => name === 'shown')?.id;
    const parts = Array.from(
      { length: 6 },
      (_, at) => `r${at}: node(id: $id) { ... on Repository { snapshots { totalCount problems } } }`,
    );
    const answer = await api.ask(viewer, `query ($id: ID!) { ${parts.join(' ')} }`, { id });
    const refused = { totalCount: null, problems: [expect.stringContaining('at most 5 repositories')] };
    const all = Object.values(answer.data ?? {}).map((node) => z.object({ snapshots: z.json() }).parse(node).snapshots);
    expect(all.filter((seen) => JSON.stringify(seen).includes('"problems":[]'))).toHaveLength(5);
    expect(all).toContainEqual(refused);
  });

  it('at a cluster that does not answer is what is stored, with the reason, and nothing is called well', async () => {
    await world.faults.add({ kind: 'sql-error', match: 'SHOW REPOSITORIES' });
    const { repositories, problems } = await look();
    expect(problems).toEqual([expect.stringContaining('The cluster did not tell its repositories')]);
    expect(repositories.find(({ name }) => name === 'shown')).toMatchObject({
      health: 'UNKNOWN',
      starRocksError: null,
    });
    expect(repositories.map(({ origin }) => origin)).not.toContain('UNMANAGED');
  });
});
