import type { MaintenanceWindow } from '../../domain/calendar.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { type Database, databaseNow, inTransaction, type Tx } from '../database.ts';
import { findVisibleWindow } from '../reads/calendar.ts';
import { visibilityOf } from '../reads/visibility.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { scopeColumns, toWindow } from './calendar-rows.ts';
import { auditChange, authorizeScope, type CalendarChange, checkReason } from './calendar-scope.ts';

/** A window as it is asked for; its times were checked with `mistakesInCron`. */
export type NewWindow = Omit<MaintenanceWindow, 'id' | 'ownerName'>;

/** Throws `ALREADY_EXISTS` when the scope has a window of this name, besides what `authorizeScope` throws. */
export async function createMaintenanceWindow(
  db: Database,
  window: NewWindow,
  by: CalendarChange,
): Promise<MaintenanceWindow> {
  const action = 'createMaintenanceWindow';
  const { scope, name } = window;
  const reason = checkReason(window.reason);
  const known = await authorizeScope(db, { by, scope, permission: 'calendar:manage', action });
  if (window.hidesAlertsUpTo !== null) await authorizeScope(db, { by, scope, permission: 'alert:silence', action });
  const id = newId('win');
  try {
    return await inTransaction(db, async (tx) => {
      await tx
        .insertInto('maintenance_window')
        .values({
          id,
          name,
          ...scopeColumns(scope),
          applies_to: window.appliesTo,
          cron: window.cron,
          time_zone: window.timeZone,
          duration_minutes: window.durationMinutes,
          hides_alerts_up_to: window.hidesAlertsUpTo,
          reason,
          owner_id: by.actor.id,
          owner_name: by.actor.name,
          created_at: databaseNow,
        })
        .execute();
      const made = await readWindow(tx, id);
      await auditChange(tx, by, { action, ...known, outcome: 'DONE', detail: detailOf(made) });
      return made;
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('ALREADY_EXISTS', `There is a maintenance window "${name}" for ${known.called} already`, {
      hint: 'Choose another name, or delete that one first.',
      path: ['input', 'name'],
      cause: error,
    });
  }
}

/** Throws `NOT_FOUND`, also for a window that the actor may not see, besides what `authorizeScope` throws. */
export async function deleteMaintenanceWindow(
  db: Database,
  id: string,
  by: CalendarChange,
): Promise<MaintenanceWindow> {
  const action = 'deleteMaintenanceWindow';
  const seen = await findVisibleWindow(db, { visibility: visibilityOf(by.actor, 'cluster:read'), id });
  if (seen === null) throw noWindow(id);
  const known = await authorizeScope(db, { by, scope: seen.scope, permission: 'calendar:manage', action });
  return inTransaction(db, async (tx) => {
    const deleted = await tx.deleteFrom('maintenance_window').where('id', '=', id).executeTakeFirst();
    if (deleted.numDeletedRows === 0n) throw noWindow(id);
    await auditChange(tx, by, { action, ...known, outcome: 'DONE', detail: detailOf(seen) });
    return seen;
  });
}

async function readWindow(tx: Tx, id: string): Promise<MaintenanceWindow> {
  return toWindow(await tx.selectFrom('maintenance_window').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
}

function noWindow(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no maintenance window ${id}`, {
    hint: 'The query maintenanceWindows lists them.',
    path: ['id'],
  });
}

function detailOf({
  id,
  name,
  appliesTo,
  cron,
  timeZone,
  durationMinutes,
  hidesAlertsUpTo,
  reason,
}: MaintenanceWindow) {
  return { id, name, appliesTo, cron, timeZone, durationMinutes, hidesAlertsUpTo, reason };
}
