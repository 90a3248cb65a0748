import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../src/domain/access.ts';
import { AppError } from '../../src/errors.ts';
import { approveRun, cancelRun, pauseRun, resumeRun, retryRun, undoRun } from '../../src/runs/control.ts';
import { submit } from '../../src/runs/submit.ts';
import { eventsOfRuns } from '../../src/store/reads/run-parts.ts';
import { findLockHolder, listSteps, readRun } from '../../src/store/runs/runs.ts';
import { admin, approver, type Engine, operator, startEngine } from '../helpers/engine.ts';
import { makeToy, type Toy, toyOperations } from '../helpers/toy-operations.ts';

/* What people decide at the worst moment: between two writes of a worker, after a crash, long after an approval. */

const toy: Toy = makeToy();
let engine: Engine;
/** Fresh ones for each test, so that a lock that is left behind harms no other. */
let clusterId: string;
let prodId: string;
let clusters = 0;
/** Called each time an operation observes; the worker does so before the first step of a run that waited. */
let whenObserved: () => Promise<void> = async () => {};

beforeAll(async () => {
  const operations = toyOperations(toy).map((operation) => ({
    ...operation,
    observeAndPlan: async (...args: Parameters<typeof operation.observeAndPlan>) => {
      await whenObserved();
      return operation.observeAndPlan(...args);
    },
  }));
  engine = await startEngine({ operations });
  engine.work();
});
beforeEach(async () => {
  clusters += 1;
  clusterId = await engine.addCluster(`toy-${clusters}`);
  prodId = await engine.addCluster(`toy-prod-${clusters}`, 'prod');
  Object.assign(toy, makeToy());
  whenObserved = async () => {};
});
afterAll(() => engine?.close());

async function ask(operation: string, input: Record<string, unknown> = {}, actor: Actor = operator) {
  const result = await submit(engine.ctx.engine, { operation, input: { clusterId, ...input }, actor });
  if (result.run === null) throw new Error(JSON.stringify(result.userErrors));
  return result.run;
}

const statesOf = async (runId: string) =>
  (await listSteps(engine.ctx.db, runId)).map((step) => `${step.phase} ${step.kind} ${step.state}`);

const decide = (runId: string, actor: Actor = operator) => ({ runId, actor });

describe('an approval cannot be walked around', () => {
  it('by cancelling the run that waits for it, then retrying it', async () => {
    const run = await ask('setCarefully', { clusterId: prodId, keys: ['a'] });
    expect(run.state).toBe('AWAITING_APPROVAL');
    await cancelRun(engine.ctx.engine, decide(run.id));
    const again = await retryRun(engine.ctx.engine, decide(run.id));
    expect(again).toMatchObject({ state: 'AWAITING_APPROVAL', retryOf: run.id });
    expect(await readRun(engine.ctx.db, run.id)).toMatchObject({ state: 'CANCELED' });
    await cancelRun(engine.ctx.engine, decide(again.id));
    expect(toy.effects).toEqual([]);
  });

  it('by retrying a failed run long after it was approved', async () => {
    toy.blocked.set('b', 'not now');
    const run = await ask('setCarefully', { clusterId: prodId, keys: ['a', 'b'] });
    await approveRun(engine.ctx.engine, decide(run.id, approver));
    await engine.until(run.id, ['FAILED']);
    await engine.ctx.db
      .updateTable('approval')
      .set({ decided_at: new Date(Date.now() - 25 * 3_600_000) })
      .where('run_id', '=', run.id)
      .execute();
    toy.blocked.clear();
    await expect(retryRun(engine.ctx.engine, decide(run.id))).rejects.toMatchObject({ code: 'APPROVAL_EXPIRED' });
    await expect(undoRun(engine.ctx.engine, decide(run.id))).rejects.toMatchObject({ code: 'APPROVAL_EXPIRED' });
    expect(toy.effects).toEqual(['a=calm']);
  });
});

