import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patienceMs } from '../../../sandbox/patience.ts';
import { upgradeCluster } from '../../../src/operations/upgrade/upgrade-cluster/upgrade-cluster.ts';
import { cancelRun, pauseRun, resumeRun, undoRun } from '../../../src/runs/control.ts';
import { allowedActions } from '../../../src/runs/run-actions.ts';
import { listPlannedWork } from '../../../src/store/reads/planned-work.ts';
import { eventsOfRuns } from '../../../src/store/reads/run-parts.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';
import {
  changesOf,
  commandsSoFar,
  endState,
  laneNode,
  leftOnDisk,
  letAnHourPass,
  movesSince,
  pausedScheduling,
  requestOf,
  schedulingOf,
  scripts,
  slowLease,
  story,
  untilState,
  untilStep,
  wholeCluster,
} from '../../operations/upgrade/orchestration-lab.ts';

/** What people do to an upgrade that is under way, one after the other on the same cluster. */
let lab: UpgradeLab;

beforeAll(async () => {
  lab = await startUpgradeLab({ env: slowLease, version: '3.4.6', frontends: 3, backends: 2 });
  await lab.addRelease({ version: '3.4.6' });
  await lab.addRelease({ version: '3.5.0' });
  await lab.addRelease({ version: '3.5.1' });
  lab.engine.work();
}, 120_000);
afterAll(() => lab?.close(), 120_000);

const ask = (to: string, more: Record<string, unknown> = {}) => lab.managed.ask('upgradeCluster', lab.input(to, more));
const control = () => lab.engine.ctx.engine;
const actionsOf = async (runId: string) =>
  allowedActions(
    await untilState(lab, runId, { states: ['PAUSED'] }),
    upgradeCluster,
    await listSteps(lab.engine.ctx.db, runId),
    { approval: null, now: new Date(), approvalEnvironments: ['prod'] },
  );

describe('a cancel', () => {
  it('while releases are staged ends with no node touched, and what was staged can be removed', async () => {
    const from = await commandsSoFar(lab);
    const run = await ask('3.5.0');
    await lab.world.nextCommand('be1', scripts.unpack, { timeoutMs: 60_000 });
    await cancelRun(control(), requestOf(run.id));
    expect((await untilState(lab, run.id)).state, await story(lab, run.id)).toBe('CANCELED');
    expect(await endState(lab)).toEqual(wholeCluster(lab, '3.4.6'));
    await undoRun(control(), requestOf(run.id));
    expect((await untilState(lab, run.id)).state, await story(lab, run.id)).toBe('UNDONE');
    expect((await leftOnDisk(lab)).filter((left) => !left.endsWith('archives'))).toEqual([]);
    expect(await movesSince(lab, from)).toEqual({});
  });

  it('in the middle of a lane lets the node come back first, and an undo takes that one node back', async () => {
    const from = await commandsSoFar(lab);
    const run = await ask('3.5.0');
    await lab.world.nextCommand('be1', scripts.stop, { timeoutMs: 60_000 });
    await cancelRun(control(), requestOf(run.id));
    expect((await untilState(lab, run.id)).state, await story(lab, run.id)).toBe('CANCELED');
    expect(await endState(lab)).toEqual(wholeCluster(lab, { be1: '3.5.0', be2: '3.4.6', fe1: '3.4.6' }));
    expect(await movesSince(lab, from)).toEqual({ be1: ['stop', 'swap', 'start'] });
    await undoRun(control(), requestOf(run.id));
    expect((await untilState(lab, run.id)).state, await story(lab, run.id)).toBe('UNDONE');
    expect(await endState(lab)).toEqual(wholeCluster(lab, '3.4.6'));
  }, 150_000);
});

