import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { upgradeCluster } from '../../../src/operations/upgrade/upgrade-cluster/upgrade-cluster.ts';
import { pauseRun, resumeRun, retryRun, undoRun } from '../../../src/runs/control.ts';
import { allowedActions } from '../../../src/runs/run-actions.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';
import {
  changesOf,
  endState,
  leaderOf,
  requestOf,
  scripts,
  slowLease,
  story,
  untilState,
  wholeCluster,
} from '../../operations/upgrade/orchestration-lab.ts';

/** From 3.4.5 there is no way back once a frontend runs 3.5: until when the run may be undone, and what it says then. */
let lab: UpgradeLab;
let runId = '';
/** The frontend that goes first. */
let first = '';

beforeAll(async () => {
  lab = await startUpgradeLab({ env: slowLease, version: '3.4.5', frontends: 3, backends: 2 });
  await lab.addRelease({ version: '3.5.0' });
  const leader = await leaderOf(lab);
  first = ['fe1', 'fe2', 'fe3'].find((name) => name !== leader) ?? '';
  lab.engine.work();
}, 120_000);
afterAll(() => lab?.close(), 120_000);

const control = () => lab.engine.ctx.engine;
async function actionsNow(states: 'PAUSED'[] = []) {
  const run = await untilState(lab, runId, { states });
  return allowedActions(run, upgradeCluster, await listSteps(lab.engine.ctx.db, runId), {
    approval: null,
    now: new Date(),
    approvalEnvironments: ['prod'],
  });
}

it('can be undone as long as no frontend runs the new version, also when one was tried and is put back', async () => {
  const run = await lab.managed.ask('upgradeCluster', lab.input('3.5.0'));
  runId = run.id;
  expect(run.plan.notes.join('\n')).toContain('Point of no return: once the first frontend runs 3.5.0');
  await lab.world.nextCommand(first, scripts.start, { timeoutMs: 90_000 });
  while (lab.world.pidOf(first) === null) await sleep(5);
  await lab.world.kill(first);
  const failed = await untilState(lab, runId);
  expect(failed.state, await story(lab, runId)).toBe('FAILED');
  expect(await endState(lab)).toEqual(
    wholeCluster(lab, { be1: '3.5.0', be2: '3.5.0', fe1: '3.4.5', fe2: '3.4.5', fe3: '3.4.5' }),
  );
  expect(await changesOf(lab, runId)).toEqual(['RESTORED']);
  expect(await actionsNow()).toEqual(['RETRY', 'UNDO']);
}, 150_000);

it('cannot be undone any more behind it, and says why; going on is the way', async () => {
  const started = lab.world.nextCommand(first, scripts.start, { timeoutMs: 90_000 });
  await retryRun(control(), requestOf(runId));
  await started;
  await pauseRun(control(), requestOf(runId));
  expect((await untilState(lab, runId, { states: ['PAUSED'] })).state, await story(lab, runId)).toBe('PAUSED');
  expect((await lab.versions())[first]).toBe('3.5.0');
  expect(await actionsNow(['PAUSED'])).toEqual(['RESUME', 'CANCEL']);
  await expect(undoRun(control(), requestOf(runId))).rejects.toMatchObject({
    code: 'NOT_UNDOABLE',
    message: expect.stringMatching(/has run 3\.5\.0, and from there is no way back to 3\.4\.5.*before 3\.4\.6/),
  });
  await resumeRun(control(), requestOf(runId));
  expect((await untilState(lab, runId)).state, await story(lab, runId)).toBe('SUCCEEDED');
  expect(await actionsNow()).toEqual([]);
  expect(await endState(lab)).toEqual(wholeCluster(lab, '3.5.0'));
  expect(await changesOf(lab, runId)).toEqual(['RESTORED']);
}, 150_000);
