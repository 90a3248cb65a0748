import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Run,
  type RunAction,
  type RunState,
  runActions,
  runStates,
  type StepState,
} from '../../src/domain/run.ts';
import { newId } from '../../src/ids.ts';
import { approveRun, cancelRun, pauseRun, rejectRun, resumeRun, retryRun, undoRun } from '../../src/runs/control.ts';
import { allowedActions } from '../../src/runs/run-actions.ts';
import { submit } from '../../src/runs/submit.ts';
import { findApprovalOfRun } from '../../src/store/runs/approvals.ts';
import { listSteps, readRun } from '../../src/store/runs/runs.ts';
import { admin, approver, type Engine, startEngine } from '../helpers/engine.ts';
import { laneOperations, makeFleet } from '../helpers/lane-operations.ts';
import { makeToy, toyOperations } from '../helpers/toy-operations.ts';

const fleet = makeFleet(['a', 'b']);
const toys = [...toyOperations(makeToy()), ...laneOperations(fleet)];
let engine: Engine;
const clusters: Record<string, string> = {};

beforeAll(async () => {
  engine = await startEngine({ operations: toys });
  for (const environment of ['dev', 'prod'])
    clusters[environment] = await engine.addCluster(`actions-${environment}`, environment);
});
beforeEach(() => {
  fleet.noWayBack = '';
});
afterAll(() => engine.close());

const ask: Record<RunAction, (runId: string) => Promise<Run>> = {
  APPROVE: (runId) => approveRun(engine.ctx.engine, { runId, actor: approver }),
  REJECT: (runId) => rejectRun(engine.ctx.engine, { runId, actor: approver }),
  CANCEL: (runId) => cancelRun(engine.ctx.engine, { runId, actor: admin }),
  PAUSE: (runId) => pauseRun(engine.ctx.engine, { runId, actor: admin }),
  RESUME: (runId) => resumeRun(engine.ctx.engine, { runId, actor: admin }),
  RETRY: (runId) => retryRun(engine.ctx.engine, { runId, actor: admin }),
  UNDO: (runId) => undoRun(engine.ctx.engine, { runId, actor: admin }),
};

type Situation = {
  operation: string;
  environment: 'dev' | 'prod';
  state: RunState;
  steps: readonly StepState[];
  hasBegun: boolean;
  isUndoGone: boolean;
  isStale: boolean;
  approvedHoursAgo: number | null;
};

const situation: fc.Arbitrary<Situation> = fc.record({
  operation: fc.constantFrom(...toys.map(({ name }) => name)),
  environment: fc.constantFrom('dev', 'prod'),
  state: fc.constantFrom(...runStates),
  steps: fc.array(fc.constantFrom<StepState[]>('pending', 'applying', 'done', 'already', 'failed', 'skipped'), {
    minLength: 1,
    maxLength: 4,
  }),
  hasBegun: fc.boolean(),
  isUndoGone: fc.boolean(),
  isStale: fc.boolean(),
  approvedHoursAgo: fc.constantFrom(null, 1, 30),
});

