import { type SqlBool, sql } from 'kysely';
import type { LockHolders } from '../../domain/cluster-lock.ts';
import { drivenRunStates, type Run } from '../../domain/run.ts';
import { type Claim, claimDue, isDue, isOurs } from '../claims.ts';
import { type Database, databaseNow } from '../database.ts';
import { toRun } from './run-rows.ts';

/** The right to drive one run: a claim that is kept alive by a heartbeat. */
export type Lease = Claim & { readonly runId: string; readonly clusterId: string };

/** A run as the worker that drives it reads it, in one statement. */
export type DrivenRun = {
  readonly run: Run;
  /** Which runs hold what of its cluster. */
  readonly lockHolders: LockHolders;
  /** The time by the database's clock. */
  readonly at: Date;
};

/** Takes the lease of a run that is due and free, and reads the run; null when it is not. The database's clock decides. */
export async function claimRun(
  db: Database,
  { runId, holder, leaseMs }: { runId: string; holder: string; leaseMs: number },
): Promise<{ lease: Lease; driven: DrivenRun } | null> {
  const claim = await claimDue(db, { table: 'run', id: runId, holder, forMs: leaseMs, still: isDriven });
  const driven = claim === null ? null : await readDriven(db, claim);
  if (claim === null || driven === null) return null;
  return { lease: { ...claim, runId, clusterId: driven.run.clusterId }, driven };
}

const isDriven = sql<SqlBool>`state IN (${sql.join([...drivenRunStates])})`;

/** The run, unless somebody else has claimed it since; else null. */
export async function readDriven(db: Database, claim: Claim): Promise<DrivenRun | null> {
  const row = await db
    .selectFrom('run')
    .leftJoin('cluster_lock as whole', (join) =>
      join.onRef('whole.cluster_id', '=', 'run.cluster_id').on('whole.scope', '=', 'cluster'),
    )
    .leftJoin('cluster_lock as scheduling', (join) =>
      join.onRef('scheduling.cluster_id', '=', 'run.cluster_id').on('scheduling.scope', '=', 'tablet-scheduling'),
    )
    .selectAll('run')
    .select(['whole.run_id as lock_holder', 'scheduling.run_id as scheduling_holder'])
    .select(databaseNow.as('database_time'))
    .where(isOurs(claim))
    .executeTakeFirst();
  if (row === undefined) return null;
  const lockHolders = { cluster: row.lock_holder, 'tablet-scheduling': row.scheduling_holder };
  return { run: toRun(row), lockHolders, at: row.database_time };
}

/** Runs that somebody should drive now: due, and nobody holds them. Oldest first. */
export async function listDueRuns(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('run')
    .select('id')
    .where('state', 'in', drivenRunStates)
    .where(isDue('run'))
    .orderBy('created_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}
