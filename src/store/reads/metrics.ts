import { sql } from 'kysely';
import { drivenRunStates } from '../../domain/run.ts';
import { isDue } from '../claims.ts';
import { databaseNow, type Reader } from '../database.ts';
import { isUntold, untoldSince } from './deliveries.ts';
import { listUsableTokens } from './tokens.ts';

/*
 * Figures of the whole installation, for whoever may read its metrics: counts and times, no names.
 */

/** How many runs are in each state, and how long the oldest one that is due has waited for a worker, in milliseconds. */
export async function readRunMetrics(
  db: Reader,
): Promise<{ byState: ReadonlyMap<string, number>; queueLagMs: number }> {
  const counts = await db
    .selectFrom('run')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  const due = await db
    .selectFrom('run')
    .select(
      sql<number | null>`TIMESTAMPDIFF(MICROSECOND, MIN(COALESCE(due_at, created_at)), ${databaseNow}) / 1000`.as(
        'lag',
      ),
    )
    .where('state', 'in', drivenRunStates)
    .where(isDue('run'))
    .executeTakeFirst();
  return {
    byState: new Map(counts.map((row) => [row.state, Number(row.count)])),
    queueLagMs: Math.max(0, Number(due?.lag ?? 0)),
  };
}

/** How many alerts are not resolved, by severity. */
export async function countOpenAlerts(db: Reader): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('alert')
    .select(({ fn }) => ['severity', fn.countAll<number>().as('count')])
    .where('closed_at', 'is', null)
    .where('signal_state', '!=', 'RESOLVED')
    .groupBy('severity')
    .execute();
  return new Map(rows.map((row) => [row.severity, Number(row.count)]));
}

/** What should be in Slack and is not; for metrics and alarms. */
export async function readDeliveryHealth(
  db: Reader,
): Promise<{ unsent: number; failed: number; oldestUnsentMs: number | null }> {
  const row = await db
    .selectFrom('slack_card')
    .select((builder) => [
      builder.fn.countAll().as('unsent'),
      builder.fn.sum(builder.case().when('state', '=', 'FAILED').then(1).else(0).end()).as('failed'),
      sql<number | null>`TIMESTAMPDIFF(MICROSECOND, MIN(created_at), UTC_TIMESTAMP(3)) / 1000`.as('oldest'),
    ])
    .where('ts', 'is', null)
    .executeTakeFirstOrThrow();
  return {
    unsent: Number(row.unsent),
    failed: Number(row.failed ?? 0),
    oldestUnsentMs: row.oldest === null ? null : Number(row.oldest),
  };
}

/**
 * For how long the oldest CRITICAL alert that fires, and that nothing hides, has waited for Slack to confirm a message that tells
 * of it, in milliseconds; 0 = people were told of all of them. One that was LOW a moment ago, and waited for the daily message or
 * stands in one, counts from when it changed; one that nobody noted once nobody is there who would.
 */
export async function readUntoldCriticalMs(db: Reader): Promise<number> {
  const row = await db
    .selectFrom('alert')
    .leftJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
    .select(sql<number | null>`TIMESTAMPDIFF(MICROSECOND, MIN(${untoldSince}), ${databaseNow}) / 1000`.as('waited'))
    .where('alert.open_fingerprint', 'is not', null)
    .where('alert.severity', '=', 'CRITICAL')
    .where('alert.signal_state', '=', 'FIRING')
    .where('alert.muted_by', 'is', null)
    .where(isUntold(db))
    .executeTakeFirst();
  return Math.max(0, Number(row?.waited ?? 0));
}

/** How long from this time until the first token ends that works now and that no other replaces, in milliseconds; Infinity = none ends. */
export async function readFirstTokenEndMs(db: Reader, now: Date): Promise<number> {
  const ends = (await listUsableTokens(db, { personId: null, now })).flatMap(({ expiresAt, isSettled }) =>
    expiresAt === null || isSettled ? [] : [expiresAt.getTime() - now.getTime()],
  );
  return Math.min(...ends, Number.POSITIVE_INFINITY);
}
