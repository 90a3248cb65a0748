import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { approveRun, cancelRun, pauseRun, rejectRun, resumeRun, retryRun, undoRun } from '../../src/runs/control.ts';
import { allowedActions } from '../../src/runs/run-actions.ts';
import { submit } from '../../src/runs/submit.ts';
import { eventsOfRuns } from '../../src/store/reads/run-parts.ts';
import { listSteps, listTemporaryChanges } from '../../src/store/runs/runs.ts';
import { admin, approver, type Engine, operator, person, startEngine } from '../helpers/engine.ts';
import { makeToy, type Toy, toyOperations } from '../helpers/toy-operations.ts';

const toy: Toy = makeToy();
let engine: Engine;
let clusterId: string;
let prodId: string;

beforeAll(async () => {
  engine = await startEngine({ operations: toyOperations(toy) });
  engine.work();
  clusterId = await engine.addCluster('toy');
  prodId = await engine.addCluster('toy-prod', 'prod');
});
beforeEach(() => {
  Object.assign(toy, makeToy());
});
afterAll(() => engine.close());

async function start(operation: string, input: Record<string, unknown> = {}, options = {}) {
  const result = await submit(engine.ctx.engine, {
    operation,
    input: { clusterId, ...input },
    actor: operator,
    options,
  });
  expect(result.userErrors).toEqual([]);
  if (result.run === null) throw new Error('no run');
  return result.run;
}

const statesOf = async (runId: string) =>
  (await listSteps(engine.ctx.db, runId)).map((step) => `${step.phase} ${step.kind} ${step.state}`);

