import { lockInWords, locksOf } from '../../domain/cluster-lock.ts';
import type { Run, StepPhase } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import type { WorkerEntry } from '../../store/runs/journal.ts';
import { findLockHolder, findRun } from '../../store/runs/runs.ts';
import { isDuplicateKey } from '../../store/store-errors.ts';
import { whyNotEntitled } from '../entitled.ts';
import { whyNotBegin } from '../schedules/may-begin.ts';
import { planOperation } from '../submit.ts';
import { concludeAsFailed } from './conclude.ts';
import type { Drive, Next } from './drive.ts';
import type { Seen } from './known-run.ts';
import { mayPass } from './may-pass.ts';

/**
 * Takes the cluster's lock, plans again where the run has waited, and records that the run is running. Null = it may go
 * on.
 */
export async function begin(drive: Drive, seen: Seen, phase: StepPhase): Promise<Next | null> {
  const { run } = seen;
  const running: WorkerEntry =
    run.state === 'QUEUED'
      ? {
          run: { state: 'RUNNING', started: true, blockedBy: null },
          events: [{ type: 'RUN_STATE', message: 'Running' }],
        }
      : {};
  const isStale = run.needsReplan || hasWaited(drive, run);
  if (phase !== 'do' || !(isStale || (run.via === 'SCHEDULE' && run.startedAt === null)))
    return takeLock(drive, seen, running);
  const end =
    (await takeLock(drive, seen)) ??
    (isStale ? await replan(drive, run) : null) ??
    // Last, since planning takes its time.
    (await stopUnlessDue(drive, run));
  if (end === null) await drive.write({ ...running, run: { ...running.run, needsReplan: false } });
  return end;
}

/** What begins by itself begins only if nothing speaks against it at the moment at which it does. */
async function stopUnlessDue(drive: Drive, run: Run): Promise<Next | null> {
  const against = await whyNotBegin(drive.deps, run, drive.operation);
  return against === null ? null : concludeAsFailed(drive, against);
}

/**
 * Takes what the operation needs of the cluster, all at once, and writes `also` in the same entry; otherwise the run
 * queues and names the run it waits for. Null = the run may go on.
 */
export async function takeLock(drive: Drive, seen: Seen, also: WorkerEntry = {}): Promise<Next | null> {
  const { db } = drive.deps;
  const { run, lockHolders } = seen;
  const missing = locksOf(drive.operation).filter((scope) => lockHolders[scope] !== run.id);
  if (missing.length === 0) {
    if (also.run !== undefined) await drive.write(also);
    return null;
  }
  // The holder that was read with the run may have ended since, and it woke only the runs that waited at that time.
  const taken = missing.find((scope) => lockHolders[scope] !== null);
  const holder = taken === undefined ? null : await findLockHolder(db, run.clusterId, taken);
  if (taken === undefined || holder === null) {
    try {
      await drive.write({ ...also, takeLock: { clusterId: run.clusterId, scopes: missing } });
      return null;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return 'again'; // another run was quicker: read which one
    }
  }
  const holding = run.blockedBy === holder ? null : await findRun(db, holder);
  const whom = holding === null ? 'another run' : `R-${holding.number}`;
  const wakeAfterMs = 5_000; // the holder wakes this run when it ends; this is in case that notification is lost
  await drive.write({
    run: {
      state: run.state === 'RUNNING' ? 'QUEUED' : run.state,
      blockedBy: holder,
      needsReplan: run.startedAt === null,
      wakeInMs: wakeAfterMs,
    },
    ...(run.blockedBy === holder
      ? {}
      : { events: [{ type: 'NOTE', message: `Waits for ${whom}, which holds ${lockInWords(taken)}` }] }),
  });
  return { wakeAfterMs };
}

/**
 * A plan older than this may not fit the cluster any more, whatever the run waited for: a lock, an approval, a pause or a
 * worker.
 */
const freshPlanMs = 30_000;

function hasWaited(drive: Drive, run: Run): boolean {
  return run.startedAt === null && drive.now().getTime() - run.createdAt.getTime() > freshPlanMs;
}

/**
 * Plans again, since the cluster may have changed while the run waited; ends the run if the plan is not the one that was
 * agreed to. Null = it is the same plan, and the run may begin.
 */
async function replan(drive: Drive, run: Run): Promise<Next | null> {
  const lost = await whyNotEntitled(drive.deps.db, run, drive.operation);
  if (lost !== null) return concludeAsFailed(drive, lost);
  const planned = await planAgain(drive, run);
  if ('wakeAfterMs' in planned) return planned;
  const against = 'plan' in planned ? planned.blockers : planned.userErrors;
  if ('plan' in planned && planned.plan.hash === run.plan.hash && against.length === 0) return null;
  const why = against.length === 0 ? 'the steps would be others now' : against.map((error) => error.message).join('; ');
  return concludeAsFailed(drive, {
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
      {
        reading: drive.deps.connections.reading(run.clusterId, drive.held.signal),
        registration: drive.deps.connections.registration([]),
      },
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
