import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { dieEverywhere } from '../../helpers/crash-tries.ts';
import { held } from './held.ts';

/** A backend more than the tables need, a compute node, and frontends of a version that hands leadership over. */
let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab({}, { version: '3.5.0', frontends: 3, backends: 4, computeNodes: 1 });
});
afterAll(() => lab?.close());

const shown = new Set<string>();

it.each(['cancelDecommission', 'decommissionBackends', 'removeComputeNodes', 'dropFrontends', 'purgeNodeData'])(
  '%s: a node leaves, or stays, once, whatever becomes of the workers',
  async (name) => {
    for (const kind of await dieEverywhere(lab, name)) shown.add(kind);
  },
);

it('shows it of the kinds of step that it says', () => {
  expect([...shown].toSorted()).toEqual([...held.leaving]);
});
