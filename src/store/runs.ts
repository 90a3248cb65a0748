import { sql } from 'kysely';
import { AppError } from '../errors.ts';
import type { Database, Queryable, Tx } from './database.ts';
import {
  type Run,
  type RunEvent,
  type RunStep,
  type TemporaryChange,
  toRun,
  toRunEvent,
  toRunStep,
  toTemporaryChange,
} from './run-rows.ts';

export async function findRun(db: Queryable, id: string): Promise<Run | null> {
  const row = await db.selectFrom('run').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toRun(row);
}

export async function findRunByNumber(db: Queryable, number: number): Promise<Run | null> {
  const row = await db.selectFrom('run').selectAll().where('number', '=', number).executeTakeFirst();
  return row === undefined ? null : toRun(row);
}

/** The run, or `NOT_FOUND`. */
export async function readRun(db: Queryable, id: string): Promise<Run> {
  const run = await findRun(db, id);
  if (run === null)
    throw new AppError('NOT_FOUND', `There is no run ${id}`, { hint: 'Look at the list of runs for its id.' });
  return run;
}

export async function listSteps(db: Queryable, runId: string): Promise<readonly RunStep[]> {
  const rows = await db.selectFrom('run_step').selectAll().where('run_id', '=', runId).orderBy('position').execute();
  return rows.map(toRunStep);
}

/** Events after a sequence number, oldest first, at most `limit`. */
export async function listEvents(
  db: Queryable,
  { runId, afterSequence, limit }: { runId: string; afterSequence: number; limit: number },
): Promise<readonly RunEvent[]> {
  const rows = await db
    .selectFrom('run_event')
    .selectAll()
    .where('run_id', '=', runId)
    .where('sequence', '>', afterSequence)
    .orderBy('sequence')
    .limit(limit)
    .execute();
  return rows.map(toRunEvent);
}

export async function listTemporaryChanges(db: Queryable, runId: string): Promise<readonly TemporaryChange[]> {
  const rows = await db
    .selectFrom('temporary_change')
    .selectAll()
    .where('run_id', '=', runId)
    .orderBy('position')
    .execute();
  return rows.map(toTemporaryChange);
}

/** Which run holds the cluster's lock; null = nobody. */
export async function findLockHolder(db: Database, clusterId: string): Promise<string | null> {
  const row = await db
    .selectFrom('cluster_lock')
    .select('run_id')
    .where('cluster_id', '=', clusterId)
    .executeTakeFirst();
  return row?.run_id ?? null;
}

/** The run, with its row locked until the transaction ends. */
export async function lockRun(tx: Tx, runId: string): Promise<Run> {
  return toRun(await tx.selectFrom('run').selectAll().where('id', '=', runId).forUpdate().executeTakeFirstOrThrow());
}

/**
 * Opens the steps at which a run stopped, because a person said that they may be tried again. `applying` where the
 * effect may have been sent, so that it counts as ours if the cluster shows it.
 */
export async function reopenSteps(tx: Tx, runId: string): Promise<void> {
  await tx
    .updateTable('run_step')
    .set({
      state: sql<string>`CASE WHEN attempt > 0 THEN 'applying' ELSE 'pending' END`,
      repeat_allowed: 1,
      failure: null,
      started_at: null,
      applied_at: null,
      finished_at: null,
    })
    .where('run_id', '=', runId)
    .where('state', 'in', ['failed', 'applying'])
    .execute();
}
