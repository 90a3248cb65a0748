import type { InventoryRecord } from '../../domain/inventory.ts';
import type { Json } from '../../domain/json.ts';
import { type Check, nextAction } from '../../domain/next-action.ts';
import type { Run, RunStep } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { AnyStepKind, Applied, Ports, StepContext } from '../../steps/define.ts';
import type { NewEvent, WorkerEntry } from '../../store/runs/journal.ts';
import { listSteps, readRun } from '../../store/runs/runs.ts';
import { isStoreAway } from '../../store/store-errors.ts';
import { mayPass } from './may-pass.ts';
import { makeOutput, type Output } from './output.ts';
import type { Drive, Next } from './runner.ts';
import { type RunnerPoint, stepKindOf } from './runner-deps.ts';
import { settle, settleAfter } from './settle.ts';

/** A step that is to be looked at. */
export type Due = {
  readonly run: Run;
  readonly step: RunStep;
  /** The step may end, but its effect is not sent (again). */
  readonly isCanceling: boolean;
  /** Other lanes of its stage that were not begun yet. */
  readonly waitingLanes: number;
};

/** One step being carried out. */
type Work = Due & { drive: Drive; kind: AnyStepKind; output: Output };

/** Looks at a step on the cluster and does what the table of `nextAction` says. */
export async function runStep(drive: Drive, due: Due): Promise<Next | 'deferred'> {
  const kind = stepKindOf(drive.operation, due.step.kind);
  const work: Work = { ...due, drive, kind, output: makeOutput(drive, due.step.position) };
  try {
    return await lookAndAct(work);
  } catch (error) {
    return await handleError(work, error);
  } finally {
    work.output.close();
  }
}

async function lookAndAct(work: Work): Promise<Next | 'deferred'> {
  const { drive, step, kind } = work;
  const check = await kind.check(step.params, drive.deps.portsFor(drive.clusterId), contextOf(work));
  drive.held.assertHeld();
  const action = nextAction({
    journal: step.state === 'applying' ? 'applying' : 'pending',
    check,
    repeat: step.repeatAllowed ? 'safe' : kind.repeat,
    appliedMsAgo: appliedMsAgo(work),
    settleMs: kind.settleMs,
  });
  if (work.isCanceling && (action.do === 'apply' || action.do === 'interrupt')) return giveUp(work, action.do);
  switch (action.do) {
    case 'record':
      // A gate has no effect that could have been there before.
      await record(work, kind.isGate ? 'done' : action.state, check);
      return 'again';
    case 'wait':
      return wait(work, action.progress, action.wakeAfterMs);
    case 'fail':
      // A check that is blocked names what it looked at; the table does not know which step it judges.
      return fail(work, {
        code: action.code,
        message: check.state === 'blocked' ? action.message : `${step.title}: ${action.message}`,
        hint: action.hint,
      });
    case 'interrupt':
      return interrupt(work, action.reason);
    case 'defer':
      if (work.waitingLanes === 0) throw new Error(`${kind.kind} defers, but no other lane waits`);
      return 'deferred';
    case 'hold':
      await hold(work, action.message);
      return 'again';
    case 'apply':
      return apply(work);
    default:
      return action satisfies never;
  }
}

/** Writes `applying` first, then brings the effect about. */
async function apply(work: Work): Promise<Next> {
  const { drive, step, kind } = work;
  const ports = drive.deps.portsFor(drive.clusterId);
  const before =
    kind.isTemporary && step.state === 'pending'
      ? { value: await kind.readBefore(step.params, ports, contextOf(work)) }
      : null;
  observe(work, 'before-record');
  await drive.write({
    step: { position: step.position, state: 'applying', attempted: true, started: true },
    run: { progress: progressOf(work), wakeInMs: null },
    records: kind.recordsBefore(step.params),
    events: [{ type: 'STEP_STARTED', step: step.position, message: step.title }, ...changeEvents(work, before)],
    ...(before === null
      ? {}
      : {
          openChange: {
            id: newId('chg'),
            clusterId: drive.clusterId,
            position: step.position,
            title: step.title,
            before: before.value,
          },
        }),
  });
  observe(work, 'before-effect');
  drive.held.assertHeld();
  const seen = await send(work, ports).catch((error: unknown) => lookUpRefused(work, error));
  if (seen !== undefined && seen.state === 'moving') return wait(work, seen.progress, seen.wakeAfterMs);
  if (seen !== undefined && seen.state === 'blocked') return fail(work, seen, seen.records);
  observe(work, 'after-effect');
  await work.output.flush();
  if (seen !== undefined) {
    drive.held.assertHeld();
    await record(work, 'done', seen);
    return 'again';
  }
  drive.appliedAt.set(step.position, drive.now());
  return 'again';
}

