import type { Scope } from '../../domain/access.ts';
import type { Alert, AlertEvent, AlertSignal, Mute, Severity } from '../../domain/alert.ts';
import {
  type AlertChange,
  type Condition,
  hiddenBecause,
  type NewAlertEvent,
  textOf,
} from '../../domain/alert-life.ts';
import { newId } from '../../ids.ts';
import { databaseNow, type Queryable, type Tx } from '../database.ts';
import { alertColumns, toAlert, toAlertEvent } from './alert-rows.ts';

export type AlertFilter = {
  readonly clusterIds?: readonly string[];
  /** true = not resolved; false = resolved or closed. */
  readonly open?: boolean;
  readonly rule?: string;
  readonly severities?: readonly Severity[];
  readonly signals?: readonly AlertSignal[];
  /** What the asker's roles cover; left out = everything. */
  readonly visibleTo?: readonly Scope[];
  /** Opened at or after. */
  readonly since?: Date;
  /** Opened before. */
  readonly until?: Date;
  /** Only alerts with a smaller number: the next page. */
  readonly beforeNumber?: number;
  /** Only alerts with a greater number. */
  readonly afterNumber?: number;
  /** The oldest of them rather than the newest, still newest first. */
  readonly backward?: boolean;
  readonly limit: number;
};

/** Newest first. */
export async function listAlerts(db: Queryable, filter: AlertFilter): Promise<readonly Alert[]> {
  if (matchesNothing(filter)) return [];
  const { backward = false, limit } = filter;
  const rows = await alertsThat(db, filter)
    .selectAll()
    .orderBy('number', backward ? 'asc' : 'desc')
    .limit(limit)
    .execute();
  const found = rows.map(toAlert);
  return backward ? found.toReversed() : found;
}

/** How many there are of them, wherever a page would begin. */
export async function countAlerts(db: Queryable, filter: Omit<AlertFilter, 'limit'>): Promise<number> {
  if (matchesNothing(filter)) return 0;
  const row = await alertsThat(db, filter)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** `IN ()` is no SQL, and the answer is known. */
function matchesNothing({ clusterIds, severities, signals, visibleTo }: Omit<AlertFilter, 'limit'>): boolean {
  return [clusterIds, severities, signals, visibleTo].some((list) => list?.length === 0);
}

function alertsThat(db: Queryable, filter: Omit<AlertFilter, 'limit'>) {
  const { clusterIds, open, rule, severities, signals, visibleTo, beforeNumber, afterNumber, since, until } = filter;
  let query = db.selectFrom('alert');
  if (clusterIds !== undefined) query = query.where('cluster_id', 'in', clusterIds);
  if (open !== undefined) query = query.where('signal_state', open ? '!=' : '=', 'RESOLVED');
  if (rule !== undefined) query = query.where('rule', '=', rule);
  if (severities !== undefined) query = query.where('severity', 'in', severities);
  if (signals !== undefined) query = query.where('signal_state', 'in', signals);
  if (beforeNumber !== undefined) query = query.where('number', '<', beforeNumber);
  if (afterNumber !== undefined) query = query.where('number', '>', afterNumber);
  if (since !== undefined) query = query.where('opened_at', '>=', since);
  if (until !== undefined) query = query.where('opened_at', '<', until);
  if (visibleTo?.every((scope) => scope.kind !== 'all')) {
    query = query.where((row) =>
      row.or(
        visibleTo.flatMap((scope) => {
          if (scope.kind === 'cluster') return row('cluster_id', '=', scope.clusterId);
          return scope.kind === 'environment' ? row('environment', '=', scope.environment) : [];
        }),
      ),
    );
  }
  return query;
}

export async function findAlert(db: Queryable, id: string): Promise<Alert | null> {
  const row = await db.selectFrom('alert').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toAlert(row);
}

/** By the short number that people type: 7 for `A-7`. */
export async function findAlertByNumber(db: Queryable, number: number): Promise<Alert | null> {
  const row = await db.selectFrom('alert').selectAll().where('number', '=', number).executeTakeFirst();
  return row === undefined ? null : toAlert(row);
}

/**
 * Alerts changed at or after a time, oldest change first. For a reader that polls: a change is stamped before it is
 * committed, so look back some seconds further than the newest one seen, and compare `revision`.
 */
export async function listAlertsChangedSince(
  db: Queryable,
  { since, limit }: { since: Date; limit: number },
): Promise<readonly Alert[]> {
  const rows = await db
    .selectFrom('alert')
    .selectAll()
    .where('changed_at', '>=', since)
    .orderBy('changed_at')
    .orderBy('number')
    .limit(limit)
    .execute();
  return rows.map(toAlert);
}

/** An alert's history, oldest first. */
export async function listAlertEvents(
  db: Queryable,
  { alertId, afterId = 0, limit }: { alertId: string; afterId?: number; limit: number },
): Promise<readonly AlertEvent[]> {
  const rows = await db
    .selectFrom('alert_event')
    .selectAll()
    .where('alert_id', '=', alertId)
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toAlertEvent);
}

