import type { Selectable } from 'kysely';
import { z } from 'zod';
import {
  type Alert,
  type AlertEvent,
  alertEventTypes,
  alertFingerprint,
  alertSignals,
  type Flapping,
  type Handling,
  type Mute,
  type PersonRef,
  severities,
} from '../../domain/alert.ts';
import type { Alerting } from '../../domain/alert-route.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson, toJson } from '../json.ts';
import { type OnDamaged, readable } from '../readable.ts';

const labels = z.record(z.string(), z.string());
// Made once: making a zod schema costs a hundred times as much as using it.
const severity = z.enum(severities);
const signal = z.enum(alertSignals);
const eventType = z.enum(alertEventTypes);
const time = z.iso.datetime().transform((text) => new Date(text));
const turns = z.array(time);
const flapping = z.object({ since: time, quietSince: time.nullable(), judgedAt: time });

/**
 * No alert is lost because one of its columns was damaged: it counts as CRITICAL and not judged then, with the labels that
 * can be read. The look that finds what it is about again writes these columns anew.
 */
export function toAlert(row: Selectable<Tables['alert']>): Alert {
  return readAlert(row, () => undefined);
}

/** The same, and tells of what was damaged. */
export function readAlert(row: Selectable<Tables['alert']>, onDamaged: OnDamaged): Alert {
  const orElse = <T>(read: () => T, otherwise: T): T => {
    const [found] = readable([row], read, onDamaged);
    return found === undefined ? otherwise : found;
  };
  const about = orElse(() => labelsOf(row), null);
  return {
    id: row.id,
    number: row.number,
    fingerprint: row.fingerprint,
    rule: row.rule,
    severity: orElse(() => severity.parse(row.severity), 'CRITICAL'),
    clusterId: row.cluster_id,
    clusterName: row.cluster_name,
    environment: row.environment,
    nodeId: row.node_id,
    labels: about ?? {},
    ...(about === null ? { isUnreadable: true } : {}),
    title: row.title,
    pastTitle: row.past_title,
    text: row.text,
    signal: orElse(() => signal.parse(row.signal_state), row.closed_at === null ? 'STALE' : 'RESOLVED'),
    handling: handlingOf(row),
    mute: muteOf(row),
    isNeverHidden: row.never_hidden === 1,
    hiddenSince: row.hidden_since,
    assignee: refOf(row.assignee_id, row.assignee_name),
    since: row.since,
    openedAt: row.opened_at,
    lastSeenAt: row.last_seen_at,
    resolvedAt: row.resolved_at,
    resolvedBy: resolvedByOf(row),
    ...(row.switched_off === null ? {} : { switchedOff: row.switched_off }),
    closedAt: row.closed_at,
    count: row.count,
    flaps: row.flaps,
    turns: orElse(() => (row.turns === null ? [] : fromJson(turns, row.turns)), []),
    flapping: orElse(() => (row.flapping === null ? null : fromJson(flapping, row.flapping)), null),
    previousId: row.previous_id,
    revision: row.revision,
    changedAt: row.changed_at,
  };
}

/** What decides where an alert goes; one whose severity cannot be read counts as CRITICAL. */
export function toAlerting(
  row: Pick<Selectable<Tables['alert']>, 'cluster_id' | 'environment' | 'severity'>,
): Alerting {
  const parsed = severity.safeParse(row.severity);
  return {
    ...{ clusterId: row.cluster_id, environment: row.environment },
    severity: parsed.success ? parsed.data : 'CRITICAL',
  };
}

/** An alert with no labels at all is about its cluster: labels that were lost must not look like that. */
function labelsOf({ labels: text, fingerprint, rule, cluster_id: clusterId }: Selectable<Tables['alert']>) {
  const read = fromJson(labels, text);
  const isLost = Object.keys(read).length === 0 && alertFingerprint({ clusterId, rule, labels: read }) !== fingerprint;
  if (isLost) throw new Error('an alert has lost its labels');
  return read;
}

