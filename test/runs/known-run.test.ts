import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunStep } from '../../src/domain/run.ts';
import { type HeldLease, holdLease } from '../../src/runs/drive/held-lease.ts';
import { type KnownRun, knowRun, rememberRun } from '../../src/runs/drive/known-run.ts';
import { toPlannedStep } from '../../src/runs/run-actions.ts';
import { submit } from '../../src/runs/submit.ts';
import { inTransaction, openDatabase } from '../../src/store/database.ts';
import { applyEntry, type WorkerEntry } from '../../src/store/runs/journal.ts';
import { listSteps } from '../../src/store/runs/runs.ts';
import { type StepChange, stepAfter } from '../../src/store/runs/step-changes.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';
import { makeToy, toyOperations } from '../helpers/toy-operations.ts';

let engine: Engine;
let held: HeldLease;
let known: KnownRun;
let claimedAt = 0;
let stepReads = 0;
let clusters = 0;

const countReads = (statement: string) => {
  if (statement.startsWith('select * from `run_step`')) stepReads += 1;
};

beforeAll(async () => {
  engine = await startEngine({ operations: toyOperations(makeToy()) });
});
afterAll(() => engine?.close());

const watched = () => openDatabase({ url: engine.ctx.config.databaseUrl, poolSize: 4, onStatement: countReads });
let db: ReturnType<typeof watched>;

beforeEach(async () => {
  db ??= watched();
  clusters += 1;
  const clusterId = await engine.addCluster(`toy-${clusters}`);
  const input = { clusterId, keys: ['a', 'b', 'c'] };
  const { run } = await submit(engine.ctx.engine, { operation: 'setValues', input, actor: operator });
  claimedAt = performance.now();
  const lease = await holdLease(db, { runId: run?.id ?? '', holder: 'test', leaseMs: 60_000 });
  if (lease === null) throw new Error('the run is not free');
  held = lease;
  const offsetMs = held.claimed.at.getTime() - performance.now();
  known = knowRun(db, held, () => new Date(performance.now() + offsetMs));
  stepReads = 0;
  return () => held.release();
});
afterAll(() => db?.destroy());

const timesOf = ({ startedAt, appliedAt, finishedAt }: RunStep) => [startedAt, appliedAt, finishedAt];
const withoutTimes = (step: RunStep) => ({ ...step, startedAt: null, appliedAt: null, finishedAt: null });

/** What the drive knows is what is stored; its times differ by no more than the lease is old. */
async function expectSame(steps: readonly RunStep[]): Promise<void> {
  const stored = await listSteps(engine.ctx.db, held.lease.runId);
  const leaseAgeMs = performance.now() - claimedAt;
  expect(steps.map(withoutTimes)).toEqual(stored.map(withoutTimes));
  for (const [index, step] of steps.entries()) {
    for (const [which, time] of timesOf(step).entries()) {
      const other = stored.map(timesOf)[index]?.[which] ?? null;
      expect(time === null).toBe(other === null);
      expect(Math.abs((time?.getTime() ?? 0) - (other?.getTime() ?? 0))).toBeLessThanOrEqual(leaseAgeMs);
    }
  }
}

/** What a person decides, as `control.ts` writes it. */
const decide = (entry: Parameters<typeof applyEntry>[2]) =>
  inTransaction(engine.ctx.db, (tx) => applyEntry(tx, held.lease.runId, entry));

/** The run in memory, with answers that can be held back after they were made; the drive has looked once. */
async function slowRun() {
  let revision = held.claimed.run.revision;
  let steps = await listSteps(engine.ctx.db, held.lease.runId);
  const answers = { read: Promise.resolve(), steps: Promise.resolve(), write: Promise.resolve() };
  const stored = {
    change: (change: StepChange) => {
      revision += 1;
      steps = steps.map((step) => (step.position === change.position ? stepAfter(step, change, new Date()) : step));
    },
    read: async () => {
      const answer = { ...held.claimed, run: { ...held.claimed.run, revision } };
      await answers.read;
      return answer;
    },
    readSteps: async () => {
      const answer = steps;
      await answers.steps;
      return answer;
    },
    write: async ({ step }: WorkerEntry) => {
      if (step !== undefined) stored.change(step);
      await answers.write;
      return [];
    },
  };
  const run = rememberRun(stored, held.claimed, () => new Date());
  await run.look();
  return { run, stored, answers };
}

const failure = { code: 'TIMEOUT', message: 'late', hint: null, step: 0 } as const;
const progress = { completed: 1, total: 2, message: 'half' };
const changes: readonly Omit<StepChange, 'position'>[] = [
  { state: 'applying', attempted: true, started: true },
  { progress, started: true, applied: true },
  { progress: null, started: true },
  { state: 'done', facts: { version: '3.3.1', nested: { list: [1, null] } }, progress: null, failure: null },
  { state: 'done', finished: true, started: true },
  { state: 'failed', failure, progress: null, finished: true },
  { state: 'already', facts: null, finished: true },
  { observed: 'x'.repeat(300), hold: 'Look first' },
  { observed: null },
  {},
];

