import { type SqlBool, sql } from 'kysely';
import { contentHashOf, type Schedule } from '../../domain/schedule.ts';
import type { Slot } from '../../domain/schedule-times.ts';
import { type Claim, claimDue, isDue, isOurs, unclaimed } from '../claims.ts';
import { databaseNow, type Queryable, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { toSchedule } from './schedule-rows.ts';

/** What people say of a schedule, and when it is due first. */
export type NewSchedule = Pick<
  Schedule,
  'id' | 'name' | 'clusterId' | 'operation' | 'input' | 'cron' | 'timeZone' | 'jitterSeconds' | 'whenMissed' | 'owner'
> &
  Partial<Pick<Schedule, 'isDryRun' | 'policy' | 'approval'>> & { readonly next: Slot | null };

/** Throws the database's duplicate key when the cluster has a schedule of that name. */
export async function insertSchedule(tx: Tx, schedule: NewSchedule): Promise<void> {
  await tx
    .insertInto('schedule')
    .values({
      id: schedule.id,
      cluster_id: schedule.clusterId,
      operation: schedule.operation,
      policy_id: schedule.policy?.id ?? null,
      policy_part: schedule.policy?.part ?? null,
      state: 'ACTIVE',
      state_reason: null,
      state_by_name: null,
      ...contentColumns(schedule),
      ...slotColumns(schedule.next),
      ...unclaimed,
      created_at: databaseNow,
      changed_at: databaseNow,
    })
    .execute();
}

/**
 * Replaces what a schedule does and when. An approval of what it did before is dropped, unless another one is given. Who had
 * claimed it records nothing any more.
 */
export async function replaceContent(tx: Tx, schedule: NewSchedule): Promise<void> {
  await tx
    .updateTable('schedule')
    .set((row) => ({
      ...contentColumns(schedule),
      ...slotColumns(schedule.next),
      ...unclaimed,
      fence: row('fence', '+', 1),
      revision: row('revision', '+', 1),
      changed_at: databaseNow,
    }))
    .where('id', '=', schedule.id)
    .execute();
}

function contentColumns(schedule: NewSchedule) {
  const { approval = null } = schedule;
  return {
    name: schedule.name,
    input: toJson(schedule.input),
    cron: schedule.cron,
    time_zone: schedule.timeZone,
    jitter_seconds: schedule.jitterSeconds,
    when_missed: schedule.whenMissed,
    dry_run: schedule.isDryRun === true ? 1 : 0,
    owner_id: schedule.owner.id,
    owner_name: schedule.owner.name,
    content_hash: contentHashOf(schedule),
    approved_hash: approval?.contentHash ?? null,
    approved_by_id: approval?.byId ?? null,
    approved_by_name: approval?.byName ?? null,
    approved_at: approval?.at ?? null,
  };
}

/** Pauses a schedule, or lets it go on from a time. */
export async function setState(
  tx: Tx,
  id: string,
  to: Pick<Schedule, 'state' | 'stateReason' | 'stateByName'> & { next: Slot | null },
): Promise<void> {
  await tx
    .updateTable('schedule')
    .set((row) => ({
      state: to.state,
      state_reason: to.stateReason,
      state_by_name: to.stateByName,
      ...slotColumns(to.next),
      ...unclaimed,
      fence: row('fence', '+', 1),
      revision: row('revision', '+', 1),
      changed_at: databaseNow,
    }))
    .where('id', '=', id)
    .execute();
}

export async function setApproval(tx: Tx, id: string, approval: NonNullable<Schedule['approval']>): Promise<void> {
  await tx
    .updateTable('schedule')
    .set((row) => ({
      approved_hash: approval.contentHash,
      approved_by_id: approval.byId,
      approved_by_name: approval.byName,
      approved_at: approval.at,
      revision: row('revision', '+', 1),
      changed_at: databaseNow,
    }))
    .where('id', '=', id)
    .execute();
}

/** With everything that became of its times; the runs stay. */
export async function deleteSchedule(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('schedule_firing').where('schedule_id', '=', id).execute();
  await tx.deleteFrom('schedule').where('id', '=', id).execute();
}

/** When a cluster is forgotten, nothing is to begin there any more. */
export async function deleteSchedulesOf(tx: Tx, clusterId: string): Promise<void> {
  const rows = await tx.selectFrom('schedule').select('id').where('cluster_id', '=', clusterId).execute();
  for (const { id } of rows) await deleteSchedule(tx, id);
}

export async function findSchedule(db: Queryable, id: string): Promise<Schedule | null> {
  const row = await db.selectFrom('schedule').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toSchedule(row);
}

/** With its row locked until the transaction ends; null = it is gone. */
export async function lockSchedule(tx: Tx, id: string): Promise<Schedule | null> {
  const row = await tx.selectFrom('schedule').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  return row === undefined ? null : toSchedule(row);
}

export async function listSchedulesOfPolicy(tx: Queryable, policyId: string): Promise<readonly Schedule[]> {
  const rows = await tx.selectFrom('schedule').selectAll().where('policy_id', '=', policyId).orderBy('id').execute();
  return rows.map(toSchedule);
}

/** Ids of schedules that are due at a time and free, the longest due first. */
export async function listDueSchedules(
  db: Queryable,
  { at, limit }: { at: Date; limit: number },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('schedule')
    .select('id')
    .where('state', '=', 'ACTIVE')
    .where('due_at', 'is not', null)
    .where(isDue('schedule', at))
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Claims a schedule that is due at a time; null = it is not, or not any more. */
export async function claimSchedule(
  db: Queryable,
  { id, holder, at, forMs }: { id: string; holder: string; at: Date; forMs: number },
): Promise<{ readonly claim: Claim; readonly schedule: Schedule } | null> {
  const still = sql<SqlBool>`state = 'ACTIVE' AND slot_at IS NOT NULL`;
  const claim = await claimDue(db, { table: 'schedule', id, holder, at, forMs, still });
  if (claim === null) return null;
  const row = await db.selectFrom('schedule').selectAll().where(isOurs(claim)).executeTakeFirst();
  return row === undefined ? null : { claim, schedule: toSchedule(row) };
}

/** Active schedules that nobody works on and whose time is after `at`. */
export async function listWaitingSchedules(db: Queryable, at: Date): Promise<readonly Schedule[]> {
  const rows = await db
    .selectFrom('schedule')
    .selectAll()
    .where('state', '=', 'ACTIVE')
    .where((row) => row.or([row('due_at', 'is', null), row('due_at', '>', at)]))
    .where((row) => row.or([row('claimed_until', 'is', null), row('claimed_until', '<', databaseNow)]))
    .execute();
  return rows.map(toSchedule);
}

/** Sets another next time, unless somebody changed or claimed the schedule since it was read. */
export async function moveSlot(db: Queryable, schedule: Schedule, next: Slot | null): Promise<boolean> {
  const result = await db
    .updateTable('schedule')
    .set(slotColumns(next))
    .where('id', '=', schedule.id)
    .where('revision', '=', schedule.revision)
    .where('slot_at', schedule.slotAt === null ? 'is' : '=', schedule.slotAt)
    .where((row) => row.or([row('claimed_until', 'is', null), row('claimed_until', '<', databaseNow)]))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Goes on to the next time and gives the claim back; false = the claim is lost, and nothing is changed. */
export async function endClaim(
  db: Queryable,
  claim: Claim,
  next: Slot | null,
  retry: Schedule['retry'] = null,
): Promise<boolean> {
  const result = await db
    .updateTable('schedule')
    .set({ ...slotColumns(next, retry), ...unclaimed })
    .where(isOurs(claim))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

function slotColumns(next: Slot | null, retry: Schedule['retry'] = null) {
  return {
    slot_at: next?.slotAt ?? null,
    due_at: next?.dueAt ?? null,
    retry_since: retry?.since ?? null,
    retry_reason: retry?.message.slice(0, 1000) ?? null,
  };
}
