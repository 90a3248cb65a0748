import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { readClusterSnapshots } from '../../../src/adapters/starrocks/read-cluster-snapshots.ts';
import { planSetClusterSnapshots } from '../../../src/operations/backup/set-cluster-snapshots/plan.ts';
import { approveRun, undoRun } from '../../../src/runs/control.ts';
import { lookAtSnapshots } from '../../../src/runs/look-at-snapshots.ts';
import { submit } from '../../../src/runs/submit.ts';
import { findCluster, listNodes } from '../../../src/store/clusters/inventory.ts';
import { admin, approver, type Engine, startEngine } from '../../helpers/engine.ts';
import { type Managed, manage } from '../../helpers/world.ts';

const clusterId = 'clu_01J00000000000000000000000';
const newest = {
  name: 'automated_cluster_snapshot_1782640800000',
  type: 'AUTOMATED',
  createdAt: new Date(1_782_640_800_000),
  storageVolume: 'vault',
  storagePath: 's3://b/meta/image/automated_cluster_snapshot_1782640800000',
};
const facts = {
  runMode: 'shared_data',
  versions: ['3.5.0-48f4d81', '3.4.6'],
  storageVolumes: ['builtin_storage_volume', 'vault'],
  snapshots: { newest: null, jobs: [] },
};

describe('the plan of switching cluster snapshots', () => {
  it('switches on and waits for the first one', () => {
    expect(planSetClusterSnapshots({ clusterId, to: 'ON', storageVolume: 'vault' }, facts)).toMatchObject({
      summary: 'Switch automated cluster snapshots on, into vault',
      steps: [
        { kind: 'switchOnClusterSnapshots', params: { storageVolume: 'vault' } },
        { kind: 'awaitClusterSnapshot' },
      ],
    });
  });

  it('names the snapshot that switching off deletes', () => {
    const on = { ...facts, snapshots: { newest, jobs: [] } };
    expect(planSetClusterSnapshots({ clusterId, to: 'OFF' }, on)).toMatchObject({
      summary: expect.stringContaining('delete the snapshot that there is'),
      steps: [{ kind: 'switchOffClusterSnapshots', params: {} }],
      notes: [expect.stringContaining(`StarRocks deletes ${newest.name} from ${newest.storagePath}`)],
    });
  });

  it.each([
    [{ runMode: 'shared_nothing' }, {}, /^Only a shared-data cluster .* keeps its data on backends$/],
    [{ runMode: null }, {}, /does not say where its data lies/],
    [{ versions: ['3.3.15'] }, {}, /came with 3\.4; the frontends run 3\.3\.15$/],
    [{ versions: ['3.4.6', '3.3.15'] }, {}, /came with 3\.4/],
    [{ versions: [] }, {}, /a release that they did not tell$/],
    [{ versions: ['main'] }, {}, /the frontends run main$/],
    [{}, { storageVolume: 'nope' }, /^There is no storage volume nope; there are: builtin_storage_volume, vault$/],
    [{ storageVolumes: [] }, {}, /^There is no storage volume builtin_storage_volume; there are: none$/],
    [{ snapshots: { newest, jobs: [] } }, {}, /^They are on already, into vault/],
    [{}, { to: 'OFF', storageVolume: 'vault' }, /means nothing to switch them off$/],
  ] as const)('is refused with %j and %j', (changed, input, message) => {
    const planned = planSetClusterSnapshots({ clusterId, to: 'ON', ...input }, { ...facts, ...changed });
    expect(planned).toEqual({ refusals: [expect.objectContaining({ message: expect.stringMatching(message) })] });
  });
});

describe('a shared-data cluster of the sandbox', () => {
  let world: World;
  let engine: Engine;
  let managed: Managed;
  let id: string;
  beforeAll(async () => {
    const conf = { fe: { run_mode: 'shared_data' } };
    const size = { frontends: 1, backends: 1, version: '3.5.0', speed: 300 };
    world = await startWorld({ starwarden: false, slack: false, conf, ...size });
    engine = await startEngine();
    managed = manage(world, engine);
    id = await managed.register('lake');
    engine.work();
  });
  afterAll(async () => {
    await engine?.close();
    await world?.stop();
  });

  const ask = (operation: string, input: Record<string, unknown>) =>
    submit(engine.ctx.engine, {
      operation,
      input: { clusterId: id, ...input },
      actor: admin,
      options: { confirm: 'lake' },
    });

  async function clusterOf(clusterId: string) {
    const cluster = await findCluster(engine.ctx.db, clusterId);
    if (cluster === null) throw new Error('no cluster');
    return { cluster, nodes: await listNodes(engine.ctx.db, clusterId) };
  }

  it('tells its snapshots, or why it does not, and nothing where it can have none', async () => {
    const { cluster, nodes } = await clusterOf(id);
    const deps = engine.ctx.engine;
    expect(await lookAtSnapshots(deps, { cluster, nodes })).toEqual({ newest: null, jobs: [], problems: [] });
    expect(await lookAtSnapshots(deps, { cluster: { ...cluster, runMode: 'shared_nothing' }, nodes })).toBeNull();
    await world.faults.add({
      kind: 'sql-error',
      match: 'cluster_snapshots',
      code: 1064,
      message: 'no node that scans',
    });
    expect(await lookAtSnapshots(deps, { cluster, nodes })).toMatchObject({
      newest: null,
      problems: [expect.stringContaining('no node that scans')],
    });
    await world.faults.clear();
  });

  async function listed() {
    const reading = engine.ctx.engine.connections.reading(id, AbortSignal.timeout(10_000));
    return readClusterSnapshots(reading.sql);
  }

  it('is not backed up, and says what to use instead', async () => {
    const { userErrors } = await ask('backUpDatabase', { database: 'sales' });
    expect(userErrors).toMatchObject([
      { code: 'PRECONDITION_FAILED', hint: expect.stringContaining('setClusterSnapshots') },
    ]);
  });

  it('has them switched on until one is finished, and off again by undo', async () => {
    const { run, userErrors } = await ask('setClusterSnapshots', { to: 'ON' });
    expect(userErrors).toEqual([]);
    const runId = run?.id ?? '';
    expect(run?.state).toBe('AWAITING_APPROVAL');
    await approveRun(engine.ctx.engine, { runId, actor: approver, comment: null, requestId: null });
    expect(await engine.until(runId)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect((await listed()).newest).toMatchObject({ type: 'AUTOMATED', storageVolume: 'builtin_storage_volume' });
    const looked = await lookAtSnapshots(engine.ctx.engine, await clusterOf(id));
    expect(looked).toMatchObject({ newest: { type: 'AUTOMATED' }, jobs: expect.any(Array), problems: [] });
    const again = await ask('setClusterSnapshots', { to: 'ON' });
    expect(again.userErrors).toMatchObject([{ message: expect.stringMatching(/^They are on already/) }]);
    await undoRun(engine.ctx.engine, { runId, actor: admin, comment: null, requestId: null });
    expect(await engine.until(runId, ['UNDONE', 'FAILED'])).toMatchObject({ state: 'UNDONE' });
    expect((await listed()).newest).toBeNull();
  });
});
