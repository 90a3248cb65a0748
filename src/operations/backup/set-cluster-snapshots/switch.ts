import { z } from 'zod';
import { readClusterSnapshots } from '../../../adapters/starrocks/read-cluster-snapshots.ts';
import { switchClusterSnapshotsOff, switchClusterSnapshotsOn } from '../../../adapters/starrocks/statements.ts';
import { newestEnded } from '../../../domain/backup/cluster-snapshots.ts';
import { theCluster } from '../../../domain/subject.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';

/*
 * Whether automated snapshots are on is shown nowhere until the first one is finished. What tells it is the refusal of the
 * statement itself: `has been turn on`, `has not been turn on` (StarRocks 3.4 and 3.5, with this wording).
 */

/** Deletes the newest snapshot as well. One that is off already is what was wanted. */
export const switchOffClusterSnapshots = defineStep({
  kind: 'switchOffClusterSnapshots',
  params: z.object({}),
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  settleMs: 10_000,
  repeat: 'safe', // a second one is refused, and says so
  describe: () => 'Switch automated cluster snapshots off, which deletes the newest',
  check: async (_params, { sql }, { signal, applied }) => {
    // Before it was sent, no listed snapshot proves nothing: the first one may be on its way.
    if (!applied) return { state: 'todo' };
    return (await readClusterSnapshots(sql, { signal })).newest === null ? { state: 'done' } : { state: 'todo' };
  },
  apply: async (_params, { sql }, { signal, log }) => {
    try {
      await sql.query(switchClusterSnapshotsOff(), { signal, route: 'leader', timeoutMs: 60_000 });
    } catch (error) {
      if (!isRefusal(error, /has not been turn on/i)) throw error;
      log('StarRocks says that they are off already');
      return { state: 'done' };
    }
  },
  undo: { impossible: 'The snapshot that StarRocks deleted does not come back; switch them on again for new ones' },
});

/** Taken back by switching them off, which deletes what was taken meanwhile: before, there was none either. */
export const switchOnClusterSnapshots = defineStep({
  kind: 'switchOnClusterSnapshots',
  params: z.object({ storageVolume: z.string().nullable() }),
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  repeat: 'safe', // a second one is refused, and says so
  describe: ({ storageVolume }) =>
    `Switch automated cluster snapshots on, into ${storageVolume ?? 'the built-in storage volume'}`,
  check: async (_params, { sql }, { signal, attempts, applied }) => {
    if (applied) return { state: 'done' };
    const { newest } = await readClusterSnapshots(sql, { signal });
    if (newest === null) return { state: 'todo' };
    if (attempts > 0) return { state: 'done' };
    return { state: 'blocked', ...onAlready(`, into ${newest.storageVolume}`) };
  },
  apply: async ({ storageVolume }, { sql }, { signal, attempts }) => {
    try {
      await sql.query(switchClusterSnapshotsOn(storageVolume), { signal, route: 'leader', timeoutMs: 60_000 });
      return { state: 'done' };
    } catch (error) {
      if (!isRefusal(error, /has been turn on/i)) throw error;
      // An earlier statement of ours, whose answer was lost, may have arrived.
      if (attempts > 0) return { state: 'done' };
      const { code, message, hint } = onAlready('');
      throw new AppError(code, message, { hint, cause: error });
    }
  },
  undo: { steps: () => [switchOffClusterSnapshots.with({})] },
});

const hourMs = 3_600_000;

/** Only a snapshot that is finished protects anything. A job that failed is followed by the next one. */
export const awaitClusterSnapshot = defineStep({
  kind: 'awaitClusterSnapshot',
  params: z.object({}),
  about: () => theCluster,
  effect: 'waits',
  ports: ['sql'],
  timeoutMs: hourMs,
  repeat: 'safe',
  describe: () => 'Wait for the first finished snapshot',
  check: async (_params, { sql }, { signal }) => {
    const { newest, jobs } = await readClusterSnapshots(sql, { signal });
    if (newest !== null)
      return { state: 'done', facts: { snapshot: newest.name, storageVolume: newest.storageVolume } };
    const ended = newestEnded(jobs);
    const [job] = jobs;
    const failed = ended?.state === 'ERROR' ? `; ${ended.name} failed: ${ended.error ?? 'no reason given'}` : '';
    const state = job === undefined ? 'no job yet' : `${job.name} is ${wordOf(job.state)}`;
    return {
      state: 'moving',
      progress: { completed: 0, total: 1, message: `${state}${failed}` },
      wakeAfterMs: 5_000,
    };
  },
  undo: { nothing: 'It only waits.' },
});

function wordOf(state: string | { readonly unknown: string }): string {
  return typeof state === 'string' ? state : state.unknown;
}

function onAlready(where: string) {
  return {
    code: 'PRECONDITION_FAILED',
    message: `Automated cluster snapshots are on already${where}, and this run did not switch them on`,
    hint: 'Look at Cluster.clusterSnapshots; for another volume, switch them off first.',
  } as const;
}

function isRefusal(error: unknown, wording: RegExp): boolean {
  return error instanceof AppError && error.code === 'SQL_FAILED' && wording.test(error.message);
}
