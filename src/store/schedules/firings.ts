import type { Inaction, InactionCode } from '../../domain/calendar.ts';
import { openRunStates } from '../../domain/run.ts';
import type { FiringPlan, Schedule, ScheduleFiring } from '../../domain/schedule.ts';
import type { Slot } from '../../domain/schedule-times.ts';
import type { Claim } from '../claims.ts';
import { type Database, inTransaction, type Queryable, type Tx } from '../database.ts';
import { toJsonOrNull } from '../json.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { toFiring } from './schedule-rows.ts';
import { endClaim, lockSchedule } from './schedules.ts';

/** Which time of which schedule, and when that was decided. */
type At = { readonly scheduleId: string; readonly slotAt: Date; readonly decidedAt: Date };

/** What came of a time without a run. */
export type FiringWithoutRun = At & {
  readonly askedByName: string | null;
  readonly note: string | null;
} & (
    | {
        readonly outcome: 'SKIPPED' | 'REFUSED';
        readonly reason: Inaction;
        /** The run because of which it was skipped. */
        readonly runId: string | null;
      }
    | { readonly outcome: 'DRY_RUN'; readonly plan: FiringPlan }
  );

/**
 * How a run belongs to a schedule, written in the transaction that makes the run.
 * `due`: the claim under which the time is fired for, and what follows. `asked`: a person asked for it outside of its times.
 * `again`: the run takes the place of one that ended before it did anything; `revision` is that of the schedule when this was
 * decided.
 */
export type RunOfSchedule = At & {
  readonly note: string | null;
} & (
    | {
        readonly kind: 'due';
        readonly claim: Claim;
        readonly next: Slot | null;
        readonly missed: FiringWithoutRun | null;
      }
    | { readonly kind: 'asked'; readonly askedByName: string }
    | { readonly kind: 'again'; readonly insteadOf: string; readonly attempt: number; readonly revision: number }
  );

/**
 * Thrown inside the transaction of a run, which then leaves nothing behind: somebody else has the time, the claim was
 * lost, or a run of the schedule goes on.
 */
export class FiringTaken extends Error {}

/** Writes that this run belongs to a time of its schedule. Throws `FiringTaken`, and a duplicate key. */
export async function recordRunOf(tx: Tx, runId: string, firing: RunOfSchedule): Promise<void> {
  const { scheduleId, slotAt } = firing;
  // All runs of a schedule are begun one after the other: so the look for one that goes on is true until the end.
  const schedule = await lockSchedule(tx, scheduleId);
  if (schedule === null) throw new FiringTaken('the schedule is gone');
  const running = await findOpenRun(tx, scheduleId);
  if (running !== null) throw new FiringTaken(`a run of the schedule goes on: ${running.id}`);
  if (firing.kind === 'again') {
    if (schedule.revision !== firing.revision) throw new FiringTaken('the schedule was changed');
    return replaceRun(tx, runId, firing);
  }
  const { note, decidedAt } = firing;
  if (firing.kind === 'due') {
    if (!(await endClaim(tx, firing.claim, firing.next))) throw new FiringTaken('the claim was lost');
    if (firing.missed !== null) await insertWithoutRun(tx, firing.missed);
  }
  const askedByName = firing.kind === 'asked' ? firing.askedByName : null;
  await insertFiring(tx, { scheduleId, slotAt, decidedAt, outcome: 'STARTED', runId, askedByName, note, isOpen: true });
}

async function replaceRun(tx: Tx, runId: string, firing: RunOfSchedule & { kind: 'again' }): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('schedule_firing')
    .set({ run_id: runId, attempt: firing.attempt, note: firing.note, is_open: 1 })
    .where('schedule_id', '=', firing.scheduleId)
    .where('slot_at', '=', firing.slotAt)
    .where('run_id', '=', firing.insteadOf)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new FiringTaken('somebody else asked for it again');
}

/**
 * Records what came of a time without a run, and goes on to the next one, or to another try (`retry`). False = the claim is lost, and nothing is
 * recorded. A time that was decided already stays as it is.
 */
export async function endWithoutRun(
  db: Database,
  {
    claim,
    next,
    firings,
    retry,
  }: { claim: Claim; next: Slot | null; firings: readonly FiringWithoutRun[]; retry?: Schedule['retry'] },
): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    if (!(await endClaim(tx, claim, next, retry))) return false;
    for (const firing of firings) await insertWithoutRun(tx, firing);
    return true;
  });
}

