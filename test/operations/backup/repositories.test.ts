import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type S3Server, startS3 } from '../../../sandbox/s3/start-s3.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { showRepositories } from '../../../src/adapters/starrocks/statements.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

let world: World;
let engine: Engine;
let managed: Managed;
let s3: S3Server;
let clusterId: string;
let bucket: string;

beforeAll(async () => {
  world = await startWorld({ starwarden: false, slack: false, speed: 20 });
  bucket = (world.describe().cluster.repositoryLocation ?? '').slice('s3://'.length).split('/')[0] ?? '';
  s3 = await startS3({ buckets: [bucket] });
  engine = await startEngine();
  managed = manage(world, engine);
  clusterId = await managed.register('repositories');
}, 120_000);

afterEach(async () => {
  await world.faults.clear();
  s3.faults.clear();
});

afterAll(async () => {
  await s3?.stop();
  await engine?.close();
  await world?.stop();
});

const keys = () => ({
  ...{ endpoint: s3.endpoint, region: 'us-east-1', pathStyle: true },
  ...{ accessKey: s3.user.accessKey, secretKey: s3.user.secretKey },
});
const wanted = (name: string) => ({ clusterId, name, location: `s3://${bucket}/${name}`, s3: keys() });
const run = async (operation: string, input: Record<string, unknown>) =>
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
  const ended = await run('createRepository', wanted('lost'));
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
  const created = await run('createRepository', wanted('undone'));
  const before = await s3.inside.list(bucket);
  await undoRun(engine.ctx.engine, { runId: created.id, actor: admin });
  expect(await managed.finish(created.id)).toMatchObject({ state: 'UNDONE' });
  expect(await mounted('undone')).toBe(false);
  expect(await recorded('undone')).toBeNull();
  expect(await s3.inside.list(bucket)).toEqual(before);
});

it('does not ask StarRocks for a repository whose store refuses the key', async () => {
  const ended = await run('createRepository', { ...wanted('refused'), s3: { ...keys(), secretKey: 'wrong-secret-5' } });
  expect(ended).toMatchObject({ state: 'FAILED', failure: { code: 'OBJECT_STORE_KEY_REFUSED' } });
  expect(JSON.stringify(ended)).not.toContain('wrong-secret-5');
  expect(await creates('refused')).toBe(0);
});

it('refuses a name that is in use, and says where that repository is', async () => {
  const refusal = await refusalOf('createRepository', { ...wanted('backups'), location: 's3://elsewhere/x' });
  expect(refusal).toMatchObject({ code: 'ALREADY_EXISTS', message: expect.stringContaining(`s3://${bucket}`) });
});

it('takes over no repository with the key to another store that has a bucket of the same name', async () => {
  expect(await run('takeOverRepository', { clusterId, name: 'backups', s3: keys() })).toMatchObject({
    state: 'FAILED',
    failure: { code: 'PRECONDITION_FAILED', message: expect.stringContaining('it is another store') },
  });
  expect(await recorded('backups')).toBeNull();
});

it('takes over what somebody made by hand, where StarRocks says it is', async () => {
  expect(await run('takeOverRepository', { clusterId, name: 'backups' })).toMatchObject({ state: 'SUCCEEDED' });
  const location = world.describe().cluster.repositoryLocation;
  expect(await recorded('backups')).toMatchObject({ origin: 'TAKEN_OVER', location, access: null });
  expect(await run('dropRepository', { clusterId, name: 'backups' })).toMatchObject({ state: 'SUCCEEDED' });
  expect(await mounted('backups')).toBe(false);
  expect(await refusalOf('dropRepository', { clusterId, name: 'backups' })).toMatchObject({ code: 'NOT_FOUND' });
});

it('measures a repository that is well, and remembers why one is not', async () => {
  await run('createRepository', wanted('checked'));
  expect(await run('checkRepository', { clusterId, name: 'checked' })).toMatchObject({ state: 'SUCCEEDED' });
  const info = (await s3.inside.list(bucket)).find(({ key }) => key.endsWith('repository_checked/__repo_info'));
  expect(await recorded('checked')).toMatchObject({ problem: null, usedBytes: info?.bytes, freeBytes: null });
  s3.faults.add({ kind: 'key-expired' });
  const failed = await run('checkRepository', { clusterId, name: 'checked' });
  expect(failed).toMatchObject({ state: 'FAILED', failure: { code: 'OBJECT_STORE_KEY_REFUSED' } });
  expect(await recorded('checked')).toMatchObject({
    problem: { code: 'OBJECT_STORE_KEY_REFUSED' },
    usedBytes: info?.bytes,
  });
});
