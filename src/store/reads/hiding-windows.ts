import type { Alert } from '../../domain/alert.ts';
import type { CalendarScope, HideableSeverity, MaintenanceWindow } from '../../domain/calendar.ts';
import { hidingAt, type OpenWindow, windowHides } from '../../domain/hiding-windows.ts';
import { standAlone } from '../../domain/rules/inhibitions.ts';
import { coversCluster } from '../../domain/why-not-now.ts';
import { toWindow } from '../calendar/calendar-rows.ts';
import type { Reader } from '../database.ts';
import { type OnDamaged, readable } from '../readable.ts';
import { isOpenAlert, newestAlerts } from './alerts-in-scope.ts';
import { isEntryVisible } from './calendar.ts';
import type { Visibility } from './visibility.ts';

/** The maintenance windows that hide alerts and that the reader may see, open or not, by name. One that cannot be read hides nothing. */
export async function hidingWindows(
  db: Reader,
  { visibility, damaged = () => undefined }: { readonly visibility: Visibility; readonly damaged?: OnDamaged },
): Promise<readonly MaintenanceWindow[]> {
  const rows = await db
    .selectFrom('maintenance_window')
    .selectAll()
    .where('hides_alerts_up_to', 'is not', null)
    .where(isEntryVisible(visibility, 'maintenance_window'))
    .orderBy('name')
    .orderBy('id')
    .execute();
  return readable(rows, toWindow, damaged);
}

/** Those of them that are open for this cluster at this time of the database. */
export function hidingOver(
  windows: readonly MaintenanceWindow[],
  { at, ...cluster }: { readonly clusterId: string; readonly environment: string; readonly at: Date },
): readonly OpenWindow[] {
  return hidingAt(
    windows.filter(({ scope }) => coversCluster(scope, cluster)),
    at,
  );
}

/** What a maintenance window would hide if it were open now. */
export type WindowPreview = {
  readonly hidden: readonly Alert[];
  /** Worse ones, those of rules that nothing hides, and those about Starwarden's own work. */
  readonly loud: readonly Alert[];
  /** Set when more alerts are open than were looked at. */
  readonly isCut: boolean;
};

/** Looks at the open alerts that the reader may see within the scope, the newest 2,000. */
export async function previewHidingWindow(
  db: Reader,
  { visibility, scope, upTo }: { visibility: Visibility; scope: CalendarScope; upTo: HideableSeverity },
): Promise<WindowPreview> {
  const { alerts: open, isCut } = await newestAlerts(db, { visibility, scope, which: isOpenAlert });
  const isHidden = (alert: Alert) =>
    !alert.isNeverHidden && !standAlone.includes(alert.rule) && windowHides({ upTo }, alert);
  return {
    hidden: open.filter(isHidden),
    loud: open.filter((alert) => !isHidden(alert)),
    isCut,
  };
}
