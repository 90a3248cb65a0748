import { drivenRunStates } from '../../domain/run.ts';
import { type Database, databaseNow, databaseNowPlus } from '../database.ts';

/**
 * The right to drive one run. The fence grows with every claim; whatever the holder writes names it, so that a worker
 * which slept through the end of its lease can record nothing.
 */
export type Lease = { readonly runId: string; readonly owner: string; readonly fence: number };

/** Takes the lease of a run that is due and free; null when it is not. The database's clock decides. */
export async function claimRun(
  db: Database,
  { runId, owner, leaseMs }: { runId: string; owner: string; leaseMs: number },
): Promise<Lease | null> {
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
  const claimed = await db
    .selectFrom('run')
    .select('fence')
    .where('id', '=', runId)
    .where('claimed_by', '=', owner)
    .executeTakeFirst();
  return claimed === undefined ? null : { runId, owner, fence: claimed.fence };
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
