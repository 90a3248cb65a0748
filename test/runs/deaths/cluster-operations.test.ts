import { afterAll, beforeAll, expect, it } from 'vitest';
import { operations } from '../../../src/operations/index.ts';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { dieEverywhere } from '../../helpers/crash-tries.ts';
import { held, repositoryOperations, restoreOperations, runControlOperations, topologyOperations } from './held.ts';

let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab({}, { frontends: 1 });
});
afterAll(() => lab?.close());

// The cluster of the lab is older than backups of catalogs, whose steps are those of every other backup.
const elsewhere = [
  'backUpCatalogs',
  'setClusterSnapshots',
  // Their steps alone: test/runs/deaths/tablets.test.ts.
  'repairTable',
  'setReplicaBad',
  // test/runs/deaths/balancing.test.ts
  'pauseBalancing',
  'upgradeCluster',
  'downgradeCluster',
  'finalizeUpgrade',
  ...repositoryOperations,
  ...runControlOperations,
  ...restoreOperations,
  ...topologyOperations,
];
const names = operations.map(({ name }) => name).filter((name) => !elsewhere.includes(name));
const shown = new Set<string>();

it.each(names)('%s has every effect once, whatever becomes of its workers at each step', async (name) => {
  for (const kind of await dieEverywhere(lab, name)) shown.add(kind);
});

it('shows it of the kinds of step that it says', () => {
  expect([...shown].toSorted()).toEqual([...held.clusterOperations]);
});