describe('a run that waited', () => {
  const join = async (name: string, role: 'OPERATOR' | 'APPROVER'): Promise<Actor> => {
    const bindings = [{ role, scope: { kind: 'all' } }] as const;
    const id = `per_${name}_${clusters}`;
    const row = { id, name: `${name}-${clusters}`, created_at: new Date(), disabled_at: null };
    await engine.ctx.db.insertInto('person').values(row).execute();
    await engine.ctx.db
      .insertInto('role_binding')
      .values({ person_id: id, role, scope_kind: 'all', scope_value: '' })
      .execute();
    return { id, name: row.name, via: 'API', bindings };
  };
  const shutOut = ({ id }: Actor) =>
    engine.ctx.db.updateTable('person').set({ disabled_at: new Date() }).where('id', '=', id).execute();
  const age = () =>
    engine.ctx.db
      .updateTable('approval')
      .set({ decided_at: new Date(Date.now() - 25 * 3_600_000) })
      .execute();
  const demote = ({ id }: Actor) => engine.ctx.db.deleteFrom('role_binding').where('person_id', '=', id).execute();

  it.each([
    ['who asked for it was shut out', 'asker', shutOut, 'FORBIDDEN'],
    ['who asked for it lost the role', 'asker', demote, 'FORBIDDEN'],
    ['who approved it was shut out', 'approver', shutOut, 'APPROVAL_REQUIRED'],
    ['who approved it lost the role', 'approver', demote, 'APPROVAL_REQUIRED'],
    ['it was approved long ago', 'asker', age, 'APPROVAL_EXPIRED'],
    ['nobody lost anything', 'asker', async () => {}, undefined],
  ] as const)('begins only when it still may: %s', async (_what, whose, lose, code) => {
    const people = { asker: await join('asker', 'OPERATOR'), approver: await join('approver', 'APPROVER') };
    let release = () => {};
    toy.afterEffect = (key) => (key === 'h' ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve());
    const holder = await ask('setValues', { clusterId: prodId, keys: ['h'] });
    await expect.poll(() => toy.effects).toEqual(['h=calm']);
    const run = await ask('setCarefully', { clusterId: prodId, keys: ['a'] }, people.asker);
    await approveRun(engine.ctx.engine, decide(run.id, people.approver));
    await lose(people[whose]);
    release();
    await engine.until(holder.id);
    const ended = await engine.until(run.id);
    expect(ended.failure?.code).toBe(code);
    expect(toy.effects).toEqual(code === undefined ? ['h=calm', 'a=calm'] : ['h=calm']);
  });
});

describe('a run is cancelled', () => {
  it('for good, also when a worker was about to begin it', async () => {
    const run = await ask('setCarefully', { clusterId: prodId, keys: ['a'] });
    let canceled: Promise<unknown> = Promise.resolve();
    whenObserved = async () => {
      whenObserved = async () => {};
      canceled = cancelRun(engine.ctx.engine, decide(run.id));
      await canceled;
    };
    await approveRun(engine.ctx.engine, decide(run.id, approver));
    await expect.poll(() => statesAt(run.id)).toBe('CANCELED');
    await canceled;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await readRun(engine.ctx.db, run.id)).toMatchObject({ state: 'CANCELED' });
    expect(toy.effects).toEqual([]);
    expect(await findLockHolder(engine.ctx.db, prodId)).toBeNull();
  });

  it('and does not send again what a crash may have lost', async () => {
    toy.failNext.set('a', new AppError('SSH_UNREACHABLE', 'no route', { retryable: true }));
    const run = await ask('setValues', { keys: ['a', 'b'] });
    await expect.poll(() => progressAt(run.id)).toContain('no route');
    await cancelRun(engine.ctx.engine, decide(run.id));
    expect(await engine.until(run.id)).toMatchObject({ state: 'CANCELED' });
    expect(toy.effects).toEqual([]);
    expect(await statesOf(run.id)).toEqual(['do setValue failed', 'do setValue pending']);
  });

  it('when it was interrupted in a step that may not be repeated', async () => {
    toy.failNext.set('a', new AppError('SQL_ANSWER_LOST', 'the answer was lost'));
    const run = await ask('sendAll', { keys: ['a'] });
    await engine.until(run.id, ['INTERRUPTED']);
    await cancelRun(engine.ctx.engine, decide(run.id));
    expect(await engine.until(run.id)).toMatchObject({ state: 'CANCELED' });
    expect(await findLockHolder(engine.ctx.db, clusterId)).toBeNull();
    expect(toy.effects).toEqual([]);
  });

  it('without waiting for the cluster when another run holds it', async () => {
    toy.blocked.set('z', 'not yet');
    const failed = await engine.until((await ask('setValues', { keys: ['y', 'z'] })).id);
    let release = () => {};
    toy.afterEffect = (key) => (key === 'a' ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve());
    const holder = await ask('setValues', { keys: ['a'] });
    await expect.poll(() => toy.effects).toContain('a=calm');
    toy.blocked.clear();
    await retryRun(engine.ctx.engine, decide(failed.id));
    await expect.poll(async () => (await readRun(engine.ctx.db, failed.id)).blockedBy).toBe(holder.id);
    await cancelRun(engine.ctx.engine, decide(failed.id));
    expect(await engine.until(failed.id)).toMatchObject({ state: 'CANCELED' });
    expect(toy.effects).toEqual(['y=calm', 'a=calm']);
    release();
    await engine.until(holder.id);
  });
});