describe('a run', () => {
  it('does every step once, in order, and succeeds after its end was checked', async () => {
    const run = await engine.until((await start('setValues')).id);
    expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null, postCheck: { passed: true } });
    expect(toy.effects).toEqual(['a=calm', 'b=calm', 'c=calm']);
    expect(await statesOf(run.id)).toEqual(['do setValue done', 'do setValue done', 'do setValue done']);
    const events = await eventsOfRuns(engine.ctx.db, { runIds: [run.id], afterSequence: 0, limit: 100 });
    expect(events.map((event) => event.sequence)).toEqual(events.map((_event, index) => index + 1));
    expect(events.filter((event) => event.type === 'OUTPUT').map((event) => event.message)).toEqual([
      'setting a',
      'setting b',
      'setting c',
    ]);
  });

  it('records what was so already and leaves it alone when it is undone', async () => {
    toy.values.set('b', 'calm');
    const run = await engine.until((await start('setValues')).id);
    expect(await statesOf(run.id)).toEqual(['do setValue done', 'do setValue already', 'do setValue done']);
    await undoRun(engine.ctx.engine, { runId: run.id, actor: operator });
    expect(await engine.until(run.id)).toMatchObject({ state: 'UNDONE' });
    expect(toy.effects).toEqual(['a=calm', 'c=calm', 'clear c', 'clear a']);
    expect(toy.values.get('b')).toBe('calm');
  });

  it('frees the worker while a step goes on by itself', async () => {
    toy.moving.set('b', 5);
    const run = await engine.until((await start('setValues')).id);
    expect(run.state).toBe('SUCCEEDED');
    const progress = (await eventsOfRuns(engine.ctx.db, { runIds: [run.id], afterSequence: 0, limit: 100 })).filter(
      (event) => event.type === 'STEP_PROGRESS',
    );
    expect(progress.map((event) => event.message)).toEqual(['5 left', '4 left', '3 left', '2 left', '1 left']);
  });

  it('fails with the reason of a blocked step, touches nothing after it, and goes on from there when retried', async () => {
    toy.blocked.set('b', 'b is guarded');
    const run = await engine.until((await start('setValues')).id);
    expect(run).toMatchObject({
      state: 'FAILED',
      failure: { code: 'PRECONDITION_FAILED', message: 'b is guarded', hint: 'Unblock it.', step: 1 },
    });
    expect(toy.effects).toEqual(['a=calm']);
    toy.blocked.clear();
    await retryRun(engine.ctx.engine, { runId: run.id, actor: operator });
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    expect(toy.effects).toEqual(['a=calm', 'b=calm', 'c=calm']);
  });

  it('tries again what may pass by itself', async () => {
    toy.failNext.set('a', new AppError('SQL_UNREACHABLE', 'nobody answers', { retryable: true }));
    const run = await engine.until((await start('setValues', { keys: ['a'] })).id);
    expect(run.state).toBe('SUCCEEDED');
    expect((await listSteps(engine.ctx.db, run.id))[0]?.attempt).toBe(2);
  });

  describe('whose change is refused when it is sent again', () => {
    const refused = new AppError('SQL_FAILED', 'a already exists');
    /** The change reaches the cluster and its answer does not come back; what it did shows late. */
    const loseAnswer = (effect: () => void) => {
      toy.late.add('a');
      toy.afterEffect = async () => {
        effect();
        toy.afterEffect = async () => {};
        toy.failNext.set('a', refused);
        throw new AppError('SQL_ANSWER_LOST', 'the connection broke');
      };
    };

    it('takes it for done, and for its own, when its effect is there', async () => {
      loseAnswer(() => {});
      const run = await engine.until((await start('setValues', { keys: ['a', 'b'] })).id);
      expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null });
      expect(toy.effects).toEqual(['a=calm', 'b=calm']);
      expect(await statesOf(run.id)).toEqual(['do setValue done', 'do setValue done']);
      await undoRun(engine.ctx.engine, { runId: run.id, actor: operator });
      expect(await engine.until(run.id)).toMatchObject({ state: 'UNDONE' });
      expect(toy.effects.slice(2)).toEqual(['clear b', 'clear a']);
    });

    it('waits for it when it goes on by itself', async () => {
      loseAnswer(() => toy.movingOnceRefused.set('a', 3));
      const run = await engine.until((await start('setValues', { keys: ['a'] })).id);
      expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null });
      expect(toy.effects).toEqual(['a=calm']);
    });

    it('fails with the words of the refusal when its effect is not there', async () => {
      loseAnswer(() => toy.values.delete('a'));
      const run = await engine.until((await start('setValues', { keys: ['a'] })).id);
      expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'SQL_FAILED', message: 'a already exists' } });
    });

    it('does not take for its own what was there before it sent anything', async () => {
      toy.late.add('a');
      toy.values.set('a', 'calm');
      toy.failNext.set('a', refused);
      const run = await engine.until((await start('setValues', { keys: ['a'] })).id);
      expect(run).toMatchObject({ state: 'FAILED', failure: { message: 'a already exists' } });
    });
  });

  it('fails, and does not succeed, when the end is not as it should be', async () => {
    toy.values.set('end-a', 'bad');
    const run = await engine.until((await start('setValues')).id);
    expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'POSTCHECK_FAILED' }, postCheck: { passed: false } });
    expect(run.failure?.message).toContain('values is bad, wanted good');
  });

  it('fails when something unexpected is thrown, without telling its text', async () => {
    toy.afterEffect = async () => {
      throw new Error('hunter2');
    };
    const run = await engine.until((await start('setValues', { keys: ['a'] })).id);
    expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(JSON.stringify(run)).not.toContain('hunter2');
  });
});

describe('an operation that has nothing to take back once it succeeded', () => {
  it('offers no undo then, and says why when asked all the same', async () => {
    const run = await engine.until((await start('setForGood')).id);
    expect(
      allowedActions(run, engine.ctx.operations.get('setForGood'), await listSteps(engine.ctx.db, run.id), {
        approval: null,
        now: new Date(),
        approvalEnvironments: ['prod'],
      }),
    ).toEqual([]);
    await expect(undoRun(engine.ctx.engine, { runId: run.id, actor: operator })).rejects.toMatchObject({
      code: 'NOT_UNDOABLE',
      message: expect.stringContaining('Set is set'),
    });
  });

  it('can still be undone when it failed half-way', async () => {
    toy.blocked.set('b', 'no');
    const run = await engine.until((await start('setForGood')).id);
    await undoRun(engine.ctx.engine, { runId: run.id, actor: operator });
    expect(await engine.until(run.id)).toMatchObject({ state: 'UNDONE' });
    expect(toy.effects).toEqual(['a=calm', 'clear a']);
  });
});