/** Changes nothing where the time was decided already. */
export async function insertWithoutRun(tx: Queryable, firing: FiringWithoutRun): Promise<void> {
  const { outcome } = firing;
  try {
    await insertFiring(tx, {
      ...firing,
      runId: outcome === 'DRY_RUN' ? null : firing.runId,
      reason: outcome === 'DRY_RUN' ? null : firing.reason,
      plan: outcome === 'DRY_RUN' ? firing.plan : null,
      isOpen: false,
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

type FiringRow = At & {
  outcome: ScheduleFiring['outcome'];
  runId: string | null;
  askedByName: string | null;
  note: string | null;
  reason?: Inaction | null;
  plan?: FiringPlan | null;
  isOpen: boolean;
};

async function insertFiring(tx: Queryable, firing: FiringRow): Promise<void> {
  await tx
    .insertInto('schedule_firing')
    .values({
      schedule_id: firing.scheduleId,
      slot_at: firing.slotAt,
      outcome: firing.outcome,
      run_id: firing.runId,
      reason_code: firing.reason?.code ?? null,
      reason: firing.reason?.message.slice(0, 2000) ?? null,
      asked_by_name: firing.askedByName,
      attempt: 1,
      note: firing.note?.slice(0, 2000) ?? null,
      plan: toJsonOrNull(firing.plan ?? null),
      is_open: firing.isOpen ? 1 : 0,
      decided_at: firing.decidedAt,
    })
    .execute();
}

export async function findFiring(db: Queryable, scheduleId: string, slotAt: Date): Promise<ScheduleFiring | null> {
  const row = await db
    .selectFrom('schedule_firing')
    .selectAll()
    .where('schedule_id', '=', scheduleId)
    .where('slot_at', '=', slotAt)
    .executeTakeFirst();
  return row === undefined ? null : toFiring(row);
}

/** The time of its schedule that a run stands for; null = no schedule began it, or a person who did not wait for that time. */
export async function findSlotOfRun(db: Queryable, runId: string): Promise<Date | null> {
  const row = await db
    .selectFrom('schedule_firing')
    .select('slot_at')
    .where('run_id', '=', runId)
    .where('asked_by_name', 'is', null)
    // A later time that was skipped because this run went on names it too.
    .where((row) => row.or([row('reason_code', 'is', null), row('reason_code', '!=', stillRunning)]))
    .executeTakeFirst();
  return row?.slot_at ?? null;
}

/** The time of a schedule that a run was made for; null = there is none, or its schedule was deleted. */
export async function findFiringOf(db: Queryable, runId: string): Promise<ScheduleFiring | null> {
  const row = await db
    .selectFrom('schedule_firing')
    .selectAll()
    .where('run_id', '=', runId)
    // A later time that was skipped because this run went on names it too.
    .where((row) => row.or([row('reason_code', 'is', null), row('reason_code', '!=', stillRunning)]))
    .executeTakeFirst();
  return row === undefined ? null : toFiring(row);
}

/** The run of this time does not begin: the time counts as skipped. Changes nothing where it has begun. */
export async function skipRunOf(
  db: Queryable,
  { runId, reason, note }: { runId: string; reason: Inaction; note: string },
): Promise<void> {
  await db
    .updateTable('schedule_firing')
    .set({
      outcome: 'SKIPPED',
      reason_code: reason.code,
      reason: reason.message.slice(0, 2000),
      note: note.slice(0, 2000),
      is_open: 0,
    })
    .where('run_id', '=', runId)
    .where('outcome', '=', 'STARTED')
    .where((row) =>
      row.exists(row.selectFrom('run').select('id').where('id', '=', runId).where('started_at', 'is', null)),
    )
    .execute();
}

const stillRunning: InactionCode = 'STILL_RUNNING';

export type RunOfFiring = { readonly id: string; readonly number: number; readonly state: string };

/** The run of this schedule that has not ended, whoever has to act on it; null = there is none. */
export async function findOpenRun(db: Queryable, scheduleId: string): Promise<RunOfFiring | null> {
  const row = await db
    .selectFrom('schedule_firing')
    .innerJoin('run', 'run.id', 'schedule_firing.run_id')
    .select(['run.id', 'run.number', 'run.state'])
    .where('schedule_firing.schedule_id', '=', scheduleId)
    .where('schedule_firing.outcome', '=', 'STARTED')
    .where('run.state', 'in', openRunStates)
    .orderBy('schedule_firing.decided_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** Times at or after a moment that were decided already: the clock was ahead then. */
export async function listSlotsFrom(db: Queryable, scheduleId: string, from: Date): Promise<readonly Date[]> {
  const rows = await db
    .selectFrom('schedule_firing')
    .select('slot_at')
    .where('schedule_id', '=', scheduleId)
    .where('slot_at', '>=', from)
    .orderBy('slot_at')
    .execute();
  return rows.map((row) => row.slot_at);
}

export type OpenFiring = {
  readonly firing: ScheduleFiring;
  readonly run: RunOfFiring & { readonly isUntouched: boolean; readonly createdAt: Date };
};

/**
 * The firing of a run that has ended, unless somebody has looked at it after that. `isUntouched`: the run ended before its
 * first step, because the plan was stale by then.
 */
export async function findEndedFiring(db: Queryable, runId: string): Promise<OpenFiring | null> {
  const row = await endedFirings(db)
    .selectAll('schedule_firing')
    .select(['run.id', 'run.number', 'run.state', 'run.failure', 'run.started_at', 'run.created_at'])
    .where('run.id', '=', runId)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { id, number, state, failure, started_at, created_at, ...firing } = row;
  const isUntouched = started_at === null && failure !== null && failure.includes('"PLAN_STALE"');
  return { firing: toFiring(firing), run: { id, number, state, isUntouched, createdAt: created_at } };
}

/** Ids of the runs of such firings, those that ended first. */
export async function listEndedRuns(db: Queryable, limit: number): Promise<readonly string[]> {
  const rows = await endedFirings(db).select('run.id').orderBy('run.finished_at').limit(limit).execute();
  return rows.map(({ id }) => id);
}

function endedFirings(db: Queryable) {
  return db
    .selectFrom('schedule_firing')
    .innerJoin('run', 'run.id', 'schedule_firing.run_id')
    .where('schedule_firing.is_open', '=', 1)
    .where('run.state', 'not in', openRunStates);
}

/** Nothing more comes of this run of a firing. */
export async function closeFiring(
  db: Queryable,
  { firing, run }: Pick<OpenFiring, 'firing'> & { run: { readonly id: string } },
  note: string | null,
): Promise<void> {
  await db
    .updateTable('schedule_firing')
    .set({ is_open: 0, ...(note === null ? {} : { note: note.slice(0, 2000) }) })
    .where('schedule_id', '=', firing.scheduleId)
    .where('slot_at', '=', firing.slotAt)
    .where('run_id', '=', run.id)
    .execute();
}

/** The transaction of a run left nothing behind, since somebody else has the time. */
export function isTaken(error: unknown): boolean {
  return error instanceof FiringTaken || isDuplicateKey(error);
}
