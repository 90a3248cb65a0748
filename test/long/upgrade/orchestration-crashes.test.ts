import { afterAll, beforeAll, expect, it } from 'vitest';
import { undoRun } from '../../../src/runs/control.ts';
import { afterRecords, aroundEffects, workUntilEach, workWithDeaths } from '../../helpers/deaths.ts';
import { startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';
import {
  changesOf,
  commandsSoFar,
  endState,
  leftOnDisk,
  movesSince,
  requestOf,
  scripts,
  slowLease,
  story,
  untilState,
  wholeCluster,
} from '../../operations/upgrade/orchestration-lab.ts';

/*
 * The worker's process is killed in the middle of what takes long, while the host goes on with it and nobody looks; then the
 * whole is undone, and the worker dies around every effect on that way too.
 */

let lab: UpgradeLab;
let upgrade = '';

beforeAll(async () => {
  lab = await startUpgradeLab({ env: slowLease, version: '3.4.6', frontends: 3, backends: 2, computeNodes: 4 });
  await lab.addRelease({ version: '3.5.0' });
}, 120_000);
afterAll(() => lab?.close(), 120_000);

it('loses and doubles nothing when its worker dies in the middle of uploads, unpacking, stops, swaps and starts', async () => {
  const from = await commandsSoFar(lab);
  const run = await lab.managed.ask('upgradeCluster', lab.input('3.5.0', { parallel: 2 }));
  upgrade = run.id;
  // The first of these commands that a host gets is the end of the worker that sent it.
  const moments = [
    ['fe1', /archives/],
    ['be2', scripts.unpack],
    ['be1', scripts.stop],
    ['be2', scripts.swap],
    ['cn1', scripts.stop],
    ['cn2', scripts.start],
    ['fe2', scripts.stop],
    ['fe2', scripts.start],
  ] as const;
  await workUntilEach(
    lab.engine,
    run.id,
    moments.map(
      ([host, match]) =>
        () =>
          lab.world.nextCommand(host, match, { timeoutMs: 60_000 }),
    ),
  ).catch(async (error: unknown) => {
    throw new Error(await story(lab, run.id), { cause: error });
  });
  const last = lab.engine.work();
  const ended = await untilState(lab, run.id);
  await last.stop();
  expect(ended.state, await story(lab, run.id)).toBe('SUCCEEDED');
  expect(await endState(lab)).toEqual(wholeCluster(lab, '3.5.0'));
  expect(await changesOf(lab, run.id)).toEqual(['RESTORED']);
  for (const [host, moves] of Object.entries(await movesSince(lab, from)))
    expect(inOrder(moves), `${host}: ${moves}`).toEqual(['stop', 'swap', 'start']);
}, 180_000);

it('is undone to the very binaries that ran before, with the worker killed around each effect of the way back', async () => {
  const from = await commandsSoFar(lab);
  await undoRun(lab.engine.ctx.engine, requestOf(upgrade));
  const points = [
    ...aroundEffects('pauseTabletScheduling', 'keepSchedulingPaused', 'stopForMove', 'swapBack', 'startForMove'),
    ...aroundEffects('removeStaged', 'restoreTabletScheduling'),
    ...afterRecords('guardNode', 'swapBack'),
  ];
  const deaths = await workWithDeaths(lab.engine, { runId: upgrade, points, limitMs: 270_000 });
  expect((await untilState(lab, upgrade)).state, await story(lab, upgrade)).toBe('UNDONE');
  expect(deaths.toSorted()).toEqual(points.toSorted());
  expect(await endState(lab)).toEqual(wholeCluster(lab, '3.4.6'));
  expect(await changesOf(lab, upgrade)).toEqual(['RESTORED', 'RESTORED']);
  expect(await leftOnDisk(lab)).toEqual([]);
  const moves = await movesSince(lab, from);
  expect(Object.keys(moves).toSorted()).toEqual(['be1', 'be2', 'cn1', 'cn2', 'cn3', 'cn4', 'fe1', 'fe2', 'fe3']);
  for (const [host, told] of Object.entries(moves)) expect(told, host).toEqual(['stop', 'back', 'start']);
}, 300_000);

/** One that was told a second time because its worker died in the middle counts once; its effect is compared elsewhere. */
function inOrder(moves: readonly string[]): string[] {
  return moves.filter((move, index) => move !== moves[index - 1]);
}
