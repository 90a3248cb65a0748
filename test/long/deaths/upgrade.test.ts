import { afterAll, beforeAll, expect, it } from 'vitest';
import { readTopology, toObservedNodes } from '../../../src/adapters/starrocks/read-topology.ts';
import { undoRun } from '../../../src/runs/control.ts';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { dieEverywhere, meetAllFates } from '../../helpers/crash-tries.ts';
import { admin } from '../../helpers/engine.ts';
import { patientLease } from '../../helpers/upgrades.ts';
import { aroundMoves, held } from '../../runs/deaths/held.ts';

/* All kinds of step in one upgrade, and what only its undo has on the way back. */

let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab(patientLease);
});
afterAll(() => lab?.close());

it('an upgrade has every effect once, whatever becomes of its workers at each kind of step', async () => {
  const shown = await dieEverywhere(lab, 'upgradeCluster');
  expect(shown).toEqual([...held.upgrade, ...aroundMoves].toSorted());
});

it('and goes back, when it is undone, to what ran before, whatever becomes of its workers', async () => {
  const upgrade = await lab.engine.ctx.db
    .selectFrom('run')
    .select('id')
    .where('operation', '=', 'upgradeCluster')
    .executeTakeFirstOrThrow();
  await lab.mark();
  await undoRun(lab.engine.ctx.engine, { runId: upgrade.id, actor: admin });
  // What the upgrade itself has shown already is not tried again.
  const except = [...held.upgrade, ...aroundMoves];
  const shown = await meetAllFates(lab, { name: 'upgradeCluster', runId: upgrade.id, except });
  expect(await lab.engine.until(upgrade.id)).toMatchObject({ state: 'UNDONE', failure: null });
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
