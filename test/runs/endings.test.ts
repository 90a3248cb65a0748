import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { operations } from '../../src/operations/index.ts';
import { retryRun, undoRun } from '../../src/runs/control.ts';
import { drive } from '../../src/runs/drive/runner.ts';
import { submit } from '../../src/runs/submit.ts';
import { foreseeUndo } from '../../src/runs/way-back.ts';
import { eventsOfRuns } from '../../src/store/reads/run-parts.ts';
import { listSteps, readRun } from '../../src/store/runs/runs.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';
import { type Fleet, laneOperations, makeFleet } from '../helpers/lane-operations.ts';
import { makeToy, type Toy, toyOperations } from '../helpers/toy-operations.ts';

const toy: Toy = makeToy();
const fleet: Fleet = makeFleet([]);
let engine: Engine;
let worker: { stop(): Promise<void> };
let clusterId: string;

beforeAll(async () => {
  engine = await startEngine({ operations: [...toyOperations(toy), ...laneOperations(fleet)] });
  worker = engine.work();
  clusterId = await engine.addCluster('endings');
});
beforeEach(() => {
  Object.assign(toy, makeToy());
  Object.assign(fleet, makeFleet(['a', 'b', 'c']));
});
afterAll(() => engine.close());

async function start(operation: string, input: Record<string, unknown> = {}): Promise<string> {
  const { run } = await submit(engine.ctx.engine, { operation, input: { clusterId, ...input }, actor: operator });
  if (run === null) throw new Error('no run');
  return run.id;
}

const request = (runId: string) => ({ runId, actor: operator });
const seenAt = async (runId: string) =>
  (await readRun(engine.ctx.db, runId)).postCheck?.checks.map(({ name, observed }) => `${name}: ${observed}`) ?? null;

