import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import type { Run } from '../../../src/domain/run.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listRemovedNodes } from '../../../src/store/clusters/removed-nodes.ts';
import { insertRelease } from '../../../src/store/upgrades/releases.ts';
import type { KindPoint } from '../../helpers/deaths.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { pointNames, workWithFates } from '../../helpers/mortal-worker.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;
let root: Sql;
const version = '3.3.15';

beforeAll(async () => {
  world = await startWorld({
    ...{ starwarden: false, slack: false, speed: 50, version },
    ...{ frontends: 3, backends: 3, spareHosts: 3 },
  });
  engine = await startEngine({ env: { STARWARDEN_RELEASES_DIR: join(world.dir, 'releases') } });
  managed = manage(world, engine);
  const { host, queryPort: port } = world.describe().cluster.frontends[0] ?? { host: '', queryPort: 0 };
  root = await connectSql({ host, port, user: 'root', password: '' });
  clusterId = await managed.register('worn');
  const names = ['fe1', 'fe3', 'be1', 'be2', 'host1', 'host2', 'host3'];
  const attached = await managed.ask('attachHosts', await managed.attachInput(clusterId, names));
  expect(await managed.finish(attached.id)).toMatchObject({ state: 'SUCCEEDED' });
  const archive = world.describe().releases.find((release) => release.version === version);
  await insertRelease(
    engine.ctx.db,
    {
      ...{ version, sha256: archive?.sha256 ?? '', sizeBytes: null, minimumJdk: 11 },
      ...{ source: { kind: 'PATH', location: archive?.path ?? '' }, contents: ['FRONTEND', 'BACKEND'] },
    },
    { actor: admin, requestId: null },
  );
}, 120_000);

afterAll(async () => {
  root?.close();
  await engine?.close();
  await world?.stop();
});

async function asked(name: string, on: string, more: Record<string, unknown>) {
  const { deploy } = managed.host(on).emptyDirs;
  return {
    ...{ clusterId, nodeId: await managed.nodeIdOf(clusterId, name), host: managed.host(on).address },
    ...{ deployDir: join(deploy, 'node'), acceptChecks: ['open-files'], ...more },
  };
}
const storageOn = (on: string) => ({ storage: [join(managed.host(on).emptyDirs.data, 'node')], stallAfterSeconds: 5 });
const metaOn = (on: string) => ({ metaDir: join(managed.host(on).emptyDirs.data, 'node') });

async function codes(operation: string, input: Record<string, unknown>) {
  const options = { dryRun: true };
  const { userErrors } = await submit(engine.ctx.engine, { operation, input, actor: admin, options });
  return userErrors.map(({ code, message, path }) => `${code} ${path?.join('.') ?? ''} ${message}`);
}

/** What Starwarden's user has told the cluster since the last time that this was asked. */
let read = 0;
async function changesSent(): Promise<string[]> {
  const { logs, cluster } = world.describe();
  const lines = await logLines(logs.statements, read);
  read += lines.length;
  return lines
    .filter((line) => line.user === cluster.sqlUser)
    .flatMap((line) => /^\s*((?:ALTER|CANCEL|DROP)\s+\w+\s+\w+\s+\w+)/.exec(String(line.text))?.[1] ?? []);
}

/** The run comes to its end as if nobody had died, although a worker dies at each of these points; what it has sent, it sent once. */
async function carryOut(
  { operation, input, sends }: { operation: string; input: Record<string, unknown>; sends: readonly string[] },
  deaths: readonly KindPoint[],
): Promise<Run> {
  await changesSent();
  const run = await managed.ask(operation, input);
  const { met } = await workWithFates(engine, { runId: run.id, fates: deaths, limitMs: 120_000 });
  const ended = await engine.until(run.id);
  expect(ended, JSON.stringify(ended.failure)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
  expect(await changesSent()).toEqual(sends);
  expect(met.toSorted()).toEqual(deaths.toSorted());
  return ended;
}

const allPoints = (kind: string) => pointNames.map((at): KindPoint => `${at} ${kind}`);

const backends = async () => (await root.query('SHOW BACKENDS')).map(({ IP, Alive }) => `${IP} ${Alive}`).toSorted();
const countRows = async () => (await root.query('SELECT COUNT(*) AS n FROM sales.orders'))[0]?.n;

describe('a node of the wrong sort', () => {
  it('is refused, and nothing is sent', async () => {
    expect(await codes('replaceBackend', await asked('be1', 'host1', storageOn('host1')))).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED input\.nodeId be .* is alive$/),
    ]);
    expect(await codes('replaceBackend', await asked('fe3', 'host1', storageOn('host1')))).toEqual([
      expect.stringMatching(/^INVALID_INPUT input\.nodeId/),
    ]);
    expect(await codes('moveNode', await asked('be1', 'host1', {}))).toEqual([
      expect.stringMatching(/^INVALID_INPUT input\.storage/),
    ]);
    expect(await codes('moveNode', await asked('fe1', 'host1', metaOn('host1')))).toContainEqual(
      expect.stringMatching(/^QUORUM_AT_RISK input\.nodeId .* leads/),
    );
    // 3.3 cannot hand over: known before the new one is added, and not when both of them are in the cluster.
    expect(
      await codes('moveNode', await asked('fe1', 'host1', { ...metaOn('host1'), moveLeader: true })),
    ).toContainEqual(expect.stringMatching(/^QUORUM_AT_RISK .* leads/));
    expect(await changesSent()).toEqual([]);
  });
});

