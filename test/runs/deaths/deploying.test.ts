import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CrashLab, startCrashLab } from '../../helpers/crash-lab.ts';
import { dieEverywhere } from '../../helpers/crash-tries.ts';
import { held } from './held.ts';

let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab({}, { frontends: 1, backends: 1, spareHosts: 1 });
});
afterAll(() => lab?.close());

/** The others are shown in `adding.test.ts`. */
const elsewhere = [...held.adding, ...held.installing, 'fetchArchive', 'unpackRelease', 'dropArchive'];

it('a cluster is made once, whatever becomes of the workers', async () => {
  expect(await dieEverywhere(lab, 'deployCluster', { except: elsewhere })).toEqual([...held.deploying]);
});