describe('two upgrades asked for at once', () => {
  let firstId = '';

  it('are never both carried out: the one that waited finds another cluster than it was planned for', async () => {
    const first = await ask('3.5.0', { soakSeconds: 600 });
    firstId = first.id;
    const same = await ask('3.5.0');
    const other = await ask('3.5.1');
    const soaking = await untilStep(lab, first.id, (step) => step.kind === 'soak' && step.startedAt !== null);
    expect(soaking.state).toBe('pending');
    for (const { id } of [same, other])
      expect(await untilState(lab, id, { states: ['QUEUED'] })).toMatchObject({ state: 'QUEUED', blockedBy: first.id });
    // In the soak: at once, without waiting for its end.
    await cancelRun(control(), requestOf(first.id));
    expect((await untilState(lab, first.id, { limitMs: 15_000 })).state).toBe('CANCELED');
    for (const { id } of [same, other]) {
      const ended = await untilState(lab, id);
      expect(ended, await story(lab, id)).toMatchObject({ state: 'FAILED', failure: { code: 'PLAN_STALE' } });
      expect((await listSteps(lab.engine.ctx.db, id)).every((step) => step.state === 'pending')).toBe(true);
    }
    expect(await endState(lab)).toEqual(wholeCluster(lab, { be1: '3.5.0', be2: '3.4.6', fe1: '3.4.6' }));
    expect(await changesOf(lab, first.id)).toEqual(['RESTORED']);
  }, 150_000);

  it('one after the other cannot be undone in the wrong order: the older names the node that is not its own', async () => {
    const later = await ask('3.5.1', { pauseAfterCanary: true });
    await untilState(lab, later.id, { states: ['PAUSED'] });
    await cancelRun(control(), requestOf(later.id));
    await untilState(lab, later.id);
    const from = await commandsSoFar(lab);
    await expect(undoRun(control(), requestOf(firstId))).rejects.toMatchObject({
      code: 'NOT_UNDOABLE',
      message: expect.stringMatching(/be .*:9050 runs 3\.5\.1.* by now, which is not of this run's making/),
    });
    expect((await untilState(lab, firstId)).state).toBe('CANCELED');
    expect(await movesSince(lab, from)).toEqual({});
    await undoRun(control(), requestOf(later.id));
    expect((await untilState(lab, later.id)).state, await story(lab, later.id)).toBe('UNDONE');
    expect(await endState(lab)).toEqual(wholeCluster(lab, { be1: '3.5.0', be2: '3.4.6', fe1: '3.4.6' }));
  }, 150_000);

  it('leave binaries that an undo does not take for its own when a later run brought the old version back', async () => {
    const later = await lab.managed.ask('downgradeCluster', lab.input('3.4.6'));
    expect((await untilState(lab, later.id)).state, await story(lab, later.id)).toBe('SUCCEEDED');
    const from = await commandsSoFar(lab);
    await expect(undoRun(control(), requestOf(firstId))).rejects.toMatchObject({
      code: 'NOT_UNDOABLE',
      message: expect.stringContaining('which is not of this run'),
    });
    expect((await untilState(lab, firstId)).state).toBe('CANCELED');
    expect(await movesSince(lab, from)).toEqual({});
    expect(await endState(lab)).toEqual(wholeCluster(lab, '3.4.6'));
  }, 150_000);
});

describe('a pause', () => {
  it('after the first node, and one of an hour among the frontends, change nothing about the end; then half of it is undone', async () => {
    const from = await commandsSoFar(lab);
    const run = await ask('3.5.0', { pauseAfterCanary: true });
    const held = await untilState(lab, run.id, { states: ['PAUSED'] });
    expect(held.progress?.message).toMatch(/^be .*:9050 runs 3\.5\.0\. Look at it, then resume the run$/);
    // The cluster stays this run's, and everything temporary is back while nobody works.
    expect(await endState(lab)).toEqual({ ...wholeCluster(lab, { be1: '3.5.0', be2: '3.4.6' }), locks: 1 });
    await letAnHourPass(lab, run.id);
    await resumeRun(control(), requestOf(run.id));

    await lab.world.nextCommand('be2', scripts.start, { timeoutMs: 60_000 });
    for (const values of Object.values(await schedulingOf(lab))) expect(values).toEqual(pausedScheduling);
    await lab.world.nextCommand('fe2', scripts.start, { timeoutMs: 60_000 });
    await pauseRun(control(), requestOf(run.id));
    expect((await untilState(lab, run.id, { states: ['PAUSED'] })).state, await story(lab, run.id)).toBe('PAUSED');
    expect(await endState(lab)).toEqual({
      ...wholeCluster(lab, { be2: '3.5.0', fe2: '3.5.0', fe3: '3.4.6' }),
      locks: 1,
    });
    expect(await changesOf(lab, run.id)).toEqual(['RESTORED']);
    expect(await listPlannedWork(lab.engine.ctx.db, { clusterId: lab.clusterId, windowMs: 0 })).toEqual([]);
    expect(await movesSince(lab, from)).toEqual(
      Object.fromEntries(['be1', 'be2', 'fe2'].map((name) => [name, ['stop', 'swap', 'start']])),
    );

    expect(await actionsOf(run.id)).toEqual(['RESUME', 'CANCEL', 'UNDO']);
    const back = await commandsSoFar(lab);
    await undoRun(control(), requestOf(run.id));
    expect((await untilState(lab, run.id)).state, await story(lab, run.id)).toBe('UNDONE');
    expect(await endState(lab)).toEqual(wholeCluster(lab, '3.4.6'));
    expect(await movesSince(lab, back)).toEqual(
      Object.fromEntries(['fe2', 'be1', 'be2'].map((name) => [name, ['stop', 'back', 'start']])),
    );
    // An upgrade goes back as a downgrade goes: frontends first.
    expect(await orderOf(run.id)).toEqual(['fe2', 'be2', 'be1']);
  }, 240_000);

  it('while a node waits for its turn does not count as waiting', async () => {
    const run = await ask('3.5.0');
    await untilStep(lab, run.id, (step) => step.kind === 'unpackRelease');
    await lab.world.kill('be2');
    const waiting = await untilStep(
      lab,
      run.id,
      (step) => step.kind === 'guardNode' && step.state === 'pending' && step.progress !== null,
    );
    expect(laneNode(lab, waiting)).toBe('be1');
    await pauseRun(control(), requestOf(run.id));
    await untilState(lab, run.id, { states: ['PAUSED'] });
    await letAnHourPass(lab, run.id);
    await resumeRun(control(), requestOf(run.id));
    await untilStep(lab, run.id, (step) => step.position === waiting.position && step.startedAt !== null);
    await lab.world.start('be2');
    await lab.world.nextCommand('be1', scripts.stop, { timeoutMs: patienceMs });
    await cancelRun(control(), requestOf(run.id));
    expect((await untilState(lab, run.id)).state, await story(lab, run.id)).toBe('CANCELED');
    await undoRun(control(), requestOf(run.id));
    expect((await untilState(lab, run.id)).state, await story(lab, run.id)).toBe('UNDONE');
    expect(await endState(lab)).toEqual(wholeCluster(lab, '3.4.6'));
  }, 150_000);
});

describe('an upgrade that failed', () => {
  it('at its first frontend is undone from there, backends included, and scheduling is paused on that way as well', async () => {
    await lab.addRelease({ version: '3.5.0', variant: 'never-starts', wrongParts: ['fe'] });
    const run = await ask('3.5.0');
    const failed = await untilState(lab, run.id);
    expect(failed.state, await story(lab, run.id)).toBe('FAILED');
    expect(await endState(lab)).toEqual(wholeCluster(lab, { be1: '3.5.0', be2: '3.5.0', fe1: '3.4.6', fe2: '3.4.6' }));
    const from = await commandsSoFar(lab);
    await undoRun(control(), requestOf(run.id));
    await lab.world.nextCommand('be1', scripts.start, { timeoutMs: 60_000 });
    for (const values of Object.values(await schedulingOf(lab))) expect(values).toEqual(pausedScheduling);
    expect((await untilState(lab, run.id)).state, await story(lab, run.id)).toBe('UNDONE');
    expect(await endState(lab)).toEqual(wholeCluster(lab, '3.4.6'));
    expect(await movesSince(lab, from)).toEqual({ be1: ['stop', 'back', 'start'], be2: ['stop', 'back', 'start'] });
  }, 240_000);
});

/** The nodes in the order in which the way back reached them. */
async function orderOf(runId: string): Promise<string[]> {
  const started = (await eventsOfRuns(lab.engine.ctx.db, { runIds: [runId], afterSequence: 0, limit: 1_000 })).filter(
    (event) => event.type === 'STEP_STARTED',
  );
  const steps = await listSteps(lab.engine.ctx.db, runId);
  return started.flatMap((event) => {
    const step = steps.find(
      (each) => each.position === event.step && each.phase === 'undo' && each.kind === 'swapBack',
    );
    return step === undefined ? [] : [laneNode(lab, step)];
  });
}
