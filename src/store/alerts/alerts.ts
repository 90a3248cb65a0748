import type { Alert, Mute } from '../../domain/alert.ts';
import {
  type AlertChange,
  type Condition,
  hiddenBecause,
  type NewAlertEvent,
  textOf,
} from '../../domain/alert-life.ts';
import { newId } from '../../ids.ts';
import { databaseNow, type Queryable, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import type { OnDamaged } from '../readable.ts';
import { alertColumns, labelColumns, readAlert, rememberedColumns, toAlert } from './alert-rows.ts';

export async function findAlert(db: Queryable, id: string): Promise<Alert | null> {
  const row = await db.selectFrom('alert').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toAlert(row);
}

/** Locks and reads the alerts that a sample of this cluster may change. */
export async function lockOpenAlerts(
  tx: Tx,
  clusterId: string,
  onDamaged: OnDamaged = () => undefined,
): Promise<readonly Alert[]> {
  const rows = await tx
    .selectFrom('alert')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('closed_at', 'is', null)
    .orderBy('number')
    .forUpdate()
    .execute();
  return rows.map((row) => readAlert(row, onDamaged));
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

/** Records what is counted or remembered of an alert: no event, no new revision, nothing to show. */
export async function writeAlertRepeat(tx: Tx, alert: Alert): Promise<void> {
  await tx
    .updateTable('alert')
    .set({ ...rememberedColumns(alert), ...labelColumns(alert), last_seen_at: alert.lastSeenAt, node_id: alert.nodeId })
    .where('id', '=', alert.id)
    .execute();
}

export type Opening = {
  readonly cluster: { readonly id: string; readonly name: string; readonly environment: string };
  readonly condition: Condition;
  readonly since: Date;
  readonly mute: Mute;
  readonly isNeverHidden?: boolean;
  readonly at: Date;
};

/** Opens an alert and answers its id. */
export async function insertAlert(
  tx: Tx,
  { cluster, condition, since, mute, isNeverHidden = false, at }: Opening,
): Promise<string> {
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
        isNeverHidden,
        hiddenSince: mute.kind === 'NONE' ? null : at,
        assignee: null,
        resolvedBy: null,
        turns: [],
        flapping: null,
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
      labels: toJson(condition.labels),
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