/** Locks and reads what a sample of this cluster may change. */
export async function lockOpenAlerts(tx: Tx, clusterId: string): Promise<readonly Alert[]> {
  const rows = await tx
    .selectFrom('alert')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('closed_at', 'is', null)
    .orderBy('number')
    .forUpdate()
    .execute();
  return rows.map(toAlert);
}

/** Writes a change with its events; the revision grows by one. The caller holds the row's lock. */
export async function writeAlertChange(
  tx: Tx,
  { alert, events }: AlertChange,
  actor: { id: string; name: string } | null = null,
): Promise<void> {
  const revision = alert.revision + 1;
  await tx
    .updateTable('alert')
    .set({ ...alertColumns(alert), revision, changed_at: databaseNow })
    .where('id', '=', alert.id)
    .execute();
  await insertEvents(tx, { alertId: alert.id, revision, events, actor });
}

/** Notes a repeat: no event, no new revision, nothing to show. */
export async function writeAlertRepeat(tx: Tx, alert: Alert): Promise<void> {
  await tx
    .updateTable('alert')
    .set({ count: alert.count, last_seen_at: alert.lastSeenAt, node_id: alert.nodeId })
    .where('id', '=', alert.id)
    .execute();
}

export type Opening = {
  readonly cluster: { readonly id: string; readonly name: string; readonly environment: string };
  readonly condition: Condition;
  readonly since: Date;
  readonly mute: Mute;
  readonly at: Date;
};

/** Opens an alert and answers its id. */
export async function insertAlert(tx: Tx, { cluster, condition, since, mute, at }: Opening): Promise<string> {
  const id = newId('alr');
  const text = textOf(condition, since);
  const previous = await tx
    .selectFrom('alert')
    .select('id')
    .where('fingerprint', '=', condition.fingerprint)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  await tx
    .insertInto('alert')
    .values({
      ...alertColumns({
        ...condition,
        id,
        number: 0,
        clusterId: cluster.id,
        clusterName: cluster.name,
        environment: cluster.environment,
        text,
        signal: 'FIRING',
        handling: { kind: 'UNACKED' },
        mute,
        since,
        openedAt: at,
        lastSeenAt: at,
        resolvedAt: null,
        closedAt: null,
        count: 1,
        flaps: 0,
        previousId: null,
        revision: 1,
        changedAt: at,
      }),
      id,
      fingerprint: condition.fingerprint,
      rule: condition.rule,
      cluster_id: cluster.id,
      cluster_name: cluster.name,
      environment: cluster.environment,
      opened_at: at,
      previous_id: previous?.id ?? null,
      revision: 1,
      changed_at: databaseNow,
    })
    .execute();
  await insertEvents(tx, {
    alertId: id,
    revision: 1,
    events: [{ type: 'OPENED', message: `${condition.title}. ${text}` }, ...eventsOf(mute)],
    actor: null,
  });
  return id;
}

function eventsOf(mute: Mute): NewAlertEvent[] {
  return mute.kind === 'NONE' ? [] : [{ type: 'MUTED', message: hiddenBecause(mute) }];
}

type NewEvents = {
  alertId: string;
  revision: number;
  events: AlertChange['events'];
  actor: { id: string; name: string } | null;
};

async function insertEvents(tx: Tx, { alertId, revision, events, actor }: NewEvents): Promise<void> {
  const values = events.map(({ type, message }) => ({
    alert_id: alertId,
    revision,
    at: databaseNow,
    type,
    message: message.slice(0, 4_000),
    actor_id: actor?.id ?? null,
    actor_name: actor?.name ?? null,
  }));
  await tx.insertInto('alert_event').values(values).execute();
}
