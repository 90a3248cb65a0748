import { AppError } from '../errors.ts';
import type { AnyOperation } from '../operations/define.ts';
import { planOperation } from '../operations/submit.ts';
import { isDuplicateKey, readDatabaseTime } from '../store/database.ts';
import { type JournalEntry, writeJournal } from '../store/journal.ts';
import type { Run, RunStep } from '../store/run-rows.ts';
import { findLockHolder, listSteps, readRun } from '../store/runs.ts';
import { guardPorts, type HeldLease, holdLease } from './held-lease.ts';
import type { RunnerDeps } from './runner-deps.ts';
import { finish, settle, settleAsFailed } from './settle.ts';
import { runStep, stopStep } from './step-runner.ts';

/** One drive of one run: everything that the functions below need. */
export type Drive = {
  readonly deps: RunnerDeps;
  readonly held: HeldLease;
  readonly operation: AnyOperation;
  readonly runId: string;
  readonly clusterId: string;
  /** When this very drive saw the `apply` of a step return, by position. */
  readonly appliedAt: Map<number, Date>;
  readonly write: (entry: JournalEntry) => Promise<void>;
  /** The database's clock, which stamped the journal; so a host with a wrong clock neither hurries nor waits for ever. */
  readonly now: () => Date;
};

/** `again` = look at the run once more; otherwise free the worker and be woken after so many milliseconds, or never. */
export type Next = 'again' | 'stop' | { readonly wakeAfterMs: number };

/**
 * Drives a run as far as it goes now. Does nothing when the run is not due or another worker has it. May be called for
 * any run at any time by any number of workers: the lease lets one through. Throws only when the store fails; the
 * recover loop then tries again.
 */
export async function drive(deps: RunnerDeps, runId: string): Promise<void> {
  const held = await holdLease(deps.db, { runId, owner: deps.owner, leaseMs: deps.leaseMs });
  if (held === null) return;
  let wakeAfterMs: number | null = null;
  try {
    const drive = await startDrive(deps, held, runId);
    for (;;) {
      const next = await advance(drive);
      if (next === 'again') continue;
      if (next !== 'stop') wakeAfterMs = next.wakeAfterMs;
      break;
    }
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'LEASE_LOST')) throw error;
    deps.log.warn({ runId }, 'lost the lease of a run, left it to another worker');
  } finally {
    await held.release();
    deps.changed(runId);
  }
  if (wakeAfterMs !== null) deps.ring(runId, wakeAfterMs);
}

async function startDrive(deps: RunnerDeps, held: HeldLease, runId: string): Promise<Drive> {
  const run = await readRun(deps.db, runId);
  const operation = deps.operations.get(run.operation);
  if (operation === undefined)
    throw new AppError('INTERNAL_SERVER_ERROR', `This Starwarden does not know the operation ${run.operation}`);
  const write = async (entry: JournalEntry) => {
    const woken = await writeJournal(deps.db, held.lease, entry);
    for (const id of woken) deps.ring(id);
    deps.changed(runId);
  };
  const offsetMs = (await readDatabaseTime(deps.db)).getTime() - Date.now();
  const guarded: RunnerDeps = { ...deps, portsFor: (clusterId) => guardPorts(deps.portsFor(clusterId), held) };
  return {
    deps: guarded,
    held,
    operation,
    runId,
    clusterId: run.clusterId,
    appliedAt: new Map(),
    write,
    now: () => new Date(Date.now() + offsetMs),
  };
}

/** One move: reads the run afresh and does the next thing that is due. */
async function advance(drive: Drive): Promise<Next> {
  const run = await readRun(drive.deps.db, drive.runId);
  const steps = await listSteps(drive.deps.db, drive.runId);
  if (run.outcome !== null) return advanceRestore(drive, run, run.outcome, steps);
  const phase = run.state === 'UNDOING' ? 'undo' : 'do';
  const next = steps.find((step) => step.phase === phase && (step.state === 'pending' || step.state === 'applying'));

  const atBoundary = next === undefined || next.state === 'pending';
  if (run.cancelRequested && phase === 'do' && (atBoundary || stoppable(drive, next))) return cancel(drive, next);
  if (run.pauseRequested && phase === 'do' && next?.state === 'pending') return pause(drive);
  if (drive.operation.effect !== 'reads') {
    const waiting = await takeLock(drive, run);
    if (waiting !== null) return waiting;
  }
  if (run.needsReplan && phase === 'do') return replan(drive, run);
  if (run.state === 'QUEUED') {
    await drive.write({
      run: { state: 'RUNNING', started: true, blockedBy: null },
      events: [{ type: 'RUN_STATE', message: 'Running' }],
    });
  }
  if (next !== undefined) return runStep(drive, run, next);
  return phase === 'undo' ? settle(drive, { state: 'UNDONE', failure: null }) : postCheck(drive, run, steps);
}

