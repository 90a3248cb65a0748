import { type SqlBool, sql } from 'kysely';
import type { Blackout, Calendar, KeptHold, MaintenanceWindow } from '../../domain/calendar.ts';
import { toBlackout, toHold, toWindow } from '../calendar/calendar-rows.ts';
import type { Reader } from '../database.ts';
import { isVisible, type Visibility } from './visibility.ts';

/**
 * The calendar of the whole installation: every window, every blackout, and the holds that nobody released. It has some
 * dozens of rows, so it is read as one and the entries of a cluster are chosen by `calendarFor`.
 */
export async function readWholeCalendar(
  db: Reader,
): Promise<Omit<Calendar, 'holds'> & { readonly holds: readonly KeptHold[] }> {
  const [windows, blackouts, holds] = await Promise.all([
    db.selectFrom('maintenance_window').selectAll().orderBy('name').orderBy('id').execute(),
    db.selectFrom('blackout').selectAll().orderBy('from_at').orderBy('id').execute(),
    db.selectFrom('automation_hold').selectAll().where('open_scope', 'is not', null).orderBy('id').execute(),
  ]);
  return { windows: windows.map(toWindow), blackouts: blackouts.map(toBlackout), holds: holds.map(toHold) };
}

/*
 * Entries that somebody may see: those for everything, for whoever sees any cluster; those of a label, for whoever sees a
 * cluster with it; those of a cluster, for whoever sees it. An entry of a cluster that is not registered any more is in no
 * list.
 */

/** By name. */
export async function listWindows(db: Reader, visibility: Visibility): Promise<readonly MaintenanceWindow[]> {
  const rows = await db
    .selectFrom('maintenance_window')
    .selectAll()
    .where(isEntryVisible(visibility, 'maintenance_window'))
    .orderBy('name')
    .orderBy('id')
    .execute();
  return rows.map(toWindow);
}

export async function findVisibleWindow(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<MaintenanceWindow | null> {
  const row = await db
    .selectFrom('maintenance_window')
    .selectAll()
    .where('id', '=', id)
    .where(isEntryVisible(visibility, 'maintenance_window'))
    .executeTakeFirst();
  return row === undefined ? null : toWindow(row);
}

/** Those of them that somebody may see. */
export async function findVisibleWindows(
  db: Reader,
  { visibility, ids }: { visibility: Visibility; ids: readonly string[] },
): Promise<readonly MaintenanceWindow[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('maintenance_window')
    .selectAll()
    .where('id', 'in', ids)
    .where(isEntryVisible(visibility, 'maintenance_window'))
    .execute();
  return rows.map(toWindow);
}

/** By their begin; `past`: those that are over too. */
export async function listBlackouts(
  db: Reader,
  { visibility, past }: { visibility: Visibility; past: boolean },
): Promise<readonly Blackout[]> {
  let query = db.selectFrom('blackout').selectAll().where(isEntryVisible(visibility, 'blackout'));
  if (!past) query = query.where('until_at', '>', sql<Date>`UTC_TIMESTAMP(3)`);
  const rows = await query.orderBy('from_at').orderBy('id').execute();
  return rows.map(toBlackout);
}

export async function findVisibleBlackout(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<Blackout | null> {
  const row = await db
    .selectFrom('blackout')
    .selectAll()
    .where('id', '=', id)
    .where(isEntryVisible(visibility, 'blackout'))
    .executeTakeFirst();
  return row === undefined ? null : toBlackout(row);
}

/** Newest first; `ended`: those that were released or are over too. */
export async function listHolds(
  db: Reader,
  { visibility, ended }: { visibility: Visibility; ended: boolean },
): Promise<readonly KeptHold[]> {
  let query = db.selectFrom('automation_hold').selectAll().where(isEntryVisible(visibility, 'automation_hold'));
  if (!ended) {
    query = query
      .where('open_scope', 'is not', null)
      .where((hold) => hold.or([hold('until_at', 'is', null), hold('until_at', '>', sql<Date>`UTC_TIMESTAMP(3)`)]));
  }
  const rows = await query.orderBy('held_at', 'desc').orderBy('id', 'desc').execute();
  return rows.map(toHold);
}

export async function findVisibleHold(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<KeptHold | null> {
  const row = await db
    .selectFrom('automation_hold')
    .selectAll()
    .where('id', '=', id)
    .where(isEntryVisible(visibility, 'automation_hold'))
    .executeTakeFirst();
  return row === undefined ? null : toHold(row);
}

/** Whether whoever sees this may see the entry of a table whose rows have a scope. */
export function isEntryVisible(
  visibility: Visibility,
  table: 'maintenance_window' | 'blackout' | 'automation_hold' | 'silence' | 'alert_route' | 'on_call_rotation',
) {
  const kind = sql.ref(`${table}.scope_kind`);
  const value = sql.ref(`${table}.scope_value`);
  const seen = isVisible(visibility, { clusterId: 'seen.id', environment: 'seen.environment' });
  const ofCluster = sql`${kind} = 'cluster' AND EXISTS (SELECT 1 FROM cluster AS seen WHERE seen.id = ${value} AND ${seen})`;
  if (visibility === 'everywhere') return sql<SqlBool>`(${kind} != 'cluster' OR (${ofCluster}))`;
  const { environments, clusterIds } = visibility;
  if (environments.length + clusterIds.length === 0) return sql<SqlBool>`FALSE`;
  const ofLabel = sql`${kind} = 'environment' AND (${
    environments.length === 0 ? sql`FALSE` : sql`${value} IN (${sql.join(environments)})`
  } OR EXISTS (SELECT 1 FROM cluster AS seen WHERE seen.environment = ${value} AND ${seen}))`;
  return sql<SqlBool>`(${kind} = 'all' OR (${ofLabel}) OR (${ofCluster}))`;
}