function send(work: Work, ports: Ports): Promise<Applied> {
  const { step, kind } = work;
  return kind.abortable ? applyUntilCanceled(work, ports) : kind.apply(step.params, ports, contextOf(work));
}

/**
 * A change that was sent before, and of which nobody knows what became, may be refused because it is there already (`already
 * exists`, `one job at a time`). It is looked up before the refusal is believed: what is there, or goes on, is ours.
 */
async function lookUpRefused(work: Work, error: unknown): Promise<Extract<Check, { state: 'done' | 'moving' }>> {
  const { drive, step, kind } = work;
  if (step.attempt === 0 || !(error instanceof AppError) || notRefused.has(error.code) || mayPass(error)) throw error;
  drive.held.assertHeld();
  const check = await kind
    .check(step.params, drive.deps.portsFor(drive.clusterId), contextOf(work))
    .catch((unseen: unknown) => {
      // What may pass is looked at again; the change is refused again then, and looked up again.
      if (unseen instanceof AppError && mayPass(unseen)) throw unseen;
      throw error;
    });
  if (check.state === 'done' || check.state === 'moving') return check;
  throw error;
}

/** The words of Starwarden itself, which say nothing about the cluster. */
const notRefused = new Set<AppError['code']>(['LEASE_LOST', 'CANCELED', 'STORE_UNAVAILABLE']);

const lookForCancelMs = 1_000;

/** What can be broken off is, as soon as a person cancels the run. */
async function applyUntilCanceled(work: Work, ports: Ports): Promise<Applied> {
  const { drive, step, kind } = work;
  const canceled = new AbortController();
  const look = setInterval(() => {
    readRun(drive.deps.db, drive.runId).then(
      (run) => {
        if (run.cancelRequested) canceled.abort(new AppError('CANCELED', 'Broken off, because the run was cancelled'));
      },
      () => undefined, // the database is away: the next look will tell
    );
  }, lookForCancelMs);
  try {
    const context = contextOf(work);
    const signal = AbortSignal.any([context.signal, canceled.signal]);
    return await kind.apply(step.params, ports, { ...context, signal });
  } finally {
    clearInterval(look);
  }
}

/** Done, and the run pauses: one entry for both, so that nobody finds the step done and the run going on. */
async function hold(work: Work, message: string): Promise<void> {
  const { drive, step } = work;
  await drive.write({
    step: { position: step.position, state: 'done', started: true, finished: true },
    run: { pauseRequested: true, progress: { ...progressOf(work), message } },
    events: [{ type: 'STEP_FINISHED', step: step.position, message }],
  });
}

function appliedMsAgo({ drive, step }: Work): number | null {
  const at = drive.appliedAt.get(step.position) ?? step.appliedAt;
  return at === null ? null : drive.now().getTime() - at.getTime();
}

function changeEvents({ kind, step }: Work, before: { value: Json } | null): NewEvent[] {
  if (before === null) return [];
  const back = kind.restoreSteps(step.params, before.value).map(({ title }) => title);
  return [{ type: 'TEMPORARY_CHANGE', step: step.position, message: `For the way back: ${back.join('; ')}` }];
}

async function record(work: Work, state: 'done' | 'already', check: Check): Promise<void> {
  const { drive, step } = work;
  await work.output.flush();
  const { facts = null, records = [] } = check.state === 'done' ? check : {};
  await drive.write({
    step: { position: step.position, state, facts, progress: null, failure: null, started: true, finished: true },
    run: { progress: progressOf(work), wakeInMs: null },
    records,
    ...(step.ledgerId === null || !(await isLastOfChange(work)) ? {} : { restoredChange: step.ledgerId }),
    events: [
      {
        type: 'STEP_FINISHED',
        step: step.position,
        message: state === 'already' ? `${step.title}: was so already` : `${step.title}: done`,
      },
    ],
  });
  observe(work, 'after-record');
}

async function isLastOfChange(work: Work): Promise<boolean> {
  const steps = await listSteps(work.drive.deps.db, work.drive.runId);
  return !steps.some((step) => step.ledgerId === work.step.ledgerId && step.position > work.step.position);
}