/** The columns that a sample or a person can change; identity and `revision` are not among them. */
export function alertColumns(alert: Alert) {
  const { handling, mute } = alert;
  const isAcked = handling.kind === 'ACKED';
  return {
    open_fingerprint: alert.closedAt === null ? alert.fingerprint : null,
    severity: alert.severity,
    node_id: alert.nodeId,
    ...labelColumns(alert),
    title: alert.title.slice(0, 500),
    past_title: alert.pastTitle?.slice(0, 500) ?? null,
    text: alert.text.slice(0, 4_000),
    signal_state: alert.signal,
    acked_by_id: isAcked ? handling.byId : null,
    acked_by_name: isAcked ? handling.byName : null,
    acked_at: isAcked ? handling.at : null,
    acked_until: isAcked ? handling.until : null,
    ack_reminded: isAcked && handling.reminded ? 1 : 0,
    muted_by: mute.kind === 'NONE' ? null : mute.by,
    muted_because: mute.kind === 'NONE' ? null : mute.because.slice(0, 500),
    never_hidden: alert.isNeverHidden ? 1 : 0,
    hidden_since: alert.hiddenSince,
    assignee_id: alert.assignee?.id ?? null,
    assignee_name: alert.assignee?.name ?? null,
    since: alert.since,
    last_seen_at: alert.lastSeenAt,
    resolved_at: alert.resolvedAt,
    switched_off: alert.switchedOff?.slice(0, 500) ?? null,
    closed_at: alert.closedAt,
    ...rememberedColumns(alert),
  };
}

/** What cannot be read stays as it is, or the next look would take it for the labels of something else. */
export function labelColumns({ labels: about, isUnreadable }: Alert) {
  return isUnreadable ? {} : { labels: toJson(about) };
}

/** The columns that may change without anything to show. */
export function rememberedColumns(alert: Alert) {
  const { resolvedBy } = alert;
  return {
    count: alert.count,
    flaps: alert.flaps,
    turns: alert.turns.length === 0 ? null : toJson(alert.turns.map((turn) => turn.toISOString())),
    flapping: alert.flapping === null ? null : toJson(flappingText(alert.flapping)),
    resolved_by_id: resolvedBy?.id ?? null,
    resolved_by_name: resolvedBy?.name ?? null,
    resolved_confirmed: resolvedBy?.isConfirmed ? 1 : 0,
  };
}

function flappingText({ since, quietSince, judgedAt }: Flapping) {
  return {
    since: since.toISOString(),
    quietSince: quietSince?.toISOString() ?? null,
    judgedAt: judgedAt.toISOString(),
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
  if (by === null) return { kind: 'NONE' };
  return { kind: muteKindOf(by), by, because: because ?? 'something else explains it' };
}

/** Names of rules and runs never look like the name of a silence, or of a window. */
function muteKindOf(by: string): 'SILENCED' | 'MAINTENANCE' | 'INHIBITED' {
  if (/^S-\d+$/.test(by)) return 'SILENCED';
  return by.startsWith('window:') ? 'MAINTENANCE' : 'INHIBITED';
}

function refOf(id: string | null, name: string | null): PersonRef | null {
  return id === null ? null : { id, name: name ?? id };
}

function resolvedByOf(row: Selectable<Tables['alert']>): Alert['resolvedBy'] {
  const ref = refOf(row.resolved_by_id, row.resolved_by_name);
  return ref === null ? null : { ...ref, isConfirmed: row.resolved_confirmed === 1 };
}

function handlingOf(row: Selectable<Tables['alert']>): Handling {
  const { acked_by_id: byId, acked_by_name: byName, acked_at: at, acked_until: until } = row;
  if (byId === null || byName === null || at === null || until === null) return { kind: 'UNACKED' };
  return { kind: 'ACKED', byId, byName, at, until, reminded: row.ack_reminded === 1 };
}
