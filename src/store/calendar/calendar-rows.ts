import type { Selectable } from 'kysely';
import {
  type Blackout,
  type CalendarReach,
  type CalendarScope,
  calendarReaches,
  type KeptHold,
  type MaintenanceWindow,
} from '../../domain/calendar.ts';
import { asHideable } from '../../domain/hiding-windows.ts';
import { AppError } from '../../errors.ts';
import type { Tables } from '../generated/tables.ts';

export type WindowRow = Selectable<Tables['maintenance_window']>;
export type BlackoutRow = Selectable<Tables['blackout']>;
export type HoldRow = Selectable<Tables['automation_hold']>;

export function toWindow(row: WindowRow): MaintenanceWindow {
  return {
    id: row.id,
    name: row.name,
    scope: toScope(row),
    appliesTo: toReach(row.applies_to),
    cron: row.cron,
    timeZone: row.time_zone,
    durationMinutes: row.duration_minutes,
    // What no window may hide, or what a newer version knows: it hides nothing.
    hidesAlertsUpTo: asHideable(row.hides_alerts_up_to),
    reason: row.reason,
    ownerName: row.owner_name,
  };
}

export function toBlackout(row: BlackoutRow): Blackout {
  return {
    id: row.id,
    name: row.name,
    scope: toScope(row),
    appliesTo: toReach(row.applies_to),
    from: row.from_at,
    until: row.until_at,
    reason: row.reason,
    ownerName: row.owner_name,
  };
}

export function toHold(row: HoldRow): KeptHold {
  const scope = toScope(row);
  if (scope.kind === 'environment') throw unreadable(`a hold of an environment, ${row.id}`);
  return {
    id: row.id,
    scope,
    reason: row.reason,
    heldByName: row.held_by_name,
    heldAt: row.held_at,
    until: row.until_at,
    released:
      row.released_at === null || row.released_by_name === null
        ? null
        : { byName: row.released_by_name, at: row.released_at },
  };
}

/** A scope as the two columns that hold it. */
export function scopeColumns(scope: CalendarScope): { scope_kind: string; scope_value: string } {
  switch (scope.kind) {
    case 'all':
      return { scope_kind: 'all', scope_value: '' };
    case 'environment':
      return { scope_kind: 'environment', scope_value: scope.environment };
    case 'cluster':
      return { scope_kind: 'cluster', scope_value: scope.clusterId };
    default:
      return scope satisfies never;
  }
}

/** The scope that the two columns hold. */
export function toScope({ scope_kind, scope_value }: { scope_kind: string; scope_value: string }): CalendarScope {
  switch (scope_kind) {
    case 'all':
      return { kind: 'all' };
    case 'environment':
      return { kind: 'environment', environment: scope_value };
    case 'cluster':
      return { kind: 'cluster', clusterId: scope_value };
    default:
      throw unreadable(`a scope of the kind ${scope_kind}`);
  }
}

function toReach(text: string): CalendarReach {
  const reach = calendarReaches.find((known) => known === text);
  if (reach === undefined) throw unreadable(`an entry about ${text}`);
  return reach;
}

/** Nothing begins by itself while the calendar cannot be read: an entry that is left out might be the one that forbids it. */
function unreadable(what: string): AppError {
  return new AppError('STORE_UNAVAILABLE', `The calendar holds ${what}, which this version cannot read`, {
    hint: 'A newer version of Starwarden wrote it; run that one.',
  });
}
