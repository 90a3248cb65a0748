import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { dieEverywhere } from '../../helpers/crash-tries.ts';
import { patientLease } from '../../helpers/upgrades.ts';
import { held } from './held.ts';

let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab(patientLease);
});
afterAll(() => lab?.close());

it('an upgrade has every effect once, whatever becomes of its workers at each kind of step', async () => {
  expect(await dieEverywhere(lab, 'upgradeCluster')).toEqual(held.upgrade);
});

it('so has a finalization', async () => {
  expect(await dieEverywhere(lab, 'finalizeUpgrade')).toEqual(held.finalize);
});
