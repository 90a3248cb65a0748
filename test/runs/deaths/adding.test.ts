import { afterAll, beforeAll, expect, it } from 'vitest';
import { readTopology } from '../../../src/adapters/starrocks/read-topology.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { dieEverywhere, finishPlainly, meetAllFates } from '../../helpers/crash-tries.ts';
import { admin } from '../../helpers/engine.ts';
import { held } from './held.ts';

/** A backend more than the tables need, so that one can leave again. */
let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab({}, { frontends: 1, backends: 4 });
});
afterAll(() => lab?.close());

it('a node is added once, whatever becomes of the workers', async () => {
  expect(await dieEverywhere(lab, 'addRunningNodes')).toEqual([...held.adding]);
});

it('and it leaves again once, drained, whatever becomes of them', async () => {
  const runId = await finishPlainly(lab, 'addRunningNodes');
  const backends = async () => (await readTopology(lab.engine.ctx.connections.portsFor(lab.clusterId()).sql)).backends;
  await expect
    .poll(async () => (await backends()).every(({ tabletCount }) => tabletCount > 0), { timeout: 20_000 })
    .toBe(true);
  await lab.mark();
  await undoRun(lab.engine.ctx.engine, { runId, actor: admin });
  const shown = await meetAllFates(lab, { name: 'addRunningNodes', runId, except: held.adding });
  expect(await lab.engine.until(runId)).toMatchObject({ state: 'UNDONE', failure: null });
  expect(shown).toContain('decommissionAdded');
  expect(await backends()).toHaveLength(3);
});
