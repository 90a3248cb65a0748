import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { dieEverywhere } from '../../helpers/crash-tries.ts';
import { held, runControlOperations } from './held.ts';

let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab();
});
afterAll(() => lab?.close());

const shown = new Set<string>();

it.each(runControlOperations)(
  '%s has every effect once, whatever becomes of its workers at each step',
  async (name) => {
    for (const kind of await dieEverywhere(lab, name, { except: held.clusterOperations })) shown.add(kind);
  },
);

it('shows it of the kinds of step that it says', () => {
  expect([...shown].toSorted()).toEqual([...held.runControl]);
});
