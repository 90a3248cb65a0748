import { afterAll, beforeAll, expect, it } from 'vitest';
import { undoRun } from '../../../src/runs/control.ts';
import { findClusterByName } from '../../../src/store/clusters/inventory.ts';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { caseOf, dieEverywhere, meetAllFates } from '../../helpers/crash-tries.ts';
import { admin } from '../../helpers/engine.ts';
import { held } from '../../runs/deaths/held.ts';

let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab({}, { frontends: 1, backends: 1, spareHosts: 1 });
});
afterAll(() => lab?.close());

/** The others are shown in `adding.test.ts`. */
const elsewhere = [...held.adding, ...held.installing, 'fetchArchive', 'unpackRelease', 'dropArchive'];

it('a cluster whose trial failed is thrown away once, whatever becomes of the workers', async () => {
  const { engine, world, managed } = lab;
  const theCase = caseOf(lab, 'deployCluster');
  await theCase.prepare?.();
  await world.faults.add({ kind: 'sql-error', match: '^CREATE DATABASE', times: 1, message: 'no room' });
  const run = await managed.ask('deployCluster', await theCase.input());
  expect(await managed.finish(run.id)).toMatchObject({ state: 'FAILED', failure: { code: 'SQL_FAILED' } });
  await world.faults.clear(); // the next cluster would meet it too
  await undoRun(engine.ctx.engine, { runId: run.id, actor: admin });
  const shown = await meetAllFates(lab, { name: 'deployCluster', runId: run.id, except: elsewhere });
  expect(await engine.until(run.id)).toMatchObject({ state: 'UNDONE', failure: null });
  expect(shown).toEqual(['checkHoldsNothing', 'endNewNode', 'forgetCluster', 'removeInstalled']);
  expect(world.nodesOn('host1')).toEqual([]);
  expect(await findClusterByName(engine.ctx.db, run.clusterName)).toBeNull();
});

it('a cluster is made once, whatever becomes of the workers', async () => {
  expect(await dieEverywhere(lab, 'deployCluster', { except: elsewhere })).toEqual([...held.deploying]);
});