describe('a run that was paused before it began', () => {
  it('is planned again when it is resumed', async () => {
    whenObserved = async () => {};
    let release = () => {};
    toy.afterEffect = (key) => (key === 'a' ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve());
    const holder = await ask('setValues', { keys: ['a'] });
    await expect.poll(() => toy.effects).toEqual(['a=calm']);
    const run = await ask('setValues', { keys: ['p'] });
    await pauseRun(engine.ctx.engine, decide(run.id));
    await engine.until(run.id, ['PAUSED']);
    release();
    await engine.until(holder.id);
    toy.observed = 'storm';
    await resumeRun(engine.ctx.engine, decide(run.id));
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED', failure: { code: 'PLAN_STALE' } });
    expect(toy.effects).toEqual(['a=calm']);
  });
});

describe('undo and retry', () => {
  it('need the permission of the operation, not just of controlling runs', async () => {
    toy.blocked.set('b', 'no');
    const run = await engine.until((await ask('manage', { keys: ['a', 'b'] }, admin)).id);
    expect(run.state).toBe('FAILED');
    for (const attempt of [retryRun, undoRun])
      await expect(attempt(engine.ctx.engine, decide(run.id))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await undoRun(engine.ctx.engine, decide(run.id, admin));
    expect(await engine.until(run.id)).toMatchObject({ state: 'UNDONE' });
  });

  it('go on with the undo, in its order, when the undo had failed', async () => {
    const run = await engine.until((await ask('setValues')).id);
    toy.failNext.set('clear b', new AppError('SQL_FAILED', 'read only'));
    await undoRun(engine.ctx.engine, decide(run.id));
    expect(await engine.until(run.id, ['FAILED'])).toMatchObject({ failure: { code: 'UNDO_FAILED' } });
    expect(toy.effects).toEqual(['a=calm', 'b=calm', 'c=calm', 'clear c']);
    toy.failNext.set('clear b', new AppError('SQL_FAILED', 'still read only'));
    await retryRun(engine.ctx.engine, decide(run.id));
    expect(await engine.until(run.id, ['FAILED'])).toMatchObject({ failure: { code: 'UNDO_FAILED' } });
    await undoRun(engine.ctx.engine, decide(run.id));
    expect(await engine.until(run.id)).toMatchObject({ state: 'UNDONE' });
    expect(toy.effects).toEqual(['a=calm', 'b=calm', 'c=calm', 'clear c', 'clear b', 'clear a']);
  });

  it('say what was not taken back because nobody knows whether it happened', async () => {
    toy.afterEffect = async (key) => {
      if (key === 'b') throw new AppError('SQL_FAILED', 'it broke off');
    };
    const run = await engine.until((await ask('setValues')).id);
    expect(run.state).toBe('FAILED');
    await undoRun(engine.ctx.engine, decide(run.id));
    expect(await engine.until(run.id)).toMatchObject({ state: 'UNDONE' });
    const events = await eventsOfRuns(engine.ctx.db, { runIds: [run.id], afterSequence: 0, limit: 100 });
    expect(events.map((event) => event.message)).toContain(
      'Not taken back, for whether it happened is not known: Set b to calm',
    );
  });

  it('make a temporary change again before the steps that need it', async () => {
    toy.values.set('switch', 'on');
    toy.blocked.set('b', 'no');
    const run = await engine.until((await ask('setTemporarily', { keys: ['a', 'b'] })).id);
    expect(run.state).toBe('FAILED');
    expect(toy.effects).toEqual(['switch=off', 'a=x', 'switch=on']);
    toy.blocked.clear();
    toy.values.set('switch', 'dimmed');
    await retryRun(engine.ctx.engine, decide(run.id));
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(toy.effects).toEqual(['switch=off', 'a=x', 'switch=on', 'switch=off', 'b=x', 'switch=dimmed']);
  });
});

describe('a refused attempt to approve', () => {
  it('is written down', async () => {
    const run = await ask('setCarefully', { clusterId: prodId, keys: ['a'] }, admin);
    await expect(approveRun(engine.ctx.engine, decide(run.id, admin))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const rows = await engine.ctx.db.selectFrom('audit_event').selectAll().where('run_id', '=', run.id).execute();
    expect(rows.map((row) => `${row.action} ${row.outcome}`)).toContain('approveRun FORBIDDEN');
    await cancelRun(engine.ctx.engine, decide(run.id, admin));
  });
});

const statesAt = async (runId: string) => (await readRun(engine.ctx.db, runId)).state;
const progressAt = async (runId: string) => (await listSteps(engine.ctx.db, runId))[0]?.progress?.message ?? '';
