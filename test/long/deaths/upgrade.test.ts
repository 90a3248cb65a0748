import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { dieEverywhere } from '../../helpers/crash-tries.ts';
import { patientLease } from '../../helpers/upgrades.ts';
import { aroundMoves, held } from '../../runs/deaths/held.ts';

/* All kinds of step in one upgrade; with each change those are tried that no other operation has, and the way back. */

let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab(patientLease);
});
afterAll(() => lab?.close());

it('an upgrade has every effect once, whatever becomes of its workers at each kind of step', async () => {
  const shown = await dieEverywhere(lab, 'upgradeCluster');
  expect(shown).toEqual([...held.upgrade, ...aroundMoves].toSorted());
});
