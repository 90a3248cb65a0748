import { setTimeout as sleep } from 'node:timers/promises';
import { drivenRunStates, type Failure, type Run, type RunStep, type StepPhase } from '../../domain/run.ts';
import { effectOn } from '../../domain/target.ts';
import { AppError } from '../../errors.ts';
import type { AnyOperation } from '../../operations/define.ts';
import { readDatabaseTime } from '../../store/database.ts';
import { type WorkerEntry, writeJournal } from '../../store/runs/journal.ts';
import { findLockHolder, findRun, listSteps, readRun } from '../../store/runs/runs.ts';
import { isDuplicateKey, isStoreAway } from '../../store/store-errors.ts';
import { whyNotEntitled } from '../entitled.ts';
import { planOperation } from '../submit.ts';
import { checkSucceeded } from './end-check.ts';
import { guardPorts, type HeldLease, holdLease } from './held-lease.ts';
import { mayPass } from './may-pass.ts';
import { type RunnerDeps, stepKindOf } from './runner-deps.ts';
import { abandon, finish, hasOpenChanges, settle, settleAfter, settleAsFailed } from './settle.ts';
import { canGoOn, driveStage } from './stage.ts';
import { type Due, runStep, stopStep } from './step-runner.ts';
import { planUndo, settleUndone } from './undo.ts';
import { chooseOperation, setAside } from './unfit.ts';

/** One drive of one run: everything that the functions below need. */
export type Drive = {
  readonly deps: RunnerDeps;
  readonly held: HeldLease;
  readonly operation: AnyOperation;
  readonly runId: string;
  readonly clusterId: string;
  /** When this very drive saw the `apply` of a step return, by position. */
  readonly appliedAt: Map<number, Date>;
  readonly write: (entry: WorkerEntry) => Promise<void>;
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
    const next = await driveHeld(deps, held, runId);
    if (next !== 'stop') wakeAfterMs = next.wakeAfterMs;
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'LEASE_LOST')) throw error;
    deps.log.warn({ runId, reason: error.message }, 'left a run to whoever drives it next');
    wakeAfterMs = 0;
  } finally {
    await held.release();
    deps.changed(runId);
  }
  if (wakeAfterMs !== null) deps.ring(runId, wakeAfterMs);
}

async function driveHeld(deps: RunnerDeps, held: HeldLease, runId: string): Promise<Exclude<Next, 'again'>> {
  const run = await readRun(deps.db, runId);
  const operation = chooseOperation(run, deps.operations);
  const write = async (entry: WorkerEntry) => {
    const woken = await writeJournal(deps.db, held.lease, entry);
    for (const id of woken) deps.ring(id);
    deps.changed(runId);
  };
  if ('isNewer' in operation) return setAside(deps, { run, unfit: operation, write });
  // Counted on by the monotonic clock, so that a host whose clock is set meanwhile does not matter.
  const offsetMs = (await readDatabaseTime(deps.db)).getTime() - performance.now();
  const guarded: RunnerDeps = { ...deps, portsFor: (clusterId) => guardPorts(deps.portsFor(clusterId), held) };
  const drive: Drive = {
    deps: guarded,
    held,
    operation,
    runId,
    clusterId: run.clusterId,
    appliedAt: new Map(),
    write,
    now: () => new Date(performance.now() + offsetMs),
  };
  let patienceMs = stayMs;
  for (;;) {
    const next = await advanceOrEnd(drive);
    if (next === 'again') continue;
    if (next === 'stop' || next.wakeAfterMs > patienceMs) return next;
    // Handing the run on and taking it again costs more than so short a wait.
    patienceMs -= next.wakeAfterMs;
    await sleep(next.wakeAfterMs, undefined, { signal: held.signal }).catch(() => {});
    held.assertHeld();
  }
}

/** A worker is freed unless all that is left is done within this time. */
const stayMs = 1_500;

/** A bug must not leave a run that says for ever that it is running, and holds its cluster. */
async function advanceOrEnd(drive: Drive): Promise<Next> {
  try {
    return await advance(drive);
  } catch (error) {
    if (isNotOurs(error)) throw error;
    drive.held.assertHeld();
    drive.deps.log.error({ runId: drive.runId, err: error }, 'a run met an unexpected error');
    const failure = {
      code: 'INTERNAL_SERVER_ERROR' as const,
      message: 'An unexpected error',
      hint: `The log has it under run ${drive.runId}.`,
      step: null,
    };
    const { outcome } = await readRun(drive.deps.db, drive.runId);
    return outcome === null ? settleOrAbandon(drive, failure) : abandon(drive, failure);
  }
}