/** A run as it would be found in this situation. */
async function arrange({ operation, environment, ...at }: Situation): Promise<string> {
  const { db } = engine.ctx;
  const clusterId = clusters[environment];
  const { run, userErrors } = await submit(engine.ctx.engine, {
    operation,
    input: { clusterId },
    actor: admin,
    options: { confirm: `actions-${environment}` },
  });
  if (run === null) throw new Error(JSON.stringify(userErrors));
  const failure = { code: at.isStale ? 'PLAN_STALE' : 'SQL_FAILED', message: 'no', hint: null, step: null };
  await db
    .updateTable('run')
    .set({
      state: at.state,
      started_at: at.hasBegun ? new Date() : null,
      undo_gone: at.isUndoGone ? 'It is final' : null,
      failure: at.state === 'FAILED' ? JSON.stringify(failure) : null,
      post_check: at.state === 'SUCCEEDED' ? JSON.stringify({ passed: true, checks: [] }) : null,
    })
    .where('id', '=', run.id)
    .execute();
  for (const { position } of await listSteps(db, run.id)) {
    const state = at.steps[position % at.steps.length] ?? 'pending';
    const attempt = state === 'done' || state === 'applying' || state === 'failed' ? 1 : 0;
    await db
      .updateTable('run_step')
      .set({ state, attempt })
      .where('run_id', '=', run.id)
      .where('position', '=', position)
      .execute();
  }
  await db.deleteFrom('approval').where('run_id', '=', run.id).execute();
  const decidedAt = at.approvedHoursAgo === null ? null : new Date(Date.now() - at.approvedHoursAgo * 3_600_000);
  if (decidedAt !== null || at.state === 'AWAITING_APPROVAL')
    await db
      .insertInto('approval')
      .values({
        id: newId('apr'),
        run_id: run.id,
        plan_hash: run.plan.hash,
        state: at.state === 'AWAITING_APPROVAL' ? 'PENDING' : 'APPROVED',
        required: 1,
        created_at: new Date(),
        // One that was asked for 30 hours ago is over, though nobody has written that down yet.
        expires_at: new Date(Date.now() + (at.approvedHoursAgo === 30 ? -60_000 : 60_000)),
        decided_at: at.state === 'AWAITING_APPROVAL' ? null : decidedAt,
      })
      .execute();
  return run.id;
}

async function everythingOf(runId: string) {
  const { db } = engine.ctx;
  const rows = (table: 'run_step' | 'run_event' | 'approval' | 'cluster_lock' | 'temporary_change') =>
    db.selectFrom(table).selectAll().where('run_id', '=', runId).execute();
  const run = await db.selectFrom('run').selectAll().where('id', '=', runId).execute();
  return [run, await Promise.all([rows('run_step'), rows('run_event'), rows('approval'), rows('cluster_lock')])];
}

async function allowedFor(runId: string): Promise<readonly RunAction[]> {
  const { db } = engine.ctx;
  const run = await readRun(db, runId);
  const operation = toys.find(({ name }) => name === run.operation);
  const consent = { approval: await findApprovalOfRun(db, runId), now: new Date(), approvalEnvironments: ['prod'] };
  return allowedActions(run, operation, await listSteps(db, runId), consent);
}

describe('whatever may have become of a run', () => {
  it('what it offers is accepted, and what it does not offer is refused and changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given) => {
        const runId = await arrange(given);
        const allowed = await allowedFor(runId);
        const before = await everythingOf(runId);
        for (const action of runActions.filter((each) => !allowed.includes(each)))
          await expect(ask[action](runId), action).rejects.toHaveProperty('code');
        expect(await everythingOf(runId)).toEqual(before);
        for (const action of allowed) {
          const same = action === allowed[0] ? runId : await arrange(given);
          await expect(ask[action](same), action).resolves.toHaveProperty('id');
        }
      }),
      { numRuns: 50 },
    );
  });

  it('an undo that finds no way back is refused and changes nothing', async () => {
    fleet.noWayBack = 'somebody was there meanwhile';
    const undoable = (['SUCCEEDED', 'FAILED', 'CANCELED', 'PAUSED', 'INTERRUPTED'] as const).map((state) => ({
      operation: 'renew',
      environment: 'dev' as const,
      state,
      steps: ['done' as const],
      hasBegun: true,
      isUndoGone: false,
      isStale: false,
      approvedHoursAgo: null,
    }));
    for (const given of undoable) {
      const runId = await arrange(given);
      expect(await allowedFor(runId)).toContain('UNDO');
      const before = await everythingOf(runId);
      await expect(ask.UNDO(runId)).rejects.toMatchObject({ code: 'NOT_UNDOABLE' });
      expect(await everythingOf(runId)).toEqual(before);
    }
  });
});
