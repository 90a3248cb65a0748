import { sql } from 'kysely';
import type { LockScope } from '../../domain/cluster-lock.ts';
import type { Run, RunStep, TemporaryChange } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import type { Database, Queryable, Tx } from '../database.ts';
import { toRun, toRunStep, toTemporaryChange } from './run-rows.ts';

export async function findRun(db: Queryable, id: string): Promise<Run | null> {
  const row = await db.selectFrom('run').selectAll().where('id', '=', id).executeTakeFirst();
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

export async function listTemporaryChanges(db: Queryable, runId: string): Promise<readonly TemporaryChange[]> {
  const rows = await db
    .selectFrom('temporary_change')
    .selectAll()
    .where('run_id', '=', runId)
    .orderBy('position')
    .execute();
  return rows.map(toTemporaryChange);
}

/**
 * When a NOTE event that begins like this was first written since the state of the run was last changed or decided about;
 * null = not yet. What follows the beginning may be another word each time, such as the reason why something must wait; the beginning has no `%` and no `_`.
 */
export async function findWaitBegin(db: Queryable, runId: string, beginning: string): Promise<Date | null> {
  const row = await db
    .selectFrom('run_event')
    .select('at')
    .where('run_id', '=', runId)
    .where('type', '=', 'NOTE')
    .where('message', 'like', `${beginning}%`)
    .where('sequence', '>', (decided) =>
      decided
        .selectFrom('run_event as last')
        .select(({ fn }) => fn.coalesce(fn.max('last.sequence'), sql.lit(0)).as('sequence'))
        .where('last.run_id', '=', runId)
        .where('last.type', '=', 'RUN_STATE'),
    )
    .orderBy('sequence')
    .limit(1)
    .executeTakeFirst();
  return row?.at ?? null;
}

/** When this NOTE event was first written for the run; null = never. */
export async function findNoteAt(db: Queryable, runId: string, message: string): Promise<Date | null> {
  const row = await db
    .selectFrom('run_event')
    .select('at')
    .where('run_id', '=', runId)
    .where('type', '=', 'NOTE')
    .where('message', '=', message)
    .orderBy('sequence')
    .limit(1)
    .executeTakeFirst();
  return row?.at ?? null;
}

/** Which run holds this of the cluster; null = nobody. */
export async function findLockHolder(
  db: Database,
  clusterId: string,
  scope: LockScope = 'cluster',
): Promise<string | null> {
  const row = await db
    .selectFrom('cluster_lock')
    .select('run_id')
    .where('cluster_id', '=', clusterId)
    .where('scope', '=', scope)
    .executeTakeFirst();
  return row?.run_id ?? null;
}

/** The run, with its row locked until the transaction ends. */
export async function lockRun(tx: Tx, runId: string): Promise<Run> {
  return toRun(await tx.selectFrom('run').selectAll().where('id', '=', runId).forUpdate().executeTakeFirstOrThrow());
}

/**
 * Opens the steps at which a run stopped, because a person said that they may be tried again. A step becomes `applying`
 * where its effect may have been sent, so that the effect counts as ours if the cluster shows it. Temporary changes that
 * were put back are due again; a step that could not put something back is planned anew at the next end. Lanes that were
 * left out are opened too, unless `leftOutToo` is false.
 */
export async function reopenSteps(
  tx: Tx,
  runId: string,
  phase: 'do' | 'undo',
  { leftOutToo = true }: { leftOutToo?: boolean } = {},
): Promise<void> {
  await reopenRecovered(tx, runId, phase);
  if (phase === 'do') await beginLanesAnew(tx, runId, { leftOutToo });
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
  await forgetWaiting(tx, runId);
  if (phase === 'do' && leftOutToo) {
    await tx
      .updateTable('run_step')
      .set({ state: 'pending' })
      .where('run_id', '=', runId)
      .where('phase', '=', 'do')
      .where('state', '=', 'skipped')
      .execute();
  }
  await reopenChanges(tx, runId, phase);
}

/**
 * The time of a step that only waited begins anew: while nobody works, nothing that it waits for is late. Holds are
 * removed too: the person who lets the run go on has looked at what it was held for.
 */
export async function forgetWaiting(tx: Tx, runId: string): Promise<void> {
  await tx
    .updateTable('run_step')
    .set({ hold: null })
    .where('run_id', '=', runId)
    .where('hold', 'is not', null)
    .execute();
  await tx
    .updateTable('run_step')
    .set({ started_at: null, progress: null })
    .where('run_id', '=', runId)
    .where('state', '=', 'pending')
    .where('started_at', 'is not', null)
    .execute();
}

/**
 * Steps of a lane that were done and taken back are to be done again, as if for the first time. A step that could not be
 * taken back stays the run's own (`applying`): if its effect is found, it is ours to take back, however often the run is
 * tried.
 */
async function reopenRecovered(tx: Tx, runId: string, phase: 'do' | 'undo'): Promise<void> {
  const steps = await listSteps(tx, runId);
  const recovery = steps.filter((step) => step.phase === 'recover' && step.undoOf !== null);
  const lanes = new Set(recovery.map(laneKey));
  for (const step of steps.filter((each) => each.phase === phase && lanes.has(laneKey(each)))) {
    const wayBack = recovery.filter((each) => each.undoOf === step.position);
    const isOurs = step.attempt > 0 && wayBack.some((each) => each.state !== 'done' && each.state !== 'already');
    await tx
      .updateTable('run_step')
      .set({
        ...(isOurs ? { state: 'applying', repeat_allowed: 1 } : { state: 'pending', attempt: 0 }),
        facts: null,
        failure: null,
        progress: null,
        started_at: null,
        applied_at: null,
        finished_at: null,
      })
      .where('run_id', '=', runId)
      .where('position', '=', step.position)
      .execute();
  }
  await tx
    .updateTable('run_step')
    .set({ undo_of: null, state: sql<string>`CASE WHEN state IN ('done', 'already') THEN state ELSE 'skipped' END` })
    .where('run_id', '=', runId)
    .where('phase', '=', 'recover')
    .execute();
}

/**
 * Independent lanes that are not whole are to be done again from their first step, as if for the first time: what they left
 * half done is theirs no more.
 */
async function beginLanesAnew(tx: Tx, runId: string, { leftOutToo }: { leftOutToo: boolean }): Promise<void> {
  const steps = (await listSteps(tx, runId)).filter((step) => step.phase === 'do' && step.lane?.independent === true);
  const isWhole = (step: RunStep) =>
    step.state === 'done' || step.state === 'already' || (step.state === 'skipped' && !leftOutToo);
  const lanes = [...Map.groupBy(steps, laneKey).values()].filter((own) => !own.every(isWhole));
  const positions = lanes.flat().map(({ position }) => position);
  if (positions.length === 0) return;
  await tx
    .updateTable('run_step')
    .set({
      ...{ state: 'pending', attempt: 0, repeat_allowed: 0, facts: null, observed: null, failure: null },
      ...{ progress: null, started_at: null, applied_at: null, finished_at: null },
    })
    .where('run_id', '=', runId)
    .where('position', 'in', positions)
    .execute();
}

function laneKey({ lane }: RunStep): string | null {
  return lane === null ? null : JSON.stringify([lane.stage, lane.name]);
}

/** Skips the steps of a lane that are not done yet. A plain retry opens them again. */
export async function skipLane(tx: Tx, runId: string, lane: { stage: string; name: string }): Promise<void> {
  const steps = (await listSteps(tx, runId)).filter(
    (step) =>
      step.phase === 'do' &&
      step.lane?.stage === lane.stage &&
      step.lane.name === lane.name &&
      step.state !== 'done' &&
      step.state !== 'already',
  );
  if (steps.length === 0) return;
  await tx
    .updateTable('run_step')
    .set({ state: 'skipped' })
    .where('run_id', '=', runId)
    .where(
      'position',
      'in',
      steps.map((step) => step.position),
    )
    .execute();
}

/** Steps of this phase whose temporary changes were put back become pending, so that the changes are made again. */
export async function reopenChanges(tx: Tx, runId: string, phase: 'do' | 'undo'): Promise<void> {
  await tx
    .updateTable('run_step')
    .set({ state: 'pending', started_at: null, applied_at: null, finished_at: null })
    .where('run_id', '=', runId)
    .where('phase', '=', phase)
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

/** Records why these runs cannot be undone any more, where no reason is recorded yet. */
export async function forbidUndoOfRuns(db: Queryable, runIds: readonly string[], reason: string): Promise<void> {
  if (runIds.length === 0) return;
  await db
    .updateTable('run')
    .set((row) => ({ undo_gone: reason.slice(0, 500), revision: row('revision', '+', 1) }))
    .where('undo_gone', 'is', null)
    .where('id', 'in', runIds)
    .execute();
}
