import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnyOperation } from '../../src/operations/define.ts';
import { cancelRun, retryRun, undoRun } from '../../src/runs/control.ts';
import { submit } from '../../src/runs/submit.ts';
import { eventsOfRuns } from '../../src/store/reads/run-parts.ts';
import { findLockHolder, listSteps } from '../../src/store/runs/runs.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';
import { makeToy, type Toy, toyOperations } from '../helpers/toy-operations.ts';

/* Runs that this program cannot or must not drive, and what throws where nothing should. None may run for ever. */

let toy: Toy;
let engine: Engine;
let clusterId: string;
/** What the registry of this test has instead of `setValues`. */
let instead: Partial<AnyOperation>;

beforeEach(async () => {
  toy = makeToy();
  instead = {};
  const operations = toyOperations(toy).map(
    (operation): AnyOperation =>
      operation.name === 'setValues'
        ? new Proxy(operation, { get: (target, key) => Reflect.get(instead, key) ?? Reflect.get(target, key) })
        : operation,
  );
  engine = await startEngine({ operations });
  clusterId = await engine.addCluster('toy');
});
afterEach(() => engine?.close());

async function ask(keys: readonly string[] = ['a', 'b']) {
  const { run, userErrors } = await submit(engine.ctx.engine, {
    operation: 'setValues',
    input: { clusterId, keys },
    actor: operator,
  });
  if (run === null) throw new Error(JSON.stringify(userErrors));
  return run;
}

/** Makes the run look as if another version of the program had planned it. */
const setVersion = (runId: string, version: number) =>
  engine.ctx.db.updateTable('run').set({ operation_version: version }).where('id', '=', runId).execute();

describe('a run that another version of the program planned', () => {
  it('is not begun, and is planned anew when it is retried', async () => {
    const run = await ask();
    instead = { version: 2 };
    engine.work();
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED', failure: { code: 'PLAN_STALE' } });
    expect(toy.effects).toEqual([]);
    const again = await retryRun(engine.ctx.engine, { runId: run.id, actor: operator });
    expect(await engine.until(again.id)).toMatchObject({ state: 'SUCCEEDED', operationVersion: 2 });
  });

  it('waits for a person when it had begun, who can cancel it but not go on with it', async () => {
    toy.moving.set('b', 1_000);
    const run = await ask();
    const worker = engine.work();
    await expect.poll(() => toy.effects).toEqual(['a=calm']);
    await worker.stop();
    instead = { version: 2 };
    engine.work();
    expect(await engine.until(run.id, ['INTERRUPTED'])).toMatchObject({ failure: { code: 'PRECONDITION_FAILED' } });
    for (const refused of [retryRun, undoRun])
      await expect(refused(engine.ctx.engine, { runId: run.id, actor: operator })).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining('planned by version 1'),
      });
    await cancelRun(engine.ctx.engine, { runId: run.id, actor: operator });
    expect(await engine.until(run.id)).toMatchObject({ state: 'CANCELED' });
    expect(await findLockHolder(engine.ctx.db, clusterId)).toBeNull();
    expect(toy.effects).toEqual(['a=calm']);
  });

  it('is left to newer workers at first, and says so once', async () => {
    const run = await ask();
    await setVersion(run.id, 7);
    engine.work();
    await expect.poll(() => notesOf(run.id)).toHaveLength(1);
    await engine.ctx.db
      .updateTable('run_event')
      .set({ at: new Date(Date.now() - 3_600_000) })
      .where('run_id', '=', run.id)
      .execute();
    await engine.ctx.db.updateTable('run').set({ due_at: null }).where('id', '=', run.id).execute();
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED', failure: { code: 'PLAN_STALE' } });
    expect(await notesOf(run.id)).toHaveLength(1);
    expect(toy.effects).toEqual([]);
  });
});

