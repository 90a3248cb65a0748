import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunStep } from '../../src/domain/run.ts';
import { cancelRun, pauseRun, resumeRun, retryRun, undoRun } from '../../src/runs/control.ts';
import { drive } from '../../src/runs/drive/runner.ts';
import { allowedActions } from '../../src/runs/run-actions.ts';
import { submit } from '../../src/runs/submit.ts';
import { eventsOfRuns } from '../../src/store/reads/run-parts.ts';
import { listSteps, listTemporaryChanges } from '../../src/store/runs/runs.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';
import { type Fleet, laneOperations, makeFleet } from '../helpers/lane-operations.ts';

const fleet: Fleet = makeFleet([]);
let engine: Engine;
let clusterId: string;

beforeAll(async () => {
  engine = await startEngine({ operations: laneOperations(fleet) });
  engine.work();
  clusterId = await engine.addCluster('fleet');
});
beforeEach(() => {
  Object.assign(fleet, makeFleet(['a', 'b', 'c', 'd', 'e']));
});
afterAll(() => engine.close());

async function start(input: Record<string, unknown> = {}) {
  const result = await submit(engine.ctx.engine, {
    operation: 'renew',
    input: { clusterId, ...input },
    actor: operator,
  });
  expect(result.userErrors).toEqual([]);
  if (result.run === null) throw new Error('no run');
  return result.run;
}

const request = (runId: string) => ({ runId, actor: operator });
const steps = (runId: string) => listSteps(engine.ctx.db, runId);
const ofPhase = (all: readonly RunStep[], phase: string) =>
  all.filter((step) => step.phase === phase).map((step) => `${step.kind} ${step.lane?.name ?? '-'} ${step.state}`);
const downs = () => fleet.effects.filter((effect) => effect.startsWith('down '));
const versions = () =>
  Object.fromEntries([...fleet.machines].map(([name, { up, version }]) => [name, up ? version : 'down']));
const all = (version: string) => ({ a: version, b: version, c: version, d: version, e: version });

describe('lanes of a stage', () => {
  it('go side by side, never more than the width at a time, each in its own order', async () => {
    fleet.downMs = 40;
    const run = await engine.until((await start({ width: 2 })).id);
    expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null });
    expect(fleet.mostDown).toBe(2);
    expect(versions()).toEqual(all('new'));
    for (const name of 'abcde') {
      expect(fleet.effects.filter((effect) => effect.split(' ')[1] === name)).toEqual([
        `down ${name}`,
        `load ${name} new`,
        `up ${name}`,
      ]);
    }
    expect(fleet.balancing).toBe('on');
  });

  it('go one after the other when the width is 1', async () => {
    await engine.until((await start({ width: 1 })).id);
    expect(fleet.mostDown).toBe(1);
    expect(downs()).toEqual(['down a', 'down b', 'down c', 'down d', 'down e']);
  });

  it('leave the lane to the end whose turn it is not, whoever that is at the time', async () => {
    fleet.leader = 'a';
    fleet.onEffect = async (effect) => {
      if (effect === 'up c') fleet.leader = 'd';
    };
    await engine.until((await start({ width: 1 })).id);
    // a leads until c is up; then d does, so that a is due and d is last.
    expect(downs()).toEqual(['down b', 'down c', 'down e', 'down a', 'down d'].toSorted(byEffect));
    expect(downs().at(-1)).toBe('down d');
  });

  it('let the others go first although it was looked at already when it became its turn to be last', async () => {
    fleet.needed.add('a');
    const { id } = await start({ width: 1 });
    await expect
      .poll(async () => (await steps(id)).find((step) => step.kind === 'look')?.progress?.message)
      .toBe('a is needed');
    fleet.leader = 'a';
    fleet.needed.clear();
    expect(await engine.until(id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(downs()).toEqual(['down b', 'down c', 'down d', 'down e', 'down a']);
  });

  it('know what an earlier step of their own lane found, and not of another', async () => {
    const run = await engine.until((await start()).id);
    const waits = (await steps(run.id)).filter((step) => step.kind === 'awaitUp');
    expect(waits.map((step) => step.facts)).toEqual(Array(5).fill({ was: 'old' }));
  });
});