async function wait(
  work: Work,
  progress: { completed: number; total: number | null; message: string },
  wakeAfterMs: number,
): Promise<Next> {
  const { drive, step, kind } = work;
  const late = lateBy(work);
  if (late !== null) {
    return fail(work, {
      code: kind.isGate ? 'HEALTH_GATE_TIMEOUT' : 'TIMEOUT',
      message: `${step.title}: not there after ${Math.round(late / 1000)} s. Last seen: ${progress.message}`,
      hint: 'Look at the node and its log, then retry the run.',
    });
  }
  const news =
    step.progress?.message === progress.message
      ? []
      : [{ type: 'STEP_PROGRESS' as const, step: step.position, message: progress.message }];
  await drive.write({
    step: {
      position: step.position,
      progress,
      started: true,
      ...(drive.appliedAt.has(step.position) && step.appliedAt === null ? { applied: true } : {}),
    },
    run: { progress: { ...progressOf(work), message: progress.message }, wakeInMs: wakeAfterMs },
    events: news,
  });
  return { wakeAfterMs };
}

/** An error of `check` or `apply`. What may pass by itself is tried again until the step's time is over. */
async function handleError(work: Work, error: unknown): Promise<Next> {
  const { drive, step, kind } = work;
  if (error instanceof AppError && error.code === 'LEASE_LOST') throw error;
  drive.held.assertHeld();
  if (isStoreAway(error)) throw error; // not the step's fault: the recover loop looks again
  await work.output.flush();
  if (!(error instanceof AppError)) {
    drive.deps.log.error(
      { runId: drive.runId, step: step.position, kind: kind.kind, err: error },
      'a step threw something that is not an AppError',
    );
    return fail(work, {
      code: 'INTERNAL_SERVER_ERROR',
      message: `${step.title}: an unexpected error`,
      hint: `The log has it under run ${drive.runId}.`,
    });
  }
  if (!mayPass(error) || lateBy(work) !== null) return fail(work, error);
  const wakeAfterMs = Math.min(1_000 * 2 ** Math.min(step.attempt, 5), 15_000);
  const message = `${error.message}; tries again`;
  const news =
    step.progress?.message === message ? [] : [{ type: 'STEP_PROGRESS' as const, step: step.position, message }];
  await drive.write({
    step: { position: step.position, started: true, progress: { completed: 0, total: null, message } },
    run: { wakeInMs: wakeAfterMs },
    events: news,
  });
  return { wakeAfterMs };
}

/** The run is cancelled, and the effect of the step under way does not show: it is not sent once more. */
async function giveUp(work: Work, instead: 'apply' | 'interrupt'): Promise<Next> {
  await recordStopped(
    work,
    instead === 'apply'
      ? 'Not sent again, because the run was cancelled'
      : 'Whether it happened is not known; not sent again, because the run was cancelled',
  );
  return settle(work.drive, { state: 'CANCELED', failure: null });
}

async function recordStopped({ drive, step, output }: Work, message: string): Promise<void> {
  await output.flush();
  await drive.write({
    step: {
      position: step.position,
      state: 'failed',
      progress: null,
      finished: true,
      failure: { code: 'CANCELED', message, hint: null, step: step.position },
    },
    events: [{ type: 'STEP_FAILED', step: step.position, message: `${step.title}: ${message}` }],
  });
}

async function fail(
  work: Work,
  failure: { code: AppError['code']; message: string; hint: string | null },
  records: readonly InventoryRecord[] = [],
): Promise<Next> {
  const { drive, step } = work;
  const log = await diagnose(work);
  const stored = {
    code: failure.code,
    message: failure.message,
    hint: failure.hint,
    step: step.position,
    ...(log.length === 0 ? {} : { log }),
  };
  await work.output.flush();
  const entry: WorkerEntry = {
    records,
    step: { position: step.position, state: 'failed', failure: stored, progress: null, finished: true, started: true },
    events: [{ type: 'STEP_FAILED', step: step.position, message: `${step.title}: ${failure.message}` }],
  };
  await drive.write(entry);
  // A temporary change that cannot be put back does not keep the others from being put back.
  if (step.phase === 'restore' || step.phase === 'recover') return 'again';
  // The other lanes come to a place to stop at first.
  return step.lane === null ? settleAfter(drive, { ...step, failure: stored }) : 'again';
}

const diagnoseMs = 15_000;

