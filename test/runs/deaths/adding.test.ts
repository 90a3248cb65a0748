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
  const systemd = { host1: { units: {}, sudo: 'allowed' } } as const;
  lab = await startCrashLab({}, { frontends: 1, backends: 4, spareHosts: 1, systemd });
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

it('a backend is installed, started and added once, and all of it is taken away once', async () => {
  const shown = await dieEverywhere(lab, 'addBackends');
  for (const kind of [...held.adding, ...held.installing]) expect(shown).toContain(kind);
  const [run] = await lab.engine.ctx.db.selectFrom('run').select('id').where('operation', '=', 'addBackends').execute();
  const runId = run?.id ?? '';
  await undoRun(lab.engine.ctx.engine, { runId, actor: admin });
  const back = await meetAllFates(lab, { name: 'addBackends', runId, except: [...shown] });
  expect(await lab.engine.until(runId)).toMatchObject({ state: 'UNDONE', failure: null });
  for (const kind of held.takingAway) expect(back).toContain(kind);
  expect(lab.world.nodesOn('host1')).toEqual([]);
});
