import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTopology } from '../../../src/adapters/starrocks/read-topology.ts';
import { cancelRun, undoRun } from '../../../src/runs/control.ts';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { caseOf, dieEverywhere, killOnTheWay } from '../../helpers/crash-tries.ts';
import { afterRecords, aroundEffects, letLeaseEnd, spawnCrashWorker } from '../../helpers/deaths.ts';
import { admin } from '../../helpers/engine.ts';

/*
 * A worker dies at every point of every step by which a node is replaced or moved; at the turning points its process is killed.
 * The run comes to its end each time, with every effect once, or says what is where a person ends it half way.
 */

let lab: CrashLab;
beforeAll(async () => {
  // Of a version that hands leadership over.
  lab = await startCrashLab({}, { version: '3.4.6', frontends: 3, backends: 4, computeNodes: 1, spareHosts: 6 });
}, 180_000);
afterAll(() => lab?.close());

const inCluster = async () => {
  const { frontends, backends, computeNodes } = await readTopology(
    lab.engine.ctx.connections.portsFor(lab.clusterId()).sql,
  );
  const all = [...frontends, ...backends, ...computeNodes];
  return all.map(({ host, alive }) => `${host} ${alive ? 'alive' : 'down'}`).toSorted();
};

describe('half way', () => {
  it('a move that was cancelled when the new node had joined says so, and is taken back', async () => {
    const { engine, managed } = lab;
    const theCase = caseOf(lab, 'moveNode: backend');
    await theCase.prepare?.();
    const before = await inCluster();
    const run = await managed.ask('moveNode', await theCase.input());
    const worker = spawnCrashWorker(engine);
    worker.begin(['after-record awaitJoined']);
    expect(await worker.died).toBe('after-record awaitJoined');
    await letLeaseEnd(engine, run.id);
    await cancelRun(engine.ctx.engine, { runId: run.id, actor: admin });
    await managed.finish(run.id);
    const canceled = await engine.until(run.id);
    expect(canceled).toMatchObject({ state: 'CANCELED' });
    expect(await inCluster()).toHaveLength(before.length + 1);
    const said = canceled.postCheck?.checks.map(({ observed }) => observed) ?? [];
    expect(said).toContainEqual(expect.stringMatching(/stays, and is not being decommissioned/));

    await undoRun(engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await managed.finish(run.id)).toMatchObject({ state: 'UNDONE', failure: null });
    expect(await inCluster()).toEqual(before);
    expect(lab.world.nodesOn('host4')).toEqual([]);
  }, 200_000);
});

describe('whatever becomes of the workers at each step', () => {
  it.each(['replaceBackend', 'replaceFrontend', 'moveNode', 'moveNode: compute node'])(
    '%s: the new node comes and the old one leaves, once',
    async (name) => {
      const shown = await dieEverywhere(lab, name);
      expect(shown).toEqual(expect.arrayContaining(['addToCluster', 'awaitJoined', 'startNewNode']));
    },
    300_000,
  );
});

it('moveNode: its processes are killed around every effect between the new node and the old one', async () => {
  await killOnTheWay(lab, 'moveNode: backend', [
    ...aroundEffects('startNewNode', 'addToCluster', 'drainBackend', 'dropDrained', 'stopRemoved'),
    ...afterRecords('awaitJoined', 'noteLeaving', 'dropDrained', 'stopRemoved'),
  ]);
}, 300_000);
