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

/** When this note was written about the run for the first time; null = never. */
export async function findNoteAt(db: Queryable, runId: string, message: string): Promise<Date | null> {
  const row = await db
    .selectFrom('run_event')
    .select('at')
    .where('run_id', '=', runId)
    .where('type', '=', 'NOTE')
    .where('message', '=', message)
    .orderBy('sequence')
    .executeTakeFirst();
  return row?.at ?? null;
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
 * effect may have been sent, so that it counts as ours if the cluster shows it. Temporary changes that were put back
 * are due again; what could not be put back is planned anew at the next end.
 */
export async function reopenSteps(tx: Tx, runId: string, phase: 'do' | 'undo'): Promise<void> {
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
    .where('phase', '=', phase)
    .where('state', 'in', ['failed', 'applying'])
    .execute();
  await tx
    .updateTable('run_step')
    .set({ state: 'skipped' })
    .where('run_id', '=', runId)
    .where('phase', '=', 'restore')
    .where('state', 'in', ['failed', 'pending', 'applying'])
    .execute();
  if (phase === 'undo') return;
  await tx
    .updateTable('run_step')
    .set({ state: 'pending', started_at: null, applied_at: null, finished_at: null })
    .where('run_id', '=', runId)
    .where('phase', '=', 'do')
    .where('state', '=', 'done')
    .where('position', 'in', (change) =>
      change
        .selectFrom('temporary_change')
        .select('position')
        .where('run_id', '=', runId)
        .where('state', '=', 'RESTORED'),
    )
    .execute();
}
