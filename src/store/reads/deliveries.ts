import { type SqlBool, sql } from 'kysely';
import type { DeliveryRecord } from '../../domain/delivery/alert-delivery.ts';
import { databaseNow, databaseNowPlus, type Reader } from '../database.ts';

/** What is recorded of telling people of alerts that the caller has read with their rights; those that were not noted are left out. */
export async function deliveriesOfAlerts(db: Reader, alertIds: readonly string[]): Promise<readonly DeliveryRecord[]> {
  const rows = await db
    .selectFrom('alert_delivery')
    .leftJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .select(['alert_delivery.alert_id', 'alert_delivery.channel', 'waits_since', 'decided_at', 'told_at'])
    .select(['slack_card.channel as place', 'slack_card.kind', 'slack_card.state', 'slack_card.error'])
    .where('alert_delivery.alert_id', 'in', alertIds)
    .execute();
  return rows.map(({ alert_id: alertId, channel, place, kind, state, error, ...row }) => ({
    ...{ alertId, channel, waitsSince: row.waits_since, decidedAt: row.decided_at, toldAt: row.told_at },
    card: state === null || place === null || kind === null ? null : { kind, channel: place, state, error },
  }));
}

/** Whoever sends messages plans each channel every minute: nobody does, when one is due for so long. */
const nobodyMs = 180_000;
/** A channel that nobody planned for so long is used no more. */
const unusedMs = 7 * 86_400_000;

/**
 * Whether people are still to be told of the alert: it waits, Slack confirmed no message with it, or nobody is there who would note it.
 * To be asked of rows of `alert` joined with `alert_delivery`, which may be missing.
 */
export function isUntold(db: Reader) {
  const overdue = db
    .selectFrom('alert_channel')
    .select('alert_channel.channel')
    .where('alert_channel.due_at', '<', databaseNowPlus(-nobodyMs))
    .where('alert_channel.due_at', '>', databaseNowPlus(-unusedMs));
  return sql<SqlBool>`(alert_delivery.waits_since IS NOT NULL
    OR (alert_delivery.alert_id IS NOT NULL AND alert_delivery.told_at IS NULL)
    OR (alert_delivery.alert_id IS NULL AND EXISTS (${overdue})))`;
}

/** Since when people are to be told of it, for rows as in `isUntold`. What was LOW waited for the daily message until it changed. */
export const untoldSince = sql<Date>`IF(alert_delivery.severity = 'LOW', alert.changed_at,
  COALESCE(alert_delivery.waits_since, alert_delivery.decided_at, alert.changed_at))`;

/** For how long people may not be told of an alert before something must be wrong. */
const lateMs = {
  /** CRITICAL alerts wait for nobody. */
  critical: 120_000,
  /** From the decision on which message it stands until Slack has confirmed that. */
  decided: 300_000,
  /** MEDIUM alerts wait some minutes for the turn of their group. */
  other: 15 * 60_000,
} as const;

export type Undelivered = {
  readonly count: number;
  /** For how long the oldest of them waits, in milliseconds. */
  readonly oldestMs: number;
  /** What Slack answered to one of their messages; null = no answer that went wrong. */
  readonly error: string | null;
};

/**
 * Alerts that fire, are neither hidden nor taken by anybody, and of which people should have been told by now; not LOW ones, which have
 * the daily message. Counts and times, no names.
 */
export async function readUndelivered(db: Reader): Promise<Undelivered> {
  const row = await db
    .selectFrom('alert')
    .leftJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
    .leftJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .select(({ fn }) => [fn.countAll<number>().as('count'), fn.max('slack_card.error').as('error')])
    .select(sql<number | null>`TIMESTAMPDIFF(MICROSECOND, MIN(${untoldSince}), ${databaseNow}) / 1000`.as('oldest'))
    .where('alert.open_fingerprint', 'is not', null)
    .where('alert.severity', '!=', 'LOW')
    .where('alert.signal_state', '=', 'FIRING')
    .where('alert.muted_by', 'is', null)
    .where('alert.acked_by_id', 'is', null)
    .where(isUntold(db))
    .where((each) =>
      each.or([
        each(untoldSince, '<', databaseNowPlus(-lateMs.other)),
        each.and([each('alert.severity', '=', 'CRITICAL'), each(untoldSince, '<', databaseNowPlus(-lateMs.critical))]),
        each.and([
          each('alert_delivery.waits_since', 'is', null),
          each('alert_delivery.decided_at', '<', databaseNowPlus(-lateMs.decided)),
        ]),
      ]),
    )
    .executeTakeFirst();
  return {
    count: Number(row?.count ?? 0),
    oldestMs: Math.max(0, Number(row?.oldest ?? 0)),
    error: row?.error ?? null,
  };
}