async function settleOrAbandon(drive: Drive, failure: Failure): Promise<Next> {
  try {
    return await settleAsFailed(drive, failure);
  } catch (error) {
    if (isNotOurs(error)) throw error;
    return abandon(drive, failure);
  }
}

/** What says nothing about the run: another worker has it, or the database is away. */
function isNotOurs(error: unknown): boolean {
  return (
    (error instanceof AppError && (error.code === 'LEASE_LOST' || error.code === 'STORE_UNAVAILABLE')) ||
    isStoreAway(error)
  );
}

/** One move: reads the run afresh and does the next thing that is due. */
async function advance(drive: Drive): Promise<Next> {
  const run = await readRun(drive.deps.db, drive.runId);
  // A person ended or paused it meanwhile.
  if (!drivenRunStates.some((state) => state === run.state)) return 'stop';
  const steps = await listSteps(drive.deps.db, drive.runId);
  if (run.outcome !== null) return advanceRestore(drive, run, run.outcome, steps);
  const phase = run.state === 'UNDOING' ? 'undo' : 'do';
  // A worker may die between recording that a step failed and deciding how the run ends: nothing behind it is begun.
  const failed = steps.find((step) => step.phase === phase && step.state === 'failed');
  const next = steps.find((step) => step.phase === phase && (step.state === 'pending' || step.state === 'applying'));
  const stage = stageOf(steps, phase, failed ?? next);
  // What a lane of the stage left half done comes to its end first, whatever happened to the others.
  if (stage !== null && (failed !== undefined || isToStop(run, phase)) && canGoOn(drive, steps, phase, stage))
    return (await takeLock(drive, run)) ?? driveStage(drive, phase, stage);
  if (failed !== undefined) {
    const isCanceled = run.cancelRequested && failed.failure?.code === 'CANCELED';
    return isCanceled ? settle(drive, { state: 'CANCELED', failure: null }) : settleAfter(drive, failed);
  }
  const isBound = phase === 'do' && stage === null && next !== undefined && isBoundToGoOn(drive, next, steps);
  const isCanceling = run.cancelRequested && phase === 'do' && !isBound;
  if (isCanceling) {
    if (next === undefined || next.state === 'pending' || stoppable(drive, next)) return cancel(drive, next);
    // Nothing is begun any more: all that is left is to look at the step that was under way.
    return runAlone(drive, { run, step: next, isCanceling });
  }
  if (run.pauseRequested && phase === 'do' && !isBound && next?.state === 'pending') return pause(drive, run);
  const waiting = await takeLock(drive, run);
  if (waiting !== null) return waiting;
  if (phase === 'do' && (run.needsReplan || hasWaited(drive, run))) {
    const end = await replan(drive, run);
    if (end !== null) return end;
  }
  if (run.state === 'QUEUED') {
    await drive.write({
      run: { state: 'RUNNING', started: true, blockedBy: null },
      events: [{ type: 'RUN_STATE', message: 'Running' }],
    });
  }
  if (phase === 'undo' && drive.operation.planUndo !== null && !steps.some((step) => step.phase === 'undo')) {
    const end = await planUndo(drive, run, steps);
    if (end !== null) return end;
  }
  if (stage !== null) return driveStage(drive, phase, stage);
  if (next !== undefined) return runAlone(drive, { run, step: next, isCanceling: false });
  return phase === 'undo' ? settleUndone(drive, run, steps) : checkSucceeded(drive, run, steps);
}

async function advanceRestore(
  drive: Drive,
  run: Run,
  outcome: NonNullable<Run['outcome']>,
  steps: readonly RunStep[],
): Promise<Next> {
  const next = nextRecoverStep(steps) ?? nextOpenStep(steps, 'restore');
  if (next === undefined) return finish(drive, run, outcome, steps);
  return (await takeLock(drive, run)) ?? runAlone(drive, { run, step: next, isCanceling: false });
}

/** A lane whose recovery failed is left as it is; the others are still taken back. */
function nextRecoverStep(steps: readonly RunStep[]): RunStep | undefined {
  const broken = new Set(
    steps.filter((step) => step.phase === 'recover' && step.state === 'failed').map((step) => step.lane?.name),
  );
  return steps.find((step) => step.phase === 'recover' && isOpen(step) && !broken.has(step.lane?.name));
}

function nextOpenStep(steps: readonly RunStep[], phase: StepPhase): RunStep | undefined {
  return steps.find((step) => step.phase === phase && isOpen(step));
}

function isOpen(step: RunStep): boolean {
  return step.state === 'pending' || step.state === 'applying';
}

