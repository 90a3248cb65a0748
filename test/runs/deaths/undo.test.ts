import { afterAll, beforeAll, expect, it } from 'vitest';
import { readTopology, toObservedNodes } from '../../../src/adapters/starrocks/read-topology.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { finishPlainly, meetAllFates } from '../../helpers/crash-tries.ts';
import { admin } from '../../helpers/engine.ts';
import { patientLease } from '../../helpers/upgrades.ts';
import { held } from './held.ts';

/** What the upgrade itself has shown already is not tried again. */
let lab: CrashLab;
let runId = '';
beforeAll(async () => {
  lab = await startCrashLab(patientLease);
  runId = await finishPlainly(lab, 'upgradeCluster');
});
afterAll(() => lab?.close());

it('an upgrade that is undone goes back to what ran before, whatever becomes of its workers', async () => {
  await lab.mark();
  await undoRun(lab.engine.ctx.engine, { runId, actor: admin });
  const shown = await meetAllFates(lab, { name: 'upgradeCluster', runId, except: held.upgrade });
  expect(await lab.engine.until(runId)).toMatchObject({ state: 'UNDONE', failure: null });
  expect(shown).toEqual(held.undo);
  const nodes = toObservedNodes(await readTopology(lab.engine.ctx.connections.portsFor(lab.clusterId()).sql));
  expect(nodes.map(({ version, alive }) => `${version?.replace(/-.*/, '')} ${alive}`)).toEqual(
    nodes.map(() => '3.3.15 true'),
  );
  const moves = Map.groupBy(await lab.changingCommands(), (script) => script);
  expect(Object.fromEntries([...moves].map(([script, { length }]) => [script, length]))).toEqual({
    'start_be.sh': 3,
    'start_fe.sh': 3,
    'stop_be.sh': 3,
    'stop_fe.sh': 3,
  });
});
