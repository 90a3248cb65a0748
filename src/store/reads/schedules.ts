import { sql } from 'kysely';
import { openRunStates } from '../../domain/run.ts';
import type { Schedule, ScheduleFiring, ScheduleState } from '../../domain/schedule.ts';
import type { Reader } from '../database.ts';
import { toFiring, toSchedule } from '../schedules/schedule-rows.ts';
import { isVisible, type Page, pageOf, type Visibility } from './visibility.ts';

/* Schedules that somebody may see: those of the clusters that they may see. Each function sends one statement. */

export type ScheduleListFilter = {
  readonly clusterId?: string | null | undefined;
  readonly operation?: string | null | undefined;
  readonly state?: ScheduleState | null | undefined;
  readonly policyId?: string | null | undefined;
};

const columns = { clusterId: 'cluster.id', environment: 'cluster.environment' };

/** By name; those of several clusters that have one name by id. */
export async function listSchedules(
  db: Reader,
  {
    visibility,
    filter,
    page,
  }: { visibility: Visibility; filter: ScheduleListFilter; page: Page<{ name: string; id: string }> },
): Promise<readonly Schedule[]> {
  const part = pageOf(page, {
    columns: ['schedule.name', 'schedule.id'],
    direction: 'asc',
    values: ({ name, id }) => [name, id],
  });
  const rows = await schedulesThat(db, { visibility, filter })
    .selectAll('schedule')
    .where(part.where)
    .orderBy(part.orderBy)
    .limit(page.limit)
    .execute();
  return part.inOrder(rows.map(toSchedule));
}

/** How many schedules fit the filter. */
export async function countSchedules(
  db: Reader,
  which: { visibility: Visibility; filter: ScheduleListFilter },
): Promise<number> {
  const row = await schedulesThat(db, which)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

function schedulesThat(db: Reader, { visibility, filter }: { visibility: Visibility; filter: ScheduleListFilter }) {
  let query = visibleSchedules(db, visibility);
  if (filter.clusterId != null) query = query.where('schedule.cluster_id', '=', filter.clusterId);
  if (filter.operation != null) query = query.where('schedule.operation', '=', filter.operation);
  if (filter.state != null) query = query.where('schedule.state', '=', filter.state);
  if (filter.policyId != null) query = query.where('schedule.policy_id', '=', filter.policyId);
  return query;
}

export async function findVisibleSchedule(
  db: Reader,
  by: { visibility: Visibility; id: string },
): Promise<Schedule | null> {
  const row = await visibleSchedules(db, by.visibility)
    .selectAll('schedule')
    .where('schedule.id', '=', by.id)
    .executeTakeFirst();
  return row === undefined ? null : toSchedule(row);
}

function visibleSchedules(db: Reader, visibility: Visibility) {
  return db
    .selectFrom('schedule')
    .innerJoin('cluster', 'cluster.id', 'schedule.cluster_id')
    .where(isVisible(visibility, columns));
}

/** The newest firings of schedules that were seen already, the newest first, at most `limit` of each. */
export async function firingsOfSchedules(
  db: Reader,
  { scheduleIds, limit }: { scheduleIds: readonly string[]; limit: number },
): Promise<readonly ScheduleFiring[]> {
  const rows = await db
    .selectFrom((from) =>
      from
        .selectFrom('schedule_firing')
        .selectAll()
        .select(
          sql<number>`ROW_NUMBER() OVER (PARTITION BY schedule_id ORDER BY decided_at DESC, slot_at DESC)`.as('place'),
        )
        .where('schedule_id', 'in', scheduleIds)
        .as('newest'),
    )
    .selectAll()
    .where('place', '<=', limit)
    .orderBy('schedule_id')
    .orderBy('place')
    .execute();
  return rows.map(({ place: _, ...row }) => toFiring(row));
}

/** The runs of schedules that were seen already which have not ended; one of each schedule at most matters. */
export async function openRunsOfSchedules(db: Reader, scheduleIds: readonly string[]) {
  return db
    .selectFrom('schedule_firing')
    .innerJoin('run', 'run.id', 'schedule_firing.run_id')
    .select(['schedule_firing.schedule_id as scheduleId', 'run.id', 'run.number', 'run.state'])
    .where('schedule_firing.schedule_id', 'in', scheduleIds)
    .where('schedule_firing.outcome', '=', 'STARTED')
    .where('run.state', 'in', openRunStates)
    .execute();
}