describe('a temporary change', () => {
  it.each([
    ['succeeds', () => {}, 'SUCCEEDED'],
    ['fails', () => toy.blocked.set('b', 'no'), 'FAILED'],
  ])('is put back to the value from before when the run %s', async (_how, prepare, state) => {
    toy.values.set('switch', 'seven');
    prepare();
    const run = await engine.until((await start('setTemporarily')).id);
    expect(run.state).toBe(state);
    expect(toy.values.get('switch')).toBe('seven');
    expect(toy.effects.at(-1)).toBe('switch=seven');
    expect(await listTemporaryChanges(engine.ctx.db, run.id)).toMatchObject([{ before: 'seven', state: 'RESTORED' }]);
    expect((await statesOf(run.id)).at(-1)).toBe('restore putBack done');
  });

  it('that cannot be put back makes the run fail and stays in the ledger until a retry puts it back', async () => {
    toy.values.set('switch', 'on');
    toy.afterEffect = async (key) => {
      if (key === 'a') toy.failNext.set('switch', new AppError('SQL_FAILED', 'read only'));
    };
    const run = await start('setTemporarily', { keys: ['a'] });
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED', failure: { code: 'UNDO_FAILED' } });
    expect(await listTemporaryChanges(engine.ctx.db, run.id)).toMatchObject([{ state: 'OPEN' }]);
    await retryRun(engine.ctx.engine, { runId: run.id, actor: operator });
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(toy.values.get('switch')).toBe('on');
    expect(await listTemporaryChanges(engine.ctx.db, run.id)).toMatchObject([{ state: 'RESTORED' }]);
  });
});