describe('a lane that fails', () => {
  it('is taken back by the run itself, while the others come to a place to stop at', async () => {
    fleet.broken.add('b');
    fleet.onEffect = async (effect) => {
      if (effect === 'up b') fleet.downMs = 600; // so that another lane is busy when b fails
    };
    const run = await engine.until((await start({ width: 2 })).id);
    expect(run).toMatchObject({
      state: 'FAILED',
      failure: { code: 'HEALTH_GATE_TIMEOUT', log: ['log of b', 'cannot start'] },
    });
    expect(versions()).toMatchObject({ a: 'new', b: 'old', d: 'old', e: 'old' });
    expect([...fleet.machines.values()].every(({ up }) => up)).toBe(true);
    expect(ofPhase(await steps(run.id), 'recover')).toEqual(['takeDown b done', 'load b done', 'bringUp b done']);
    expect(fleet.balancing).toBe('on');
    expect(await listTemporaryChanges(engine.ctx.db, run.id)).toMatchObject([{ state: 'RESTORED' }]);
  });

  it('is begun anew by a retry, and what is done is not done twice', async () => {
    fleet.broken.add('b');
    const run = await engine.until((await start({ width: 1 })).id);
    expect(run.state).toBe('FAILED');
    fleet.broken.clear();
    fleet.effects = [];
    await retryRun(engine.ctx.engine, request(run.id));
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(downs()).toEqual(['down b', 'down c', 'down d', 'down e']);
    expect(fleet.effects[0]).toBe('balancing off');
    expect(fleet.balancing).toBe('on');
    expect(versions()).toEqual(all('new'));
  });

  it('can fail twice at different places and is taken back each time', async () => {
    fleet.broken.add('b');
    const run = await engine.until((await start({ width: 1 })).id);
    fleet.broken = new Set(['d']);
    await retryRun(engine.ctx.engine, request(run.id));
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED', failure: { code: 'HEALTH_GATE_TIMEOUT' } });
    expect(versions()).toEqual({ a: 'new', b: 'new', c: 'new', d: 'old', e: 'old' });
    fleet.broken.clear();
    fleet.effects = [];
    await retryRun(engine.ctx.engine, request(run.id));
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(downs()).toEqual(['down d', 'down e']);
  });

  it('that cannot be taken back is said to be so, with what was wrong before', async () => {
    fleet.broken.add('b');
    fleet.onEffect = async (effect) => {
      if (effect === 'up b') fleet.dead.add('b');
    };
    const run = await engine.until((await start({ width: 1 })).id);
    expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'RECOVERY_FAILED' } });
    expect(run.failure?.message).toContain('b stays down');
    expect(run.failure?.message).toContain('b is not well');
    expect(fleet.balancing).toBe('on');
    fleet.broken.clear();
    fleet.dead.clear();
    await retryRun(engine.ctx.engine, request(run.id));
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    expect(versions()).toEqual(all('new'));
  });

  it('is left to the next drive when the lease is lost while several are busy', async () => {
    // No worker: this drive alone has to find its end.
    const lonely = await startEngine({ operations: laneOperations(fleet) });
    try {
      const input = { clusterId: await lonely.addCluster('fleet'), width: 2 };
      const { run } = await submit(lonely.ctx.engine, { operation: 'renew', input, actor: operator });
      const { db } = lonely.ctx;
      fleet.onEffect = async (effect) => {
        if (effect !== 'down b') return;
        fleet.onEffect = async () => {};
        await db.updateTable('run').set({ claimed_by: null, claimed_until: null }).execute();
        await sleep(500); // two heartbeats: the worker has noticed
      };
      await drive(lonely.ctx.engine, run?.id ?? '');
      // Whichever of the two was quicker; nobody else was begun.
      expect(downs()).toContain('down b');
      expect(downs().filter((effect) => effect !== 'down a' && effect !== 'down b')).toEqual([]);
      await drive(lonely.ctx.engine, run?.id ?? '');
      expect(await lonely.until(run?.id ?? '')).toMatchObject({ state: 'SUCCEEDED', failure: null });
      expect(versions()).toEqual(all('new'));
      expect(new Set(downs()).size).toBe(downs().length);
    } finally {
      await lonely.close();
    }
  });

  it('can be left out by a person, if the operation can do without it', async () => {
    fleet.broken.add('b');
    const run = await engine.until((await start({ width: 1 })).id);
    await expect(retryRun(engine.ctx.engine, { ...request(run.id), withoutLane: 'c' })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    await retryRun(engine.ctx.engine, { ...request(run.id), withoutLane: 'b' });
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(versions()).toEqual({ ...all('new'), b: 'old' });
    expect(ofPhase(await steps(run.id), 'do').filter((step) => step.includes(' b '))).toEqual([
      'look b skipped',
      'takeDown b skipped',
      'load b skipped',
      'bringUp b skipped',
      'awaitUp b skipped',
    ]);
  });

  it('can be left out beside one that was left out before; a plain retry takes both in again', async () => {
    fleet.broken = new Set(['b', 'd']);
    const run = await engine.until((await start({ width: 1 })).id);
    await retryRun(engine.ctx.engine, { ...request(run.id), withoutLane: 'b' });
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED' });
    await retryRun(engine.ctx.engine, { ...request(run.id), withoutLane: 'd' });
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(versions()).toEqual({ ...all('new'), b: 'old', d: 'old' });

    const again = await engine.until((await start({ width: 1 })).id);
    await retryRun(engine.ctx.engine, { ...request(again.id), withoutLane: 'b' });
    expect(await engine.until(again.id)).toMatchObject({ state: 'FAILED' });
    fleet.broken.clear();
    await retryRun(engine.ctx.engine, request(again.id));
    expect(await engine.until(again.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(versions()).toEqual(all('new'));
  });

  it('cannot be left out when it is needed', async () => {
    fleet.broken.add('a');
    const run = await engine.until((await start({ width: 1 })).id);
    await expect(retryRun(engine.ctx.engine, { ...request(run.id), withoutLane: 'a' })).rejects.toMatchObject({
      message: expect.stringContaining('a is needed'),
    });
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED' });
  });
});

describe('a person who interferes', () => {
  it('cancels between two lanes, never with a machine down', async () => {
    const { id } = await start({ width: 2 });
    fleet.onEffect = async (effect) => {
      if (effect === 'down b') await cancelRun(engine.ctx.engine, request(id));
    };
    expect(await engine.until(id)).toMatchObject({ state: 'CANCELED' });
    expect(Object.values(versions())).not.toContain('down');
    expect(versions()).toMatchObject({ a: 'new', b: 'new', d: 'old', e: 'old' });
    expect(fleet.balancing).toBe('on');
  });

  it('pauses: temporary changes are back meanwhile, and made again when it is resumed', async () => {
    const { id } = await start({ width: 1 });
    fleet.onEffect = async (effect) => {
      if (effect === 'load b new') await pauseRun(engine.ctx.engine, request(id));
    };
    await engine.until(id, ['PAUSED']);
    expect(versions()).toEqual({ ...all('old'), a: 'new', b: 'new' });
    expect(fleet.balancing).toBe('on');
    expect(await listTemporaryChanges(engine.ctx.db, id)).toMatchObject([{ state: 'RESTORED' }]);
    fleet.effects = [];
    fleet.onEffect = async () => {};
    await resumeRun(engine.ctx.engine, request(id));
    expect(await engine.until(id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(fleet.effects[0]).toBe('balancing off');
    expect(downs()).toEqual(['down c', 'down d', 'down e']);
    expect(fleet.effects.at(-1)).toBe('balancing on');
  });

  it('pauses while a lane waits: the hour until it is resumed is no part of its waiting', async () => {
    fleet.needed.add('a');
    const { id } = await start({ width: 1 });
    const waiting = async () => (await steps(id)).find((step) => step.kind === 'look');
    await expect.poll(async () => (await waiting())?.progress?.message).toBe('a is needed');
    await pauseRun(engine.ctx.engine, request(id));
    await engine.until(id, ['PAUSED']);
    const startedAt = (await waiting())?.startedAt ?? new Date();
    await engine.ctx.db
      .updateTable('run_step')
      .set({ started_at: new Date(startedAt.getTime() - 3_600_000) })
      .where('run_id', '=', id)
      .where('kind', '=', 'look')
      .where('started_at', 'is not', null)
      .execute();
    await resumeRun(engine.ctx.engine, request(id));
    await engine.until(id, ['RUNNING']);
    await sleep(300); // it is looked at many times now
    fleet.needed.clear();
    expect(await engine.until(id)).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('undoes it, and again after that failed half-way: what is temporary is changed for that time as well', async () => {
    const { id } = await start({ width: 1 });
    expect(await engine.until(id)).toMatchObject({ state: 'SUCCEEDED' });
    fleet.onEffect = async (effect) => {
      if (effect === 'load b old') fleet.dead.add('b');
      if (effect === 'load b new') fleet.dead.delete('b');
    };
    await undoRun(engine.ctx.engine, request(id));
    expect(await engine.until(id)).toMatchObject({ state: 'FAILED', failure: { code: 'UNDO_FAILED' } });
    expect(fleet.balancing).toBe('on');
    fleet.onEffect = async () => {};
    fleet.effects = [];
    await undoRun(engine.ctx.engine, request(id));
    expect(await engine.until(id)).toMatchObject({ state: 'UNDONE' });
    expect(fleet.effects[0]).toBe('balancing off');
    expect(fleet.effects.at(-1)).toBe('balancing on');
    expect(versions()).toEqual(all('old'));
    const changes = await listTemporaryChanges(engine.ctx.db, id);
    expect(changes.map((change) => change.state)).toEqual(['RESTORED', 'RESTORED']); // one for each way
  });

  it('is asked to look by the run itself, and resumes it', async () => {
    const { id } = await start({ width: 1, hold: true });
    const paused = await engine.until(id, ['PAUSED']);
    expect(paused.progress?.message).toBe('Look at the first machine, then resume');
    const holds = async () => (await steps(id)).flatMap(({ hold }) => hold ?? []);
    expect(await holds()).toEqual(['Look at the first machine, then resume']);
    expect(downs()).toEqual([]);
    expect(fleet.balancing).toBe('on');
    await resumeRun(engine.ctx.engine, request(id));
    expect(await holds()).toEqual([]);
    expect(await engine.until(id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(versions()).toEqual(all('new'));
  });

  it('undoes it half-way by the way back that the operation plans', async () => {
    const { id } = await start({ width: 1 });
    fleet.onEffect = async (effect) => {
      if (effect === 'up c') await pauseRun(engine.ctx.engine, request(id));
    };
    const paused = await engine.until(id, ['PAUSED']);
    const [operation] = laneOperations(fleet);
    expect(
      allowedActions(paused, operation, await steps(id), {
        approval: null,
        now: new Date(),
        approvalEnvironments: ['prod'],
      }),
    ).toContain('UNDO');
    fleet.effects = [];
    fleet.onEffect = async () => {};
    await undoRun(engine.ctx.engine, request(id));
    expect(await engine.until(id)).toMatchObject({ state: 'UNDONE' });
    expect(versions()).toEqual(all('old'));
    expect(downs()).toEqual(['down a', 'down b', 'down c']);
    const events = await eventsOfRuns(engine.ctx.db, { runIds: [id], afterSequence: 0, limit: 500 });
    expect(events.some((event) => event.message === 'Way back: old again')).toBe(true);
  });

  it('returns a machine that cannot go back to where it came from, and goes on with the undo when asked again', async () => {
    const { id } = await start({ width: 1 });
    await engine.until(id);
    fleet.effects = [];
    fleet.onEffect = async (effect) => {
      if (effect === 'load b old') fleet.dead.add('b');
      if (effect === 'load b new') fleet.dead.delete('b');
    };
    await undoRun(engine.ctx.engine, request(id));
    expect(await engine.until(id)).toMatchObject({ state: 'FAILED', failure: { code: 'UNDO_FAILED' } });
    expect(versions()).toEqual({ ...all('new'), a: 'old' });
    fleet.onEffect = async () => {};
    await retryRun(engine.ctx.engine, request(id));
    expect(await engine.until(id)).toMatchObject({ state: 'UNDONE' });
    expect(versions()).toEqual(all('old'));
  });
});

function byEffect(a: string, b: string): number {
  return fleet.effects.indexOf(a) - fleet.effects.indexOf(b);
}