/** One step on its own: there is no other lane whose turn it could be. */
async function runAlone(
  drive: Drive,
  { run, step, isCanceling }: Pick<Due, 'run' | 'step' | 'isCanceling'>,
): Promise<Next> {
  const next = await runStep(drive, { run, step, isCanceling, waitingLanes: 0 });
  return next === 'deferred' ? 'again' : next;
}

/** The stage that this step is part of. The first open step decides, unless one of a stage failed. */
function stageOf(steps: readonly RunStep[], phase: StepPhase, step: RunStep | undefined): string | null {
  const stage = step?.lane?.stage;
  return stage !== undefined && steps.some((other) => other.phase === phase) ? stage : null;
}

function isToStop(run: Run, phase: StepPhase): boolean {
  return phase === 'do' && (run.cancelRequested || run.pauseRequested);
}

/** True when the step before left the cluster in a state to stay in which nobody asked for, such as a stopped node. */
function isBoundToGoOn(drive: Drive, next: RunStep, steps: readonly RunStep[]): boolean {
  const before = steps.findLast((step) => step.phase === 'do' && step.position < next.position);
  if (before === undefined) return false;
  const isDone = before.state === 'done' || before.state === 'already';
  return isDone && stepKindOf(drive.operation, before.kind).bindsNext;
}

/** A plan this old may not be true any more, whoever let the run wait: a lock, an approval, a pause, or no worker. */
const freshPlanMs = 30_000;

function hasWaited(drive: Drive, run: Run): boolean {
  return run.startedAt === null && drive.now().getTime() - run.createdAt.getTime() > freshPlanMs;
}

/** Takes the cluster for this run; otherwise the run queues and says whom it waits for. */
async function takeLock(drive: Drive, run: Run): Promise<Next | null> {
  const { db } = drive.deps;
  if (effectOn(drive.operation) === 'reads') return null;
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
  const holding = run.blockedBy === holder ? null : await findRun(db, holder);
  const whom = holding === null ? 'another run' : `R-${holding.number}`;
  const wakeAfterMs = 5_000; // the holder wakes us when it ends; this is for the case that this word is lost
  await drive.write({
    run: {
      state: run.state === 'RUNNING' ? 'QUEUED' : run.state,
      blockedBy: holder,
      needsReplan: run.startedAt === null,
      wakeInMs: wakeAfterMs,
    },
    ...(run.blockedBy === holder
      ? {}
      : { events: [{ type: 'NOTE', message: `Waits for ${whom}, which holds the cluster` }] }),
  });
  return { wakeAfterMs };
}

/**
 * The run waited, so the cluster may have changed: plans again, and stops if the plan is not the one that was agreed.
 * Null = it is, and the run may begin.
 */
async function replan(drive: Drive, run: Run): Promise<Next | null> {
  const lost = await whyNotEntitled(drive.deps.db, run, drive.operation);
  if (lost !== null) return settleAsFailed(drive, lost);
  const planned = await planAgain(drive, run);
  if ('wakeAfterMs' in planned) return planned;
  if ('plan' in planned && planned.plan.hash === run.plan.hash) {
    await drive.write({ run: { needsReplan: false } });
    return null;
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
    return await planOperation(
      drive.operation,
      run.input,
      drive.deps.observeContext(drive.held.signal),
      run.plan.generated,
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    drive.held.assertHeld();
    const waitedMs = drive.now().getTime() - run.createdAt.getTime();
    if (mayPass(error) && waitedMs < 24 * 3_600_000) {
      const wakeAfterMs = Math.min(Math.max(waitedMs / 10, 2_000), 30_000);
      const message = `Cannot plan yet: ${error.message}`;
      await drive.write({
        run: { wakeInMs: wakeAfterMs, progress: { completed: 0, total: null, message } },
        events: run.progress?.message === message ? [] : [{ type: 'NOTE', message }],
      });
      return { wakeAfterMs };
    }
    return { userErrors: [error] };
  }
}

function stoppable(drive: Drive, step: RunStep): boolean {
  return stepKindOf(drive.operation, step.kind).canStop;
}

async function cancel(drive: Drive, next: RunStep | undefined): Promise<Next> {
  if (next?.state === 'applying') {
    const stopped = await stopStep(drive, next);
    if (stopped !== 'stopped') return stopped;
  }
  return settle(drive, { state: 'CANCELED', failure: null });
}

/** Temporary changes are not left in place while nobody works: they are put back first, and made again on resume. */
async function pause(drive: Drive, run: Run): Promise<Next> {
  if (await hasOpenChanges(drive)) return settle(drive, { state: 'PAUSED', failure: null, progress: run.progress });
  await drive.write({
    run: { state: 'PAUSED', pauseRequested: false },
    events: [{ type: 'RUN_STATE', message: 'Paused between two steps' }],
  });
  return 'stop';
}
