import { setTimeout as sleep } from 'node:timers/promises';
import { createRecentLooks } from '../../adapters/nodes/recent-look.ts';
import type { Failure } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import type { WorkerEntry } from '../../store/runs/journal.ts';
import { readRun } from '../../store/runs/runs.ts';
import { isStoreAway } from '../../store/store-errors.ts';
import type { Engine } from '../engine.ts';
import { advance } from './advance.ts';
import { concludeAsFailed } from './conclude.ts';
import type { Drive, Next } from './drive.ts';
import { abandon } from './finish.ts';
import { guardPorts, type HeldLease, holdLease } from './held-lease.ts';
import { knowRun } from './known-run.ts';
import { chooseOperation, setAside } from './unfit.ts';

/**
 * Drives a run as far as it goes now. Does nothing when the run is not due or another worker has it. May be called for
 * any run at any time by any number of workers: the lease lets one through. Throws only when the store fails; the
 * recover loop then tries again.
 */
export async function drive(deps: Engine, runId: string): Promise<void> {
  const held = await holdLease(deps.db, { runId, holder: deps.holder, leaseMs: deps.leaseMs });
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

async function driveHeld(deps: Engine, held: HeldLease, runId: string): Promise<Exclude<Next, 'again'>> {
  const { run, at } = held.claimed;
  // Later times are counted by the monotonic clock, so that setting this host's clock does not matter.
  const offsetMs = at.getTime() - performance.now();
  const now = () => new Date(performance.now() + offsetMs);
  const operation = chooseOperation(run, deps.operations);
  const known = knowRun(deps.db, held, now);
  const write = async (entry: WorkerEntry) => {
    const woken = await known.write(entry);
    if (entry.run?.finished === true) held.over();
    for (const id of woken) deps.ring(id);
    deps.changed(runId);
  };
  if ('isNewer' in operation) return setAside(deps, { run, unfit: operation, write });
  const looks = createRecentLooks();
  const portsFor = (clusterId: string) => guardPorts(deps.connections.portsFor(clusterId), held, looks);
  const guarded: Engine = { ...deps, connections: { ...deps.connections, portsFor } };
  const drive: Drive = {
    deps: guarded,
    held,
    operation,
    runId,
    clusterId: run.clusterId,
    appliedAt: new Map(),
    known,
    write,
    now,
  };
  let patienceMs = stayMs;
  for (;;) {
    const next = await advanceOrEnd(drive);
    if (next === 'again') {
      patienceMs = stayMs;
      continue;
    }
    if (next === 'stop' || next.wakeAfterMs > patienceMs) return next;
    // Giving the run back and claiming it again costs more than such a short wait.
    patienceMs -= next.wakeAfterMs;
    await sleep(next.wakeAfterMs, undefined, { signal: held.signal }).catch(() => {});
    held.assertHeld();
  }
}

/** How long one drive waits with its run between two things that it does; a longer wait frees the worker. */
const stayMs = 1_500;

/** A bug must not leave a run RUNNING for ever, with its cluster locked. */
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
    return outcome === null ? concludeOrAbandon(drive, failure) : abandon(drive, failure);
  }
}

async function concludeOrAbandon(drive: Drive, failure: Failure): Promise<Next> {
  try {
    return await concludeAsFailed(drive, failure);
  } catch (error) {
    if (isNotOurs(error)) throw error;
    return abandon(drive, failure);
  }
}

/** Errors that say nothing about the run: another worker has it, or the database is away. */
function isNotOurs(error: unknown): boolean {
  return (
    (error instanceof AppError && (error.code === 'LEASE_LOST' || error.code === 'STORE_UNAVAILABLE')) ||
    isStoreAway(error)
  );
}
