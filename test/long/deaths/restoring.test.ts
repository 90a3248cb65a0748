import { afterAll, beforeAll, expect, it } from 'vitest';
import { undoRun } from '../../../src/runs/control.ts';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { dieEverywhere, finishPlainly, meetAllFates } from '../../helpers/crash-tries.ts';
import { admin } from '../../helpers/engine.ts';
import { held } from '../../runs/deaths/held.ts';

let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab({}, { frontends: 1, backends: 1 });
});
afterAll(() => lab?.close());

it('restores tables once, whatever becomes of the workers', async () => {
  expect(await dieEverywhere(lab, 'restoreTables')).toEqual([...held.restoring]);
});

it('removes what it had restored once, whatever becomes of the workers', async () => {
  const { engine } = lab;
  const runId = await finishPlainly(lab, 'restoreTables');
  await undoRun(engine.ctx.engine, { runId, actor: admin });
  expect(await meetAllFates(lab, { name: 'restoreTables', runId })).toEqual([...held.restoringAgain]);
  expect(await engine.until(runId)).toMatchObject({ state: 'UNDONE', failure: null });
});

it('brings dropped tables back once, whatever becomes of the workers', async () => {
  expect(await dieEverywhere(lab, 'restoreDroppedTables')).toEqual([...held.restoringDropped]);
});
