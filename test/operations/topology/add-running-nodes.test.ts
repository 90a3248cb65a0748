import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { cancelRun, undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listNodes } from '../../../src/store/clusters/inventory.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;
let root: Sql;
/** A backend that runs and that the cluster does not know. */
let be4: string;

beforeAll(async () => {
  world = await startWorld({ starwarden: false, slack: false, speed: 20, frontends: 1, backends: 4 });
  engine = await startEngine();
  managed = manage(world, engine);
  const { host, queryPort: port } = world.describe().cluster.frontends[0] ?? { host: '', queryPort: 0 };
  root = await connectSql({ host, port, user: 'root', password: '' });
  clusterId = await managed.register('growing');
  const fourth = (await listNodes(engine.ctx.db, clusterId)).find((node) => node.host === managed.host('be4').address);
  be4 = `${fourth?.host}:${fourth?.port}`;
  await root.query(`ALTER SYSTEM DROP BACKEND "${be4}"`);
});

afterAll(async () => {
  root?.close();
  await engine?.close();
  await world?.stop();
});

async function sent(): Promise<string[]> {
  const lines = await logLines(world.describe().logs.statements);
  return lines
    .filter((line) => line.user === world.describe().cluster.sqlUser)
    .map((line) => String(line.text).replaceAll(/\s+/g, ' '))
    .filter((text) => /^(ALTER|CANCEL|DROP)/.test(text));
}

async function rows(): Promise<string[]> {
  const found = await root.query('SHOW BACKENDS');
  return found.map((row) => `${row.IP}:${row.HeartbeatPort} ${row.Alive}`);
}

async function tabletsOf(): Promise<number> {
  const row = (await root.query('SHOW BACKENDS')).find(({ IP: ip }) => ip === managed.host('be4').address);
  return Number(row?.TabletNum);
}

const plan = (input: Record<string, unknown>) =>
  submit(engine.ctx.engine, {
    operation: 'addRunningNodes',
    input: { clusterId, ...input },
    actor: admin,
    options: { dryRun: true },
  });

describe('addRunningNodes', () => {
  it('refuses what would break the cluster, and sends nothing', async () => {
    const { cluster } = world.describe();
    const frontend = `${cluster.frontends[0]?.host}:9010`;
    const refusals = [
      await plan({ kind: 'FOLLOWER', nodes: ['10.77.0.9:9010'] }),
      await plan({ kind: 'OBSERVER', nodes: [frontend] }),
      await plan({
        kind: 'COMPUTE_NODE',
        nodes: [be4.replace(managed.host('be4').address, managed.host('be1').address)],
      }),
      await plan({ kind: 'BACKEND', nodes: ['nowhere.invalid:9050'] }),
    ].map(({ userErrors }) => userErrors.map(({ code, hint }) => `${code}${hint === null ? ' without a hint' : ''}`));
    expect(refusals).toEqual([['QUORUM_AT_RISK'], ['ALREADY_EXISTS'], ['ALREADY_EXISTS'], ['INVALID_INPUT']]);
    expect(await sent()).toEqual([]);
  });

  it('adds a backend that runs, by one statement, and records it', async () => {
    const run = await managed.ask('addRunningNodes', { clusterId, kind: 'BACKEND', nodes: [be4] });
    const ended = await managed.finish(run.id);
    expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(await rows()).toContain(`${be4} true`);
    expect(await sent()).toEqual([`ALTER SYSTEM ADD BACKEND '${be4}'`]);
    expect((await listNodes(engine.ctx.db, clusterId)).map(({ host, port }) => `${host}:${port}`)).toContain(be4);
    expect((await plan({ kind: 'BACKEND', nodes: [be4] })).userErrors).toMatchObject([{ code: 'ALREADY_EXISTS' }]);
    const before = (await sent()).length;
    await expect.poll(tabletsOf, { timeout: 20_000 }).toBeGreaterThan(0);

    // The way back drains it first: by now the cluster may have moved tablets to it.
    await undoRun(engine.ctx.engine, { runId: run.id, actor: admin });
    const undone = await managed.finish(run.id);
    expect(undone, JSON.stringify(undone.failure)).toMatchObject({ state: 'UNDONE' });
    expect(await rows()).not.toContainEqual(expect.stringContaining(be4));
    expect((await sent()).slice(before)[0]).toBe(`ALTER SYSTEM DECOMMISSION BACKEND '${be4}'`);
    expect(world.pidOf('be4')).not.toBeNull();
  });

  it('says what it waits for while nobody answers there, and can be undone', async () => {
    const nobody = be4.replace(/\d+$/, '9999');
    const run = await managed.ask('addRunningNodes', { clusterId, kind: 'BACKEND', nodes: [nobody] });
    const worker = engine.work();
    await expect
      .poll(async () => (await listSteps(engine.ctx.db, run.id))[1]?.progress?.message ?? '', { timeout: 20_000 })
      .toContain('Connection refused');
    await cancelRun(engine.ctx.engine, { runId: run.id, actor: admin });
    expect((await engine.until(run.id)).state).toBe('CANCELED');
    await undoRun(engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await engine.until(run.id, ['UNDONE'])).toMatchObject({ state: 'UNDONE' });
    await worker.stop();
    expect(await rows()).not.toContainEqual(expect.stringContaining(nobody));
  });
});
