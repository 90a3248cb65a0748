import { sql } from 'kysely';
import type { Alert, AlertEvent } from '../../domain/alert.ts';
import { toAlert, toAlertEvent } from '../alerts/alert-rows.ts';
import type { Queryable } from '../database.ts';

/*
 * Reads for many clusters or alerts at once. Each function sends one statement, however many ids it is given.
 */

/** Newest first. There are never many: one for each rule and node at most is open. */
export async function openAlertsOfClusters(db: Queryable, clusterIds: readonly string[]): Promise<readonly Alert[]> {
  const rows = await db
    .selectFrom('alert')
    .selectAll()
    .where('cluster_id', 'in', clusterIds)
    .where('closed_at', 'is', null)
    .where('signal_state', '!=', 'RESOLVED')
    .orderBy('number', 'desc')
    .execute();
  return rows.map(toAlert);
}

/** The newest events of each alert, oldest first. */
export async function eventsOfAlerts(
  db: Queryable,
  { alertIds, limit }: { alertIds: readonly string[]; limit: number },
): Promise<readonly AlertEvent[]> {
  const rows = await db
    .selectFrom((from) =>
      from
        .selectFrom('alert_event')
        .selectAll()
        .select(sql<number>`ROW_NUMBER() OVER (PARTITION BY alert_id ORDER BY id DESC)`.as('place'))
        .where('alert_id', 'in', alertIds)
        .as('numbered'),
    )
    .select(['id', 'alert_id', 'revision', 'at', 'type', 'message', 'actor_id', 'actor_name'])
    .where('place', '<=', limit)
    .orderBy('id')
    .execute();
  return rows.map(toAlertEvent);
}

/** How many alerts are not resolved, by severity. */
export async function countOpenAlerts(db: Queryable): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('alert')
    .select(({ fn }) => ['severity', fn.countAll<number>().as('count')])
    .where('closed_at', 'is', null)
    .where('signal_state', '!=', 'RESOLVED')
    .groupBy('severity')
    .execute();
  return new Map(rows.map((row) => [row.severity, Number(row.count)]));
}