describe('what a drive knows of its run', () => {
  it('reads the steps once, and knows them after each entry of its own', async () => {
    await known.look();
    for (const change of changes) {
      for (const position of [0, 2]) await known.write({ step: { position, ...change } });
      await expectSame((await known.look()).steps);
    }
    await known.write({ run: { progress }, events: [{ type: 'NOTE', message: 'no step' }] });
    await expectSame(await known.steps());
    expect(stepReads).toBe(1);
  });

  it('shows what a person changed meanwhile', async () => {
    await known.look();
    await known.write({ step: { position: 0, state: 'done', finished: true } });
    await decide({ step: { position: 1, state: 'skipped' }, run: { cancelRequested: true } });
    const { run, steps } = await known.look();
    expect(run.cancelRequested).toBe(true);
    expect(steps.map(({ state }) => state)).toEqual(['done', 'skipped', 'pending']);
    await known.look();
    expect(stepReads).toBe(2);
  });

  it('sees that somebody else wrote, however many entries of its own came after', async () => {
    await known.look();
    await decide({ step: { position: 2, state: 'skipped' } });
    await known.write({ step: { position: 0, state: 'applying', attempted: true } });
    await known.write({ step: { position: 0, state: 'done' } });
    await expectSame((await known.look()).steps);
  });

  it('reads the steps that it has added itself', async () => {
    await known.look();
    const again = (await known.look()).steps
      .slice(0, 1)
      .map((step) => ({ ...toPlannedStep(step), phase: 'undo' as const, undoOf: 0 }));
    await known.write({ addSteps: again });
    const { steps } = await known.look();
    expect(steps).toHaveLength(4);
    await expectSame(steps);
  });

  it('mixes nothing up while lanes write and look at the same time', async () => {
    const writeAll = async (position: number) => {
      for (let round = 0; round < 15; round += 1) {
        const change: StepChange = { position, state: 'applying', attempted: true, started: true };
        const entry: WorkerEntry = { step: change, events: [{ type: 'NOTE', message: `round ${round}` }] };
        await known.write(entry);
        await known.look();
      }
    };
    const decideOften = async () => {
      for (let round = 0; round < 10; round += 1) await decide({ run: { progress } });
    };
    await Promise.all([writeAll(0), writeAll(1), writeAll(2), decideOften()]);
    const { steps } = await known.look();
    expect(steps.map(({ attempt }) => attempt)).toEqual([15, 15, 15]);
    await expectSame(steps);
    await expectSame(await known.steps());
  });

  it('takes no decision of a person for an entry of its own that ends while it looks', async () => {
    const { run, stored, answers } = await slowRun();
    stored.change({ position: 1, state: 'skipped' });
    const { promise, resolve } = Promise.withResolvers<void>();
    answers.read = promise;
    const looking = run.look(); // it has read the revision that the person has made, and does not know it yet
    await run.write({ step: { position: 0, state: 'done' } });
    resolve();
    expect((await looking).steps.map(({ state }) => state)).toEqual(['done', 'skipped', 'pending']);
  });

  it('does not count an entry twice that it has read before it heard of its end', async () => {
    const { run, answers } = await slowRun();
    const { promise, resolve } = Promise.withResolvers<void>();
    answers.write = promise;
    const written = run.write({ step: { position: 0, state: 'applying', attempted: true } });
    expect((await run.look()).steps[0]?.attempt).toBe(1);
    resolve();
    await written;
    expect((await run.steps())[0]?.attempt).toBe(1);
  });

  it('reads again when an entry ends while it reads the steps', async () => {
    const { run, stored, answers } = await slowRun();
    stored.change({ position: 1, state: 'skipped' });
    const { promise, resolve } = Promise.withResolvers<void>();
    answers.steps = promise;
    const looking = run.look();
    await turn(); // the steps are asked for, as they were before this entry
    await run.write({ step: { position: 0, state: 'done' } });
    resolve();
    expect((await looking).steps[0]?.state).toBe('done');
  });

  it('is not answered any more when another worker holds the run', async () => {
    await known.look();
    const { runId } = held.lease;
    const over = { claimed_until: new Date(0) };
    await engine.ctx.db.updateTable('run').set(over).where('id', '=', runId).execute();
    const next = await holdLease(engine.ctx.db, { runId, holder: 'next', leaseMs: 60_000 });
    await expect(known.look()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await next?.release();
  });
});
