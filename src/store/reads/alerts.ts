import { type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { Alert, AlertEvent, AlertSignal, Severity } from '../../domain/alert.ts';
import { toAlert, toAlertEvent } from '../alerts/alert-rows.ts';
import type { Reader } from '../database.ts';
import type { Tables } from '../generated/tables.ts';
import { readable } from '../readable.ts';
import { isVisible, type Page, pageOf, type Visibility } from './visibility.ts';

/*
 * Alerts that somebody may see; each function sends one statement. An alert outlives its cluster, so its row says which
 * cluster and environment it belongs to.
 */

export type AlertListFilter = {
  readonly clusterId?: string | null | undefined;
  /** true = not resolved; false = resolved or closed. */
  readonly open?: boolean | null | undefined;
  readonly severities?: readonly Severity[] | null | undefined;
  readonly signals?: readonly AlertSignal[] | null | undefined;
  /** true = people are to be told of them and were not yet; false = all others. */
  readonly untold?: boolean | null | undefined;
  /** Opened at or after. */
  readonly since?: Date | null | undefined;
  /** Opened before. */
  readonly until?: Date | null | undefined;
};

const columns = { clusterId: 'alert.cluster_id', environment: 'alert.environment' };

/** Newest first, by number, which is unique. */
export async function listAlerts(
  db: Reader,
  { visibility, filter, page }: { visibility: Visibility; filter: AlertListFilter; page: Page<{ number: number }> },
): Promise<readonly Alert[]> {
  const part = pageOf(page, { columns: ['alert.number'], direction: 'desc', values: ({ number }) => [number] });
  const rows = await alertsThat(db, { visibility, filter })
    .selectAll('alert')
    .where(part.where)
    .orderBy(part.orderBy)
    .limit(page.limit)
    .execute();
  return part.inOrder(rows.map(toAlert));
}

/** How many alerts fit the filter. */
export async function countAlerts(
  db: Reader,
  which: { visibility: Visibility; filter: AlertListFilter },
): Promise<number> {
  const row = await alertsThat(db, which)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

function alertsThat(db: Reader, { visibility, filter }: { visibility: Visibility; filter: AlertListFilter }) {
  let query = db.selectFrom('alert').where(isVisible(visibility, columns));
  if (filter.clusterId != null) query = query.where('cluster_id', '=', filter.clusterId);
  if (filter.open != null) query = query.where('signal_state', filter.open ? '!=' : '=', 'RESOLVED');
  if (filter.severities != null) query = query.where(isOneOf('severity', filter.severities));
  if (filter.signals != null) query = query.where(isOneOf('signal_state', filter.signals));
  if (filter.untold != null) query = query.where((row) => (filter.untold ? isUntold(row) : row.not(isUntold(row))));
  if (filter.since != null) query = query.where('opened_at', '>=', filter.since);
  if (filter.until != null) query = query.where('opened_at', '<', filter.until);
  return query;
}

/** It goes on, nothing hides it, and Slack confirmed no message with it since it began to wait, a daily one included. */
function isUntold(row: ExpressionBuilder<Tables, 'alert'>) {
  const told = row
    .selectFrom('alert_delivery')
    .select('alert_delivery.alert_id')
    .whereRef('alert_delivery.alert_id', '=', 'alert.id')
    .leftJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .where('alert_delivery.waits_since', 'is', null)
    // Nobody counts as told by a daily message, and more than it is nobody told of LOW alerts.
    .where((each) =>
      each.or([
        each('alert_delivery.told_at', 'is not', null),
        each.and([each('slack_card.kind', '=', 'DIGEST'), each('slack_card.ts', 'is not', null)]),
      ]),
    );
  return row.and([
    row('alert.closed_at', 'is', null),
    row('alert.signal_state', '!=', 'RESOLVED'),
    row('alert.muted_by', 'is', null),
    row.not(row.exists(told)),
  ]);
}

export async function findVisibleAlert(
  db: Reader,
  by: { visibility: Visibility } & ({ id: string } | { number: number }),
): Promise<Alert | null> {
  const row = await db
    .selectFrom('alert')
    .selectAll()
    .where((alert) => ('id' in by ? alert('id', '=', by.id) : alert('number', '=', by.number)))
    .where(isVisible(by.visibility, columns))
    .executeTakeFirst();
  return row === undefined ? null : toAlert(row);
}

export async function findVisibleAlerts(
  db: Reader,
  by: { visibility: Visibility; ids: readonly string[] },
): Promise<readonly Alert[]> {
  const rows = await db
    .selectFrom('alert')
    .selectAll()
    .where('id', 'in', by.ids)
    .where(isVisible(by.visibility, columns))
    .execute();
  return readable(rows, toAlert, () => undefined);
}

/**
 * Alerts changed at or after a time, oldest change first. For a reader that polls: the time of a change is set before the
 * change is committed, so ask from some seconds before the newest change seen, and compare `revision`.
 */
export async function listAlertsChangedSince(
  db: Reader,
  {
    visibility,
    clusterId,
    since,
    limit,
  }: { visibility: Visibility; clusterId: string | null; since: Date; limit: number },
): Promise<readonly Alert[]> {
  const rows = await alertsThat(db, { visibility, filter: { clusterId } })
    .selectAll('alert')
    .where('changed_at', '>=', since)
    .orderBy('changed_at')
    .orderBy('number')
    .limit(limit)
    .execute();
  return rows.map(toAlert);
}

/**
 * Open alerts of clusters that the caller has read with their rights, newest first. There are never many: at most one for
 * each rule and node.
 */
export async function openAlertsOfClusters(db: Reader, clusterIds: readonly string[]): Promise<readonly Alert[]> {
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

/** How many open alerts each cluster has; a cluster without any is left out. */
export async function countOpenAlertsOfClusters(
  db: Reader,
  clusterIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('alert')
    .select(({ fn }) => ['cluster_id', fn.countAll<number>().as('count')])
    .where('cluster_id', 'in', clusterIds)
    .where('closed_at', 'is', null)
    .where('signal_state', '!=', 'RESOLVED')
    .groupBy('cluster_id')
    .execute();
  return new Map(rows.map((row) => [row.cluster_id, Number(row.count)]));
}

/** The newest events of each alert, oldest first. */
export async function eventsOfAlerts(
  db: Reader,
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
  return readable(rows, toAlertEvent, () => undefined);
}

/** `IN ()` is not valid SQL. */
function isOneOf(column: string, values: readonly string[]) {
  return values.length === 0 ? sql<SqlBool>`FALSE` : sql<SqlBool>`${sql.ref(column)} IN (${sql.join(values)})`;
}
