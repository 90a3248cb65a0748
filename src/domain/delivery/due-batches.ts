import { type Severity, severities } from '../alert.ts';
import {
  type ChannelState,
  type GroupKey,
  groupKeyOf,
  type OpenGroup,
  type Wait,
  type WaitingAlert,
  type WaitReason,
} from './channel-state.ts';
import type { DeliveryTimes } from './delivery-times.ts';

/** The waiting alerts of one group, and when they are told. */
export type Batch = GroupKey & {
  readonly alertIds: readonly string[];
  readonly group: OpenGroup | null;
  readonly dueAt: Date;
  readonly because: WaitReason;
};

/** What is told as it comes. LOW alerts stand in the daily message alone. */
type Urgent = WaitingAlert & { readonly severity: Exclude<Severity, 'LOW'> };

function isUrgent(alert: WaitingAlert): alert is Urgent {
  return alert.severity !== 'LOW';
}

/** Puts what waits into batches, the most urgent first: by severity, then by when they are due. LOW alerts are in none. */
export function batchesOf({ waiting, groups }: ChannelState, times: DeliveryTimes): readonly Batch[] {
  const known = new Map(groups.map((group) => [groupKeyOf(group), group]));
  const byKey = Map.groupBy(waiting.filter(isUrgent), groupKeyOf);
  const batches = [...byKey].map(([key, alerts]) => batchOf(alerts, { group: known.get(key) ?? null, times }));
  return batches.toSorted(
    (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity) || a.dueAt.getTime() - b.dueAt.getTime(),
  );
}

function batchOf(
  alerts: readonly Urgent[],
  { group, times }: { group: OpenGroup | null; times: DeliveryTimes },
): Batch {
  const [{ clusterId, family, severity } = never()] = alerts;
  const since = Math.min(...pieces(alerts.map((alert) => alert.since.getTime())));
  const begun = { clusterId, family, severity, alertIds: alerts.map(({ id }) => id), group };
  if (group === null) return { ...begun, dueAt: new Date(since + times.firstMs[severity]), because: 'FIRST' };
  const further = since + times.furtherMs[severity];
  // A CRITICAL alert joins at once what is there; only the message that says so keeps the interval.
  const interval = severity === 'CRITICAL' ? 0 : group.joinedAt.getTime() + times.intervalMs[severity];
  return {
    ...begun,
    dueAt: new Date(Math.max(further, interval)),
    because: interval > further ? 'INTERVAL' : 'FURTHER',
  };
}

/** The smallest of each thousand: an endless list of arguments is refused. */
function pieces(values: readonly number[]): number[] {
  const smallest: number[] = [];
  for (let at = 0; at < values.length; at += 1_000) smallest.push(Math.min(...values.slice(at, at + 1_000)));
  return smallest;
}

function never(): never {
  throw new Error('a batch has at least one alert');
}

export function waitsOf(batch: Batch): readonly Wait[] {
  return batch.alertIds.map((alertId) => ({ alertId, because: batch.because, until: batch.dueAt }));
}

/** LOW alerts wait for the next daily message; once its hour has come, or while none is planned, no time is known. */
export function dailyWaits({ waiting, daily, now }: ChannelState): readonly Wait[] {
  if (daily === null || daily.at <= now) return [];
  const { at: until, timeZone } = daily;
  return waiting
    .filter((alert) => !isUrgent(alert))
    .map(({ id }) => ({ alertId: id, because: 'DAILY', until, timeZone }));
}