describe('replaceBackend', () => {
  it('puts a new backend in place of a dead one; its tablets are made anew, and no row is lost', async () => {
    const before = await countRows();
    const dead = managed.host('be1').address;
    await world.kill('be1');
    await expect.poll(backends, { timeout: 60_000 }).toContain(`${dead} false`);
    expect(await codes('moveNode', await asked('be1', 'host1', storageOn('host1')))).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED input\.nodeId .* is down/),
    ]);
    // Left to the run, so that there is a moment between the drain and the drop to die in.
    await root.query("ADMIN SET FRONTEND CONFIG ('drop_backend_after_decommission' = 'false')");
    const sends = ['ALTER SYSTEM ADD BACKEND', 'ALTER SYSTEM DECOMMISSION BACKEND', 'ALTER SYSTEM DROP BACKEND'];
    const run = await carryOut(
      { operation: 'replaceBackend', input: await asked('be1', 'host1', storageOn('host1')), sends },
      [
        ...allPoints('addToCluster'),
        'after-record awaitJoined',
        'after-record noteLeaving',
        ...allPoints('drainBackend'),
        ...allPoints('dropDrained'),
      ],
    );
    await root.query("ADMIN SET FRONTEND CONFIG ('drop_backend_after_decommission' = 'true')");
    expect(await backends()).toEqual(
      ['be2', 'be3', 'host1'].map((name) => `${managed.host(name).address} true`).toSorted(),
    );
    expect(await countRows()).toBe(before);
    expect(await listRemovedNodes(engine.ctx.db, clusterId)).toMatchObject([
      { runId: run.id, host: dead, processEnded: true },
    ]);
    const statistic = (await root.query("SHOW PROC '/statistic'")).find(({ DbId }) => DbId === 'Total');
    expect(statistic?.UnhealthyTabletNum).toBe('0');
  });
});

describe('replaceFrontend', () => {
  it('lets a new follower join before the dead one is dropped', async () => {
    const dead = managed.host('fe3').address;
    await world.kill('fe3');
    const frontends = async () =>
      (await root.query('SHOW FRONTENDS')).map(({ IP, Alive }) => `${IP} ${Alive}`).toSorted();
    await expect.poll(frontends, { timeout: 60_000 }).toContain(`${dead} false`);
    await carryOut(
      {
        ...{ operation: 'replaceFrontend', input: await asked('fe3', 'host2', metaOn('host2')) },
        sends: ['ALTER SYSTEM ADD FOLLOWER', 'ALTER SYSTEM DROP FOLLOWER'],
      },
      ['after-effect addToCluster', 'after-record awaitJoined', ...allPoints('dropFrontend')],
    );
    expect(await frontends()).toEqual(
      ['fe1', 'fe2', 'host2'].map((name) => `${managed.host(name).address} true`).toSorted(),
    );
  });
});

describe('moveNode', () => {
  it('drains a living backend onto the others and a new one, then stops it', async () => {
    const before = await countRows();
    const run = await carryOut(
      {
        ...{ operation: 'moveNode', input: await asked('be2', 'host3', storageOn('host3')) },
        sends: ['ALTER SYSTEM ADD BACKEND', 'ALTER SYSTEM DECOMMISSION BACKEND'],
      },
      ['after-record awaitJoined', 'after-effect drainBackend', ...allPoints('stopRemoved')],
    );
    expect(await backends()).toEqual(
      ['be3', 'host1', 'host3'].map((name) => `${managed.host(name).address} true`).toSorted(),
    );
    expect(await countRows()).toBe(before);
    expect(world.pidOf('be2')).toBeNull();
    // Its place is taken by the node that was just put there.
    expect(await codes('moveNode', await asked('be3', 'host3', storageOn('host3')))).not.toEqual([]);
    const back = undoRun(engine.ctx.engine, { runId: run.id, actor: admin });
    await expect(back).rejects.toMatchObject({ message: expect.stringContaining('The old node has left the cluster') });
  });
});
