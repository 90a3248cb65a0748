import { drivenRunStates, type Run } from '../../domain/run.ts';
import { type Database, databaseNow, databaseNowPlus } from '../database.ts';
import { toRun } from './run-rows.ts';

/**
 * The right to drive one run. The fence grows with every claim; whatever the holder writes names it, so that a worker
 * which slept through the end of its lease can record nothing.
 */
export type Lease = {
  readonly runId: string;
  readonly clusterId: string;
  readonly owner: string;
  readonly fence: number;
};

/** A run as whoever drives it reads it, in one statement. */
export type DrivenRun = {
  readonly run: Run;
  /** Which run holds the lock of its cluster; null = nobody. */
  readonly lockHolder: string | null;
  /** The time by the database's clock. */
  readonly at: Date;
};

/** Takes the lease of a run that is due and free, and reads it; null when it is not. The database's clock decides. */
export async function claimRun(
  db: Database,
  { runId, owner, leaseMs }: { runId: string; owner: string; leaseMs: number },
): Promise<{ lease: Lease; driven: DrivenRun } | null> {
  const result = await db
    .updateTable('run')
    .set((row) => ({
      claimed_by: owner,
      fence: row('fence', '+', 1),
      claimed_until: databaseNowPlus(leaseMs),
    }))
    .where('id', '=', runId)
    .where('state', 'in', drivenRunStates)
    .where((row) => row.or([row('due_at', 'is', null), row('due_at', '<=', databaseNow)]))
    .where((row) => row.or([row('claimed_until', 'is', null), row('claimed_until', '<', databaseNow)]))
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n) return null;
  const driven = await readDriven(db, { runId, owner });
  if (driven === null) return null;
  return { lease: { runId, clusterId: driven.run.clusterId, owner, fence: driven.run.fence }, driven };
}

/** The run, if its lease is still this owner's; else null. */
export async function readDriven(db: Database, lease: Pick<Lease, 'runId' | 'owner'>): Promise<DrivenRun | null> {
  const row = await db
    .selectFrom('run')
    .leftJoin('cluster_lock', 'cluster_lock.cluster_id', 'run.cluster_id')
    .selectAll('run')
    .select(['cluster_lock.run_id as lock_holder', databaseNow.as('database_time')])
    .where('run.id', '=', lease.runId)
    .where('run.claimed_by', '=', lease.owner)
    .executeTakeFirst();
  return row === undefined ? null : { run: toRun(row), lockHolder: row.lock_holder, at: row.database_time };
}

/** Prolongs the lease; false when it is lost, for ever. */
export async function renewLease(db: Database, lease: Lease, leaseMs: number): Promise<boolean> {
  const result = await db
    .updateTable('run')
    .set({ claimed_until: databaseNowPlus(leaseMs) })
    .where('id', '=', lease.runId)
    .where('fence', '=', lease.fence)
    .where('claimed_by', '=', lease.owner)
    .where('claimed_until', '>', databaseNow)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Gives the lease back, if it is still ours. */
export async function releaseLease(db: Database, lease: Lease): Promise<void> {
  await db
    .updateTable('run')
    .set({ claimed_by: null, claimed_until: null })
    .where('id', '=', lease.runId)
    .where('fence', '=', lease.fence)
    .where('claimed_by', '=', lease.owner)
    .execute();
}

/** Runs that somebody should drive now: due, and nobody holds them. Oldest first. */
export async function listDueRuns(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('run')
    .select('id')
    .where('state', 'in', drivenRunStates)
    .where((row) => row.or([row('due_at', 'is', null), row('due_at', '<=', databaseNow)]))
    .where((row) => row.or([row('claimed_until', 'is', null), row('claimed_until', '<', databaseNow)]))
    .orderBy('created_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}
