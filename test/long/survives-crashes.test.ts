import { afterAll, beforeAll, it } from 'vitest';
import { operations } from '../../src/operations/index.ts';
import { type CrashLab, startCrashLab } from '../helpers/crash-lab.ts';
import { killAtEach, killOnTheWay } from '../helpers/crash-tries.ts';

/*
 * The promise of the engine, held against every operation in the registry with real deaths: a worker's process is killed right
 * before and right after the effect of each step, another one finishes, and every effect happened exactly once. What of it
 * can be shown without processes is in `test/runs/deaths`, for every kind of step at every point.
 */

let lab: CrashLab;
beforeAll(async () => {
  lab = await startCrashLab();
}, 120_000);
afterAll(() => lab?.close());

/** Only on machines without nodes: `test/runs/deaths/adding.test.ts`, `deploying.test.ts`, `test/long/topology/replace.test.ts`. */
const replacing = ['replaceBackend', 'replaceFrontend', 'moveNode'];
const installing = ['addBackends', 'addComputeNodes', 'addFrontends', 'deployCluster', ...replacing];

/** The lab's cluster is not a shared-data one; their kinds are tried in `test/runs/deaths/alone.test.ts`. */
const elsewhere = ['setClusterSnapshots', 'repairTable', 'setReplicaBad', 'pauseBalancing', ...installing];

it.each(operations.map(({ name }) => name).filter((name) => !elsewhere.includes(name)))(
  '%s: killed before and after the effect of each step, every effect happens exactly once',
  async (name) => {
    const deaths = lab.cases[name]?.deaths;
    await (deaths === undefined ? killAtEach(lab, name) : killOnTheWay(lab, name, deaths));
  },
  300_000,
);
