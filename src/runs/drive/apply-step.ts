import type { Json } from '../../domain/json.ts';
import type { Check } from '../../domain/next-action.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Applied, Ports } from '../../steps/define.ts';
import type { NewEvent } from '../../store/runs/journal.ts';
import { readRun } from '../../store/runs/runs.ts';
import type { Next } from './drive.ts';
import { mayPass } from './may-pass.ts';
import { fail, record, wait } from './step-entries.ts';
import { contextOf, observe, progressOf, type Work } from './work.ts';

/** Writes `applying` first, then brings the effect about. */
export async function apply(work: Work): Promise<Next> {
  const { drive, step, kind } = work;
  const ports = drive.deps.connections.portsFor(drive.clusterId);
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
            setting: kind.temporarySetting ?? kind.kind,
            until: kind.temporaryUntil(step.params),
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

function changeEvents({ kind, step }: Work, before: { value: Json } | null): NewEvent[] {
  if (before === null) return [];
  const back = kind.restoreSteps(step.params, before.value).map(({ title }) => title);
  return [{ type: 'TEMPORARY_CHANGE', step: step.position, message: `For the way back: ${back.join('; ')}` }];
}

function send(work: Work, ports: Ports): Promise<Applied> {
  const { step, kind } = work;
  return kind.abortable ? applyUntilCanceled(work, ports) : kind.apply(step.params, ports, contextOf(work));
}

/**
 * A change that was sent before, and whose outcome is unknown, may be refused because it is there already (`already
 * exists`, `one job at a time`). So the cluster is checked before the refusal is believed: an effect that is there, or
 * goes on, is ours.
 */
async function lookUpRefused(work: Work, error: unknown): Promise<Extract<Check, { state: 'done' | 'moving' }>> {
  const { drive, step, kind } = work;
  if (step.attempt === 0 || !(error instanceof AppError) || notRefused.has(error.code) || mayPass(error)) throw error;
  drive.held.assertHeld();
  const check = await kind
    .check(step.params, drive.deps.connections.portsFor(drive.clusterId), contextOf(work))
    .catch((unseen: unknown) => {
      // A check that failed but may pass is tried again later; then the change is refused again, and checked again.
      if (unseen instanceof AppError && mayPass(unseen)) throw unseen;
      throw error;
    });
  if (check.state === 'done' || check.state === 'moving') return check;
  throw error;
}

/** Codes that Starwarden itself raises: they say nothing about the cluster. */
const notRefused = new Set<AppError['code']>(['LEASE_LOST', 'CANCELED', 'STORE_UNAVAILABLE']);

const lookForCancelMs = 1_000;

/** Breaks `apply` off as soon as a person cancels the run. */
async function applyUntilCanceled(work: Work, ports: Ports): Promise<Applied> {
  const { drive, step, kind } = work;
  const canceled = new AbortController();
  const look = setInterval(() => {
    readRun(drive.deps.db, drive.runId).then(
      (run) => {
        if (run.cancelRequested) canceled.abort(new AppError('CANCELED', 'Broken off, because the run was cancelled'));
      },
      () => undefined, // the database is away: the next look finds it
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