async function advanceRestore(
  drive: Drive,
  run: Run,
  outcome: NonNullable<Run['outcome']>,
  steps: readonly RunStep[],
): Promise<Next> {
  const next = steps.find(
    (step) => step.phase === 'restore' && (step.state === 'pending' || step.state === 'applying'),
  );
  return next === undefined ? finish(drive, run, outcome, steps) : runStep(drive, run, next);
}

/** Takes the cluster for this run; otherwise the run queues and says whom it waits for. */
async function takeLock(drive: Drive, run: Run): Promise<Next | null> {
  const { db } = drive.deps;
  const holder = await findLockHolder(db, run.clusterId);
  if (holder === run.id) return null;
  if (holder === null) {
    try {
      await drive.write({ takeLock: run.clusterId });
      return null;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return 'again'; // somebody was quicker: look who
    }
  }
  const wakeAfterMs = 5_000; // the holder wakes us when it ends; this is for the case that this word is lost
  await drive.write({
    run: {
      state: run.state === 'UNDOING' ? 'UNDOING' : 'QUEUED',
      blockedBy: holder,
      needsReplan: run.startedAt === null,
      wakeInMs: wakeAfterMs,
    },
    ...(run.blockedBy === holder
      ? {}
      : { events: [{ type: 'NOTE', message: `Waits for run ${holder}, which holds the cluster` }] }),
  });
  return { wakeAfterMs };
}

/** The run waited, so the cluster may have changed: plans again, and stops if the plan is not the one that was agreed. */
async function replan(drive: Drive, run: Run): Promise<Next> {
  const planned = await planAgain(drive, run);
  if (planned === 'unreachable') return { wakeAfterMs: 2_000 };
  if ('plan' in planned && planned.plan.hash === run.plan.hash) {
    await drive.write({ run: { needsReplan: false } });
    return 'again';
  }
  const why =
    'plan' in planned ? 'the steps would be others now' : planned.userErrors.map((error) => error.message).join('; ');
  return settleAsFailed(drive, {
    code: 'PLAN_STALE',
    message: `The cluster changed while the run waited: ${why}`,
    hint: 'Ask for the operation again; it will be planned afresh.',
    step: null,
  });
}

async function planAgain(drive: Drive, run: Run) {
  try {
    return await planOperation(drive.operation, run.input, drive.deps.observeContext(drive.held.signal));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    drive.held.assertHeld();
    const waitedMs = drive.now().getTime() - run.createdAt.getTime();
    if (error.retryable && waitedMs < 24 * 3_600_000) {
      await drive.write({
        run: { wakeInMs: 2_000 },
        events: [{ type: 'NOTE', message: `Cannot plan yet: ${error.message}` }],
      });
      return 'unreachable' as const;
    }
    return { userErrors: [error] };
  }
}

function stoppable(drive: Drive, step: RunStep | undefined): boolean {
  return step !== undefined && (drive.operation.steps.find((kind) => kind.kind === step.kind)?.canStop ?? false);
}

async function cancel(drive: Drive, next: RunStep | undefined): Promise<Next> {
  if (next?.state === 'applying') {
    const stopped = await stopStep(drive, next);
    if (stopped !== 'stopped') return stopped;
  }
  return settle(drive, { state: 'CANCELED', failure: null });
}

async function pause(drive: Drive): Promise<Next> {
  await drive.write({
    run: { state: 'PAUSED', pauseRequested: false },
    events: [{ type: 'RUN_STATE', message: 'Paused between two steps' }],
  });
  return 'stop';
}

/** How long after the last step the post-condition may go unread before the run fails for that. */
const postCheckPatienceMs = 120_000;

async function postCheck(drive: Drive, run: Run, steps: readonly RunStep[]): Promise<Next> {
  const { deps, held } = drive;
  try {
    const signal = AbortSignal.any([held.signal, AbortSignal.timeout(30_000)]);
    const result = await drive.operation.postCheck(run.input, deps.portsFor(run.clusterId), {
      runId: run.id,
      clusterId: run.clusterId,
      signal,
    });
    await drive.write({ run: { postCheck: result } });
    if (result.passed) return settle(drive, { state: 'SUCCEEDED', failure: null });
    const failed = result.checks.filter((check) => check.status === 'FAIL' && check.severity === 'BLOCK');
    return settleAsFailed(drive, {
      code: 'POSTCHECK_FAILED',
      message: `Every step was done, but the end is not as it should be: ${failed.map((check) => `${check.name} is ${check.observed}, wanted ${check.wanted}`).join('; ')}`,
      hint: failed[0]?.hint ?? 'Look at the cluster, then retry the run.',
      step: null,
    });
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'LEASE_LOST') throw error;
    held.assertHeld();
    const lastStep = steps.findLast((step) => step.finishedAt !== null)?.finishedAt ?? run.createdAt;
    if (error.retryable && drive.now().getTime() - lastStep.getTime() < postCheckPatienceMs) {
      await drive.write({ run: { wakeInMs: 2_000 } });
      return { wakeAfterMs: 2_000 };
    }
    return settleAsFailed(drive, {
      code: error.code,
      message: `The end could not be checked: ${error.message}`,
      hint: error.hint,
      step: null,
    });
  }
}