describe('what was found at the end', () => {
  it('of a run that is undone is what the undo found, and nothing while that goes on', async () => {
    const id = await start('setValues', { keys: ['a'] });
    expect(await engine.until(id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await seenAt(id)).toEqual(['values: good']);
    await undoRun(engine.ctx.engine, request(id));
    const run = await engine.until(id);
    expect(run).toMatchObject({ state: 'UNDONE', postCheck: { passed: true } });
    expect(await seenAt(id)).toEqual(['values-at-end: UNDONE: nothing set']);
  });

  it('decides whether it is undone', async () => {
    const id = await start('setValues', { keys: ['a'] });
    await engine.until(id);
    toy.stuck.add('a');
    await undoRun(engine.ctx.engine, request(id));
    expect(await engine.until(id)).toMatchObject({
      state: 'FAILED',
      failure: { code: 'UNDO_FAILED', message: expect.stringContaining('Every step back was done, but the end') },
      postCheck: { passed: false },
    });
    toy.stuck.clear();
    await retryRun(engine.ctx.engine, request(id));
    expect(await engine.until(id)).toMatchObject({ state: 'UNDONE', failure: null, postCheck: { passed: true } });
  });

  it('of a run that failed says how it left things, and goes with a retry', async () => {
    toy.blocked.set('b', 'no');
    const id = await start('setValues', { keys: ['a', 'b'] });
    expect(await engine.until(id)).toMatchObject({ state: 'FAILED', postCheck: { passed: false } });
    expect(await seenAt(id)).toEqual(['values-at-end: FAILED: a=calm']);
    await worker.stop();
    await retryRun(engine.ctx.engine, request(id));
    expect(await readRun(engine.ctx.db, id)).toMatchObject({ state: 'QUEUED', postCheck: null });
    toy.blocked.clear();
    worker = engine.work();
    expect(await engine.until(id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await seenAt(id)).toEqual(['values: good']);
  });

  it('names the machine that a run has left down', async () => {
    fleet.dead.add('b');
    const id = await start('renew', { width: 1 });
    expect(await engine.until(id)).toMatchObject({ failure: { code: 'RECOVERY_FAILED' } });
    expect(await seenAt(id)).toEqual(['machines: a new, b down, c old']);
  });
});

describe('an undo for which there is no way back now', () => {
  it('is refused, and the run stays as it was', async () => {
    const id = await start('renew');
    const before = await engine.until(id);
    fleet.noWayBack = 'the old ones are gone';
    const steps = await listSteps(engine.ctx.db, id);
    for (const ask of [foreseeUndo, undoRun])
      await expect(ask(engine.ctx.engine, request(id))).rejects.toMatchObject({
        code: 'NOT_UNDOABLE',
        message: `R-${before.number} cannot be undone now: the old ones are gone`,
      });
    expect(await readRun(engine.ctx.db, id)).toEqual(before);
    expect(await listSteps(engine.ctx.db, id)).toEqual(steps);
  });

  it('returns the run to its end when the way was lost while the undo waited', async () => {
    fleet.refusing.add('b'); // a run that was put back, so that there is a recovery to be kept
    const id = await start('renew', { width: 1 });
    const before = await engine.until(id);
    const steps = await listSteps(engine.ctx.db, id);
    await worker.stop();
    await undoRun(engine.ctx.engine, request(id));
    expect(await readRun(engine.ctx.db, id)).toMatchObject({ state: 'UNDOING', failure: null, postCheck: null });
    fleet.noWayBack = 'the old ones are gone';
    await drive(engine.ctx.engine, id);
    worker = engine.work();
    const { revision: _r, fence: _f, ...after } = await readRun(engine.ctx.db, id);
    expect(after).toEqual(withoutCounters(before));
    expect(await listSteps(engine.ctx.db, id)).toEqual(steps);
    const events = await eventsOfRuns(engine.ctx.db, { runIds: [id], afterSequence: 0, limit: 500 });
    expect(events.at(-1)?.message).toBe(
      'It cannot be undone now: the old ones are gone. Nothing was done, and the run is FAILED as before',
    );
    expect(await engine.ctx.db.selectFrom('cluster_lock').selectAll().where('run_id', '=', id).execute()).toEqual([]);
    fleet.noWayBack = '';
    await undoRun(engine.ctx.engine, request(id));
    expect(await engine.until(id)).toMatchObject({ state: 'UNDONE', beforeUndo: null });
  });

  it('is refused when what does not answer, in whatever words, has been waited for long enough; asked again, it waits again', async () => {
    const id = await start('renew', { width: 1 });
    const before = await engine.until(id);
    await worker.stop();
    const notes = async () =>
      (await eventsOfRuns(engine.ctx.db, { runIds: [id], afterSequence: 0, limit: 500 }))
        .filter(({ type }) => type === 'NOTE')
        .map(({ message }) => message);
    const silentFor = async (minutes: number) => {
      await engine.ctx.db
        .updateTable('run_event')
        .set({ at: sql<Date>`at - INTERVAL ${sql.lit(minutes)} MINUTE` })
        .where('run_id', '=', id)
        .execute();
      await engine.ctx.db
        .updateTable('run')
        .set({ due_at: new Date(0) })
        .where('id', '=', id)
        .execute();
      await drive(engine.ctx.engine, id);
      return readRun(engine.ctx.db, id);
    };
    for (const attempt of [1, 2]) {
      fleet.silent = null;
      await undoRun(engine.ctx.engine, request(id));
      const words = ['one', 'two', 'three'];
      fleet.silent = () => `nobody answered ${words.shift()} of ${attempt}`;
      expect(await silentFor(0)).toMatchObject({ state: 'UNDOING' });
      expect(await silentFor(4)).toMatchObject({ state: 'UNDOING' });
      expect(await silentFor(7)).toMatchObject({ state: before.state, beforeUndo: null });
      expect((await notes()).at(-1)).toBe(
        `It cannot be undone now: nobody answered three of ${attempt} (waited 11 min). Nothing was done, and the run is ${before.state} as before`,
      );
    }
    worker = engine.work();
  });

  it('is shown as it would be taken, and nothing is changed, when only the way back is asked for', async () => {
    const id = await start('renew');
    const before = await engine.until(id);
    const plan = await foreseeUndo(engine.ctx.engine, request(id));
    expect(plan.summary).toBe('old again');
    expect(plan.steps.map(({ title }) => title)).toContain('Load old on a');
    expect(await readRun(engine.ctx.db, id)).toEqual(before);
    const set = await start('setValues', { keys: ['a', 'b'] });
    await engine.until(set);
    expect((await foreseeUndo(engine.ctx.engine, request(set))).steps.map(({ title }) => title)).toEqual([
      'Set b to calm',
      'Set a to calm',
    ]);
  });
});

it('every operation that can be taken back looks for itself what its undo has come to', () => {
  const undoable = operations.filter(
    ({ planUndo: plans, steps }) => plans !== null || steps.some(({ canUndo }) => canUndo),
  );
  expect(undoable.map(({ name }) => name).toSorted()).toEqual([
    'addBackends',
    'addComputeNodes',
    'addFrontends',
    'addRunningNodes',
    'createRepository',
    'deployCluster',
    'downgradeCluster',
    'dropFrontends',
    'moveNode',
    'removeComputeNodes',
    'repairTable',
    'replaceBackend',
    'replaceFrontend',
    'restartNode',
    'restoreDatabase',
    'restoreTables',
    'rollingRestart',
    'setClusterSnapshots',
    'setNodeLocation',
    'startNodes',
    'stopNodes',
    'upgradeCluster',
  ]);
  expect(undoable.filter(({ endCheck }) => endCheck === null)).toEqual([]);
});

function withoutCounters<T extends { revision: number; fence: number }>(run: T): Omit<T, 'revision' | 'fence'> {
  const { revision: _r, fence: _f, ...rest } = run;
  return rest;
}