describe('an unexpected error', () => {
  const hidden = () => {
    throw new TypeError('hunter2');
  };

  it.each<[string, Partial<AnyOperation>]>([
    ['in the check of the end', { postCheck: async () => hidden() }],
    ['in looking for a step kind', { steps: [] }],
  ])('%s ends the run, frees the cluster and does not tell its text', async (_where, broken) => {
    const run = await ask();
    instead = broken;
    engine.work();
    const ended = await engine.until(run.id);
    expect(ended).toMatchObject({ state: 'FAILED', failure: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(JSON.stringify(ended)).not.toContain('hunter2');
    expect(await findLockHolder(engine.ctx.db, clusterId)).toBeNull();
  });

  it('of the operating system is not taken for one of the database', async () => {
    toy.afterEffect = async () => {
      throw Object.assign(new Error('no such file'), { code: 'ENOENT', errno: -2, syscall: 'open' });
    };
    engine.work();
    expect(await engine.until((await ask()).id)).toMatchObject({
      state: 'FAILED',
      failure: { code: 'INTERNAL_SERVER_ERROR', step: 0 },
    });
  });

  it('while planning again ends the run before its first step', async () => {
    const run = await ask();
    await engine.ctx.db
      .updateTable('run')
      .set({ created_at: new Date(Date.now() - 60_000) })
      .where('id', '=', run.id)
      .execute();
    instead = { observeAndPlan: async () => hidden() };
    engine.work();
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED', failure: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(toy.effects).toEqual([]);
  });
});

describe('a worker that dies right after it recorded that a step failed', () => {
  const failStep = (runId: string, position: number) =>
    engine.ctx.db
      .updateTable('run_step')
      .set({
        state: 'failed',
        failure: JSON.stringify({ code: 'SQL_FAILED', message: 'no room', hint: null, step: position }),
      })
      .where('run_id', '=', runId)
      .where('position', '=', position)
      .execute();

  it('leaves a run that fails, and does not go on behind that step', async () => {
    const run = await ask(['a', 'b', 'c']);
    await failStep(run.id, 1);
    engine.work();
    expect(await engine.until(run.id)).toMatchObject({
      state: 'FAILED',
      failure: { code: 'SQL_FAILED', message: 'no room', step: 1 },
    });
    expect(toy.effects).toEqual([]);
  });

  it('leaves an undo that stops there', async () => {
    const run = await ask(['a', 'b']);
    const worker = engine.work();
    await engine.until(run.id);
    await worker.stop();
    await undoRun(engine.ctx.engine, { runId: run.id, actor: operator });
    await failStep(run.id, 2);
    engine.work();
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED', failure: { code: 'UNDO_FAILED' } });
    expect(toy.effects).toEqual(['a=calm', 'b=calm']);
  });
});

describe('a run that no worker took for a while', () => {
  it('is planned again before it begins', async () => {
    const run = await ask();
    await engine.ctx.db
      .updateTable('run')
      .set({ created_at: new Date(Date.now() - 60_000) })
      .where('id', '=', run.id)
      .execute();
    toy.observed = 'storm';
    engine.work();
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED', failure: { code: 'PLAN_STALE' } });
    expect(toy.effects).toEqual([]);
  });
});

describe('a database that breaks off', () => {
  it('under the hands of a step is not taken for a failure of the step', async () => {
    const lost = Object.assign(new Error('Connection lost'), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true });
    const breaks = [lost];
    toy.afterEffect = async () => {
      const error = breaks.pop();
      if (error !== undefined) throw error;
    };
    engine.work();
    const run = await ask();
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(toy.effects).toEqual(['a=calm', 'b=calm']);
  });

  it('again and again costs a run nothing but time', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
    const run = await ask(keys);
    engine.work();
    await expect.poll(() => toy.effects.length, { timeout: 5_000, interval: 5 }).toBeGreaterThan(1);
    await breakConnections(engine.ctx.config.databaseUrl, 500);
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(toy.effects).toEqual(keys.map((key) => `${key}=calm`));
    expect(new Set((await listSteps(engine.ctx.db, run.id)).map((step) => step.state))).toEqual(new Set(['done']));
  });
});

async function notesOf(runId: string): Promise<string[]> {
  const events = await eventsOfRuns(engine.ctx.db, { runIds: [runId], afterSequence: 0, limit: 100 });
  return events.filter((event) => event.type === 'NOTE').map((event) => event.message);
}

/** Breaks every session of the database but its own, for a while, as restarts of the server would. */
async function breakConnections(url: string, forMs: number): Promise<void> {
  const connection = await createConnection({ uri: url });
  const until = Date.now() + forMs;
  try {
    while (Date.now() < until) {
      const [rows] = await connection.query<RowDataPacket[]>(
        'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()',
      );
      // A session may have ended by itself meanwhile.
      for (const { id } of rows) await connection.query(`KILL ${Number(id)}`).catch(() => undefined);
      await sleep(5);
    }
  } finally {
    await connection.end();
  }
}
