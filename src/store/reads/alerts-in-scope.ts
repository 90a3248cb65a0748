import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Alert } from '../../domain/alert.ts';
import type { CalendarScope } from '../../domain/calendar.ts';
import { toAlert } from '../alerts/alert-rows.ts';
import type { Reader } from '../database.ts';
import { readable } from '../readable.ts';
import { isVisible, type Visibility } from './visibility.ts';

const mostAlerts = 2_000;

/** To be asked of rows of `alert`. */
export const isOpenAlert = sql<SqlBool>`(alert.closed_at IS NULL AND alert.signal_state != 'RESOLVED')`;

/**
 * Alerts that the reader may see within a scope, the newest 2,000 of those of which `which` holds; `isCut` = there are more. One that
 * cannot be read is left out, as in every list.
 */
export async function newestAlerts(
  db: Reader,
  { visibility, scope, which }: { visibility: Visibility; scope: CalendarScope; which: RawBuilder<SqlBool> },
): Promise<{ readonly alerts: readonly Alert[]; readonly isCut: boolean }> {
  let query = db
    .selectFrom('alert')
    .selectAll()
    .where(isVisible(visibility, { clusterId: 'alert.cluster_id', environment: 'alert.environment' }))
    .where(which);
  if (scope.kind === 'cluster') query = query.where('cluster_id', '=', scope.clusterId);
  if (scope.kind === 'environment') query = query.where('environment', '=', scope.environment);
  const rows = await query
    .orderBy('number', 'desc')
    .limit(mostAlerts + 1)
    .execute();
  return { alerts: readable(rows.slice(0, mostAlerts), toAlert, () => undefined), isCut: rows.length > mostAlerts };
}