describe('the lock of a cluster', () => {
  it('lets one changing run at a time through, and the next says whom it waits for', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    toy.afterEffect = (key) => (key === 'a' ? held : Promise.resolve());
    const first = await start('setValues', { keys: ['a'] });
    await engine.until(first.id, ['RUNNING']);
    const second = await start('setValues', { keys: ['z'] });
    await expect.poll(async () => (await engine.until(second.id, ['QUEUED'])).blockedBy).toBe(first.id);
    await expect.poll(() => toy.effects).toEqual(['a=calm']);
    release();
    expect(await engine.until(second.id)).toMatchObject({ state: 'SUCCEEDED', blockedBy: null });
    expect(toy.effects).toEqual(['a=calm', 'z=calm']);
  });

  it('does not keep reading runs waiting', async () => {
    let release = () => {};
    toy.afterEffect = (key) => (key === 'a' ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve());
    const first = await start('setValues', { keys: ['a'] });
    await expect.poll(() => toy.effects).toEqual(['a=calm']);
    expect(await engine.until((await start('readOnly', { keys: ['r'] })).id)).toMatchObject({ state: 'SUCCEEDED' });
    release();
    await engine.until(first.id);
  });

  it('stops a run whose plan is another one after it waited', async () => {
    let release = () => {};
    toy.afterEffect = (key) => (key === 'a' ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve());
    const first = await start('setValues', { keys: ['a'] });
    await expect.poll(() => toy.effects).toEqual(['a=calm']);
    const second = await start('setValues', { keys: ['z'] });
    await expect.poll(async () => (await engine.until(second.id, ['QUEUED'])).blockedBy).toBe(first.id);
    toy.observed = 'storm';
    release();
    expect(await engine.until(second.id)).toMatchObject({ state: 'FAILED', failure: { code: 'PLAN_STALE' } });
    expect(toy.effects).toEqual(['a=calm']);
    const again = await retryRun(engine.ctx.engine, { runId: second.id, actor: operator });
    expect(again).toMatchObject({ retryOf: second.id });
    expect(await engine.until(again.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(toy.effects).toEqual(['a=calm', 'z=storm']);
  });
});

describe('what people decide', () => {
  it('pauses between two steps, and goes on', async () => {
    toy.moving.set('b', 0);
    toy.afterEffect = async (key, runId) => {
      if (key === 'a') await pauseRun(engine.ctx.engine, { runId, actor: operator });
    };
    const run = await start('setValues');
    await engine.until(run.id, ['PAUSED']);
    expect(toy.effects).toEqual(['a=calm']);
    await resumeRun(engine.ctx.engine, { runId: run.id, actor: operator });
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(toy.effects).toEqual(['a=calm', 'b=calm', 'c=calm']);
  });

  it('cancels after the step that is under way and puts temporary changes back', async () => {
    toy.values.set('switch', 'on');
    toy.afterEffect = async (key, runId) => {
      if (key === 'a') await cancelRun(engine.ctx.engine, { runId, actor: operator, comment: 'enough' });
    };
    const run = await start('setTemporarily');
    expect(await engine.until(run.id)).toMatchObject({ state: 'CANCELED' });
    expect(toy.effects).toEqual(['switch=off', 'a=x', 'switch=on']);
  });

  it('refuses an undo in words when a step has no way back', async () => {
    const run = await engine.until((await start('sendAll', { keys: ['a'] })).id);
    await expect(undoRun(engine.ctx.engine, { runId: run.id, actor: operator })).rejects.toMatchObject({
      code: 'NOT_UNDOABLE',
      message: expect.stringContaining('What was sent is sent'),
    });
  });

  it('refuses what a run cannot be asked for in its state', async () => {
    const run = await engine.until((await start('setValues')).id);
    await expect(cancelRun(engine.ctx.engine, { runId: run.id, actor: operator })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    await expect(resumeRun(engine.ctx.engine, { runId: run.id, actor: operator })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
  });

  it('hides runs of clusters that the person may not see', async () => {
    const run = await engine.until((await start('setValues')).id);
    const stranger = {
      ...operator,
      id: 'per_eve',
      bindings: [{ role: 'OPERATOR' as const, scope: { kind: 'cluster' as const, clusterId: prodId } }],
    };
    await expect(undoRun(engine.ctx.engine, { runId: run.id, actor: stranger })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(undoRun(engine.ctx.engine, { runId: run.id, actor: person('vic', 'VIEWER') })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});

describe('an approval', () => {
  const ask = async () => {
    const result = await submit(engine.ctx.engine, {
      operation: 'setCarefully',
      input: { clusterId: prodId, keys: ['a'] },
      actor: operator,
    });
    if (result.run === null) throw new Error(JSON.stringify(result.userErrors));
    return result.run;
  };

  it('is needed in prod for a risky operation, and starts the run when another person gives it', async () => {
    const run = await ask();
    expect(run.state).toBe('AWAITING_APPROVAL');
    await expect(approveRun(engine.ctx.engine, { runId: run.id, actor: operator })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await approveRun(engine.ctx.engine, { runId: run.id, actor: approver, planHash: run.plan.hash });
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('does not count when the person asked for it themself, whatever their role', async () => {
    const result = await submit(engine.ctx.engine, {
      operation: 'setCarefully',
      input: { clusterId: prodId },
      actor: admin,
    });
    await expect(approveRun(engine.ctx.engine, { runId: result.run?.id ?? '', actor: admin })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'The person who asked cannot approve',
    });
  });

  it('is bound to the plan that was shown', async () => {
    const run = await ask();
    await expect(
      approveRun(engine.ctx.engine, { runId: run.id, actor: approver, planHash: 'f'.repeat(64) }),
    ).rejects.toMatchObject({ code: 'PLAN_STALE' });
  });

  it('does not carry over to another plan: the run stops before its first step', async () => {
    const run = await ask();
    toy.observed = 'storm';
    await approveRun(engine.ctx.engine, { runId: run.id, actor: approver });
    expect(await engine.until(run.id)).toMatchObject({ state: 'FAILED', failure: { code: 'PLAN_STALE' } });
    expect(toy.effects).toEqual([]);
  });

  it('that is denied ends the run', async () => {
    const run = await ask();
    expect(
      await rejectRun(engine.ctx.engine, { runId: run.id, actor: approver, comment: 'not tonight' }),
    ).toMatchObject({ state: 'REJECTED' });
  });

  it('expires by itself', async () => {
    const run = await ask();
    await engine.ctx.db
      .updateTable('approval')
      .set({ expires_at: new Date(Date.now() - 60_000) })
      .where('run_id', '=', run.id)
      .execute();
    expect(await engine.until(run.id)).toMatchObject({ state: 'EXPIRED' });
    await expect(approveRun(engine.ctx.engine, { runId: run.id, actor: approver })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
  });

  it('needs two other people and the typed name for a destructive operation in prod', async () => {
    const input = { clusterId: prodId, keys: ['a'] };
    const unconfirmed = await submit(engine.ctx.engine, { operation: 'destroyValues', input, actor: operator });
    expect(unconfirmed.userErrors).toMatchObject([{ code: 'CONFIRMATION_MISMATCH' }]);
    const { run } = await submit(engine.ctx.engine, {
      operation: 'destroyValues',
      input,
      actor: operator,
      options: { confirm: 'toy-prod' },
    });
    if (run === null) throw new Error('no run');
    expect(await approveRun(engine.ctx.engine, { runId: run.id, actor: approver })).toMatchObject({
      state: 'AWAITING_APPROVAL',
    });
    await expect(approveRun(engine.ctx.engine, { runId: run.id, actor: approver })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    await approveRun(engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await engine.until(run.id)).toMatchObject({ state: 'SUCCEEDED' });
  });
});

describe('submit', () => {
  it('answers the plan and starts nothing for a dry run', async () => {
    const before = await engine.ctx.db
      .selectFrom('run')
      .select((row) => row.fn.countAll().as('n'))
      .executeTakeFirstOrThrow();
    const result = await submit(engine.ctx.engine, {
      operation: 'setValues',
      input: { clusterId },
      actor: operator,
      options: { dryRun: true },
    });
    expect(result).toMatchObject({ run: null, plan: { steps: [{ title: 'Set a to calm' }, {}, {}] } });
    const after = await engine.ctx.db
      .selectFrom('run')
      .select((row) => row.fn.countAll().as('n'))
      .executeTakeFirstOrThrow();
    expect(after).toEqual(before);
    const run = await start('setValues', {}, { planHash: result.plan?.hash });
    expect(run.plan.hash).toBe(result.plan?.hash);
    await engine.until(run.id);
  });

  it('refuses a plan hash that is not the one of now', async () => {
    const result = await submit(engine.ctx.engine, {
      operation: 'setValues',
      input: { clusterId },
      actor: operator,
      options: { planHash: '0'.repeat(64) },
    });
    expect(result.userErrors).toMatchObject([{ code: 'PLAN_STALE' }]);
  });

  it('answers the same run for the same idempotency key and input, and refuses the key for another input', async () => {
    const options = { idempotencyKey: 'deploy-17' };
    const runs = await Promise.all(
      Array.from({ length: 5 }, () =>
        submit(engine.ctx.engine, {
          operation: 'setValues',
          input: { clusterId, keys: ['k'] },
          actor: operator,
          options,
        }),
      ),
    );
    expect(new Set(runs.map((result) => result.run?.id)).size).toBe(1);
    expect(runs.filter((result) => result.replayed)).toHaveLength(4);
    const other = await submit(engine.ctx.engine, {
      operation: 'setValues',
      input: { clusterId, keys: ['other'] },
      actor: operator,
      options,
    });
    expect(other.userErrors).toMatchObject([{ code: 'IDEMPOTENCY_KEY_REUSED' }]);
    await engine.until(runs[0]?.run?.id ?? '');
    expect(toy.effects).toEqual(['k=calm']);
  });

  it('refuses a person without the permission, and writes that down', async () => {
    await expect(
      submit(engine.ctx.engine, { operation: 'setValues', input: { clusterId }, actor: approver, requestId: 'req-9' }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const row = await engine.ctx.db
      .selectFrom('audit_event')
      .selectAll()
      .where('request_id', '=', 'req-9')
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ actor_name: 'lee', action: 'setValues', outcome: 'FORBIDDEN', cluster_id: clusterId });
  });
});
