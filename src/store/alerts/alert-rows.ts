import type { Selectable } from 'kysely';
import { z } from 'zod';
import {
  type Alert,
  type AlertEvent,
  alertEventTypes,
  alertSignals,
  type Handling,
  type Mute,
  severities,
} from '../../domain/alert.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson, toJson } from '../json.ts';

const labels = z.record(z.string(), z.string());
// Made once: making a zod schema costs a hundred times as much as using it.
const severity = z.enum(severities);
const signal = z.enum(alertSignals);
const eventType = z.enum(alertEventTypes);

export function toAlert(row: Selectable<Tables['alert']>): Alert {
  return {
    id: row.id,
    number: row.number,
    fingerprint: row.fingerprint,
    rule: row.rule,
    severity: severity.parse(row.severity),
    clusterId: row.cluster_id,
    clusterName: row.cluster_name,
    environment: row.environment,
    nodeId: row.node_id,
    labels: fromJson(labels, row.labels),
    title: row.title,
    pastTitle: row.past_title,
    text: row.text,
    signal: signal.parse(row.signal_state),
    handling: handlingOf(row),
    mute: muteOf(row),
    since: row.since,
    openedAt: row.opened_at,
    lastSeenAt: row.last_seen_at,
    resolvedAt: row.resolved_at,
    closedAt: row.closed_at,
    count: row.count,
    flaps: row.flaps,
    previousId: row.previous_id,
    revision: row.revision,
    changedAt: row.changed_at,
  };
}

/** The columns that a sample or a person can change; identity and `revision` are not among them. */
export function alertColumns(alert: Alert) {
  const { handling, mute } = alert;
  const isAcked = handling.kind === 'ACKED';
  return {
    open_fingerprint: alert.closedAt === null ? alert.fingerprint : null,
    severity: alert.severity,
    node_id: alert.nodeId,
    labels: toJson(alert.labels),
    title: alert.title.slice(0, 500),
    past_title: alert.pastTitle?.slice(0, 500) ?? null,
    text: alert.text.slice(0, 4_000),
    signal_state: alert.signal,
    acked_by_id: isAcked ? handling.byId : null,
    acked_by_name: isAcked ? handling.byName : null,
    acked_at: isAcked ? handling.at : null,
    acked_until: isAcked ? handling.until : null,
    ack_reminded: isAcked && handling.reminded ? 1 : 0,
    muted_by: mute.kind === 'INHIBITED' ? mute.by : null,
    muted_because: mute.kind === 'INHIBITED' ? mute.because.slice(0, 200) : null,
    since: alert.since,
    last_seen_at: alert.lastSeenAt,
    resolved_at: alert.resolvedAt,
    closed_at: alert.closedAt,
    count: alert.count,
    flaps: alert.flaps,
  };
}

export function toAlertEvent(row: Selectable<Tables['alert_event']>): AlertEvent {
  return {
    id: row.id,
    alertId: row.alert_id,
    revision: row.revision,
    at: row.at,
    type: eventType.parse(row.type),
    message: row.message,
    actorId: row.actor_id,
    actorName: row.actor_name,
  };
}

function muteOf({ muted_by: by, muted_because: because }: Selectable<Tables['alert']>): Mute {
  return by === null ? { kind: 'NONE' } : { kind: 'INHIBITED', by, because: because ?? 'something else explains it' };
}

function handlingOf(row: Selectable<Tables['alert']>): Handling {
  const { acked_by_id: byId, acked_by_name: byName, acked_at: at, acked_until: until } = row;
  if (byId === null || byName === null || at === null || until === null) return { kind: 'UNACKED' };
  return { kind: 'ACKED', byId, byName, at, until, reminded: row.ack_reminded === 1 };
}
