import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cancelRun, retryRun } from '../../src/runs/control.ts';
import { lanesToLeaveOut } from '../../src/runs/run-actions.ts';
import { submit } from '../../src/runs/submit.ts';
import { listSteps } from '../../src/store/runs/runs.ts';
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
  Object.assign(fleet, makeFleet(['a', 'b', 'c']));
});
afterAll(() => engine.close());

const versions = () =>
  Object.fromEntries([...fleet.machines].map(([name, { up, version }]) => [name, up ? version : 'down']));

async function start(input: Record<string, unknown> = {}) {
  const { run } = await submit(engine.ctx.engine, {
    operation: 'renew',
    input: { clusterId, width: 1, ...input },
    actor: operator,
  });
  if (run === null) throw new Error('no run');
  return run.id;
}

async function retry(runId: string, withoutLane: string | null = null) {
  await retryRun(engine.ctx.engine, { runId, actor: operator, withoutLane });
  return engine.until(runId);
}

/** A run that has taken b down and could not bring it up again. */
async function failToBringBack(): Promise<string> {
  fleet.refusing.add('b');
  fleet.onEffect = async (effect) => {
    if (effect === 'load b new') fleet.dead.add('b');
  };
  const id = await start();
  expect(await engine.until(id)).toMatchObject({ state: 'FAILED', failure: { code: 'RECOVERY_FAILED' } });
  expect(versions()).toMatchObject({ b: 'down' });
  fleet.onEffect = async () => {};
  return id;
}

describe('a machine that a run has taken down and could not bring back', () => {
  it('is brought back by the retry that fails again, however often that happens', async () => {
    const id = await failToBringBack();
    for (const _ of [1, 2]) {
      expect(await retry(id)).toMatchObject({ state: 'FAILED', failure: { code: 'RECOVERY_FAILED' } });
      expect(versions()).toMatchObject({ b: 'down' });
    }
    fleet.dead.clear();
    const run = await retry(id);
    expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'COMMAND_FAILED', message: 'b stays down' } });
    expect(versions()).toEqual({ a: 'new', b: 'old', c: 'old' });
    fleet.refusing.clear();
    expect(await retry(id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(versions()).toEqual({ a: 'new', b: 'new', c: 'new' });
  });

  it('is brought back when another one fails before its turn comes', async () => {
    const id = await failToBringBack();
    fleet.dead.clear();
    fleet.leader = 'b'; // lets the others go first
    fleet.broken.add('c');
    expect(await retry(id)).toMatchObject({ state: 'FAILED', failure: { code: 'HEALTH_GATE_TIMEOUT' } });
    expect(versions()).toEqual({ a: 'new', b: 'old', c: 'old' });
  });

  it('is brought back when the retry is cancelled before its turn comes', async () => {
    const id = await failToBringBack();
    fleet.dead.clear();
    fleet.needed.add('b');
    await retryRun(engine.ctx.engine, { runId: id, actor: operator });
    await expect
      .poll(async () =>
        (await listSteps(engine.ctx.db, id)).some(({ progress }) => progress?.message === 'b is needed'),
      )
      .toBe(true);
    await cancelRun(engine.ctx.engine, { runId: id, actor: operator });
    expect(await engine.until(id)).toMatchObject({ state: 'CANCELED' });
    expect(versions()).toEqual({ a: 'new', b: 'old', c: 'old' });
  });

  it('is not left out', async () => {
    const id = await failToBringBack();
    const run = await engine.until(id);
    const [operation] = laneOperations(fleet);
    const steps = await listSteps(engine.ctx.db, id);
    expect(
      lanesToLeaveOut(run, operation, steps, { approval: null, now: new Date(), approvalEnvironments: ['prod'] }),
    ).toEqual([]);
    await expect(retry(id, 'b')).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('the run still has to bring it back'),
    });
    expect(await listSteps(engine.ctx.db, id)).toEqual(steps);
  });
});

describe('a machine that dies by itself before its turn', () => {
  beforeEach(() => {
    fleet.onEffect = async (effect) => {
      const b = fleet.machines.get('b');
      if (effect === 'up a' && b !== undefined) b.up = false;
    };
  });

  it('is brought up with the old version when it does not come up with the new one', async () => {
    fleet.refusing.add('b');
    expect(await engine.until(await start())).toMatchObject({ state: 'FAILED', failure: { message: 'b stays down' } });
    expect(versions()).toEqual({ a: 'new', b: 'old', c: 'old' });
  });

  it('is said to be down when it does not come up at all', async () => {
    fleet.dead.add('b');
    const run = await engine.until(await start());
    expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'RECOVERY_FAILED' } });
    expect(run.failure?.message).toContain('b could not be put back to how it was');
  });
});