/** What helps to understand the failure, if it can be had now. */
async function diagnose(work: Work): Promise<readonly string[]> {
  const { drive, step, kind } = work;
  const context = contextOf(work);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(diagnoseMs)]);
  try {
    const lines = await kind.diagnose(step.params, drive.deps.portsFor(drive.clusterId), { ...context, signal });
    return lines.slice(-40).map((line) => line.slice(0, 500));
  } catch (error) {
    if (!(error instanceof AppError)) drive.deps.log.warn({ runId: drive.runId, err: error }, 'no diagnosis');
    drive.held.assertHeld();
    return [];
  }
}

async function interrupt(work: Work, reason: string): Promise<Next> {
  await work.drive.write({
    run: {
      state: 'INTERRUPTED',
      failure: {
        code: 'LEASE_LOST',
        message: `${work.step.title}: ${reason}`,
        hint: 'Look whether it happened, then retry or cancel the run.',
        step: work.step.position,
      },
    },
    events: [{ type: 'RUN_STATE', step: work.step.position, message: `Interrupted: ${reason}` }],
  });
  return 'stop';
}

/** Stops what a step set in motion. `stopped`, or when to look again. */
export async function stopStep(drive: Drive, step: RunStep): Promise<'stopped' | Next> {
  const run = await readRun(drive.deps.db, drive.runId);
  const work: Work = {
    drive,
    run,
    step,
    isCanceling: true,
    waitingLanes: 0,
    kind: stepKindOf(drive.operation, step.kind),
    output: makeOutput(drive, step.position),
  };
  try {
    await work.kind.stop(step.params, drive.deps.portsFor(drive.clusterId), contextOf(work));
    await recordStopped(work, 'Stopped, because the run was cancelled');
    return 'stopped';
  } catch (error) {
    return await handleStopError(work, error);
  } finally {
    work.output.close();
  }
}

const stopAgainMs = 2_000;

/** Tries again what may pass, and once more what may not: a job may just have ended by itself. Then says so and ends. */
async function handleStopError(work: Work, error: unknown): Promise<Next> {
  const { drive, step } = work;
  if (error instanceof AppError && error.code === 'LEASE_LOST') throw error;
  drive.held.assertHeld();
  if (!(error instanceof AppError)) throw error;
  const message = `Could not be stopped yet: ${error.message}`;
  const isRepeated = step.progress?.message === message;
  if (lateBy(work) !== null || (isRepeated && !mayPass(error))) {
    return fail(work, {
      code: error.code,
      message: `Could not be stopped, and may still go on: ${error.message}`,
      hint: 'Look at the cluster, and stop it by hand.',
    });
  }
  await drive.write({
    step: { position: step.position, progress: { completed: 0, total: null, message } },
    run: { wakeInMs: stopAgainMs },
    events: isRepeated ? [] : [{ type: 'STEP_PROGRESS', step: step.position, message }],
  });
  return { wakeAfterMs: stopAgainMs };
}

/** Milliseconds the step has been tried for, when that is longer than it may be; otherwise null. */
function lateBy({ drive, step, kind }: Work): number | null {
  if (step.startedAt === null) return null;
  const triedMs = drive.now().getTime() - step.startedAt.getTime();
  return triedMs > kind.timeoutMs(step.params) ? triedMs : null;
}

/** What it does now, in words; how far it has come is counted from its steps (see `countProgress`). */
function progressOf({ step }: Work) {
  return { completed: 0, total: null, message: step.title };
}

/** Steps that take a lane back know what its steps found. */
function isSameLane(a: RunStep, b: RunStep): boolean {
  return a.lane?.stage === b.lane?.stage && a.lane?.name === b.lane?.name;
}

function contextOf({ drive, step, output, waitingLanes }: Work): StepContext {
  return {
    runId: drive.runId,
    clusterId: drive.clusterId,
    signal: drive.held.signal,
    now: drive.now,
    log: output.add,
    startedAt: step.startedAt,
    attempts: step.attempt,
    waitingLanes,
    earlier: async (...kinds) => {
      const found = (await listSteps(drive.deps.db, drive.runId)).filter(
        (other) =>
          other.position < step.position &&
          (other.state === 'done' || other.state === 'already') &&
          kinds.includes(other.kind),
      );
      const inLane = found.findLast((other) => step.lane !== null && isSameLane(other, step));
      return (inLane ?? found.findLast((other) => other.lane === null))?.facts ?? null;
    },
  };
}

function observe({ drive, step }: Work, at: RunnerPoint['at']): void {
  drive.deps.observer?.({ runId: drive.runId, position: step.position, kind: step.kind, at });
}
