import { type SqlBool, sql } from 'kysely';
import type { Alert } from '../../domain/alert.ts';
import { findAlert, writeAlertChange } from '../alerts/alerts.ts';
import { type Claim, claimDue, isDue, isOurs, unclaimed } from '../claims.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, readDatabaseTime } from '../database.ts';
import { type RouteDefinition, toRoute } from './escalation-rows.ts';

/** States in which a webhook is still to be called. */
const openStates = ['QUEUED', 'SENDING', 'UNKNOWN'] as const;
/** Longer than one call takes. */
const claimMs = 30_000;
/** After so long it is given up, and the alert's history says so. */
const giveUpMs = 3_600_000;
const backOffsMs = [1_000, 5_000, 15_000, 60_000] as const;
const slowestMs = 300_000;

export type WebhookDelivery = {
  readonly id: string;
  readonly claim: Claim;
  readonly alertId: string;
  readonly body: string;
  /** True when it may have been received before: it was sent, and nobody knows what became of it. */
  readonly mayRepeat: boolean;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly webhook: RouteDefinition['webhook'];
};

export async function listDueWebhooks(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('escalation_delivery')
    .select('id')
    .where('kind', '=', 'WEBHOOK')
    .where('state', 'in', openStates)
    .where(isDue('escalation_delivery'))
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/**
 * Claims a call that is due and records that it begins, so that a process that dies in it leaves a row that says so. Null = somebody
 * else has it, or nobody has to be called any more: the alert was taken or is over, and nothing was ever sent.
 */
export async function claimWebhook(db: Database, id: string, holder: string): Promise<WebhookDelivery | null> {
  const still = sql<SqlBool>`kind = 'WEBHOOK' AND state IN ('QUEUED', 'SENDING', 'UNKNOWN')`;
  const claim = await claimDue(db, { table: 'escalation_delivery', id, holder, forMs: claimMs, still });
  if (claim === null) return null;
  return inTransaction(db, async (tx) => {
    const row = await tx
      .selectFrom('escalation_delivery')
      .innerJoin('alert_route', 'alert_route.id', 'escalation_delivery.route_id')
      .select(['alert_id', 'body', 'state', 'attempts', 'escalation_delivery.created_at'])
      .selectAll('alert_route')
      .select('escalation_delivery.created_at as made_at')
      .where(isOurs(claim))
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return null;
    const mayRepeat = row.state !== 'QUEUED';
    const why = mayRepeat ? null : whyNobody(await findAlert(tx, row.alert_id));
    if (why !== null) {
      await tx
        .updateTable('escalation_delivery')
        .set({ state: 'DROPPED', outcome: why, done_at: databaseNow, ...unclaimed })
        .where(isOurs(claim))
        .execute();
      return null;
    }
    await tx
      .updateTable('escalation_delivery')
      .set({ state: 'SENDING', attempts: row.attempts + 1 })
      .where(isOurs(claim))
      .execute();
    return {
      ...{ id, claim, alertId: row.alert_id, body: row.body ?? '{}', mayRepeat },
      ...{ attempts: row.attempts + 1, createdAt: row.made_at, webhook: toRoute(row).webhook },
    };
  });
}

function whyNobody(alert: Alert | null): string | null {
  if (alert === null) return 'the alert is gone';
  if (alert.signal === 'RESOLVED') return 'it was resolved before';
  return alert.handling.kind === 'ACKED' ? `${alert.handling.byName} had taken it before`.slice(0, 255) : null;
}

export type WebhookResult = {
  readonly kind: 'TAKEN' | 'REFUSED' | 'LATER' | 'UNKNOWN';
  readonly said: string;
};

/**
 * Records what became of a call and gives the claim back; nothing when somebody else has claimed it meanwhile. What is refused or
 * given up is told in the alert's history. Answers whether the alert changed.
 */
export async function recordWebhook(db: Database, sent: WebhookDelivery, result: WebhookResult): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const alert = await tx
      .selectFrom('alert')
      .select('id')
      .where('id', '=', sent.alertId)
      .forUpdate()
      .executeTakeFirst();
    const now = await readDatabaseTime(tx);
    const isOver = now.getTime() - sent.createdAt.getTime() >= giveUpMs;
    const isEnd = result.kind === 'TAKEN' || result.kind === 'REFUSED' || isOver;
    // What may have arrived stays unknown, also when it is given up.
    const mayHaveArrived = result.kind === 'UNKNOWN' || (result.kind === 'LATER' && sent.mayRepeat);
    const state = {
      TAKEN: 'SENT',
      REFUSED: 'FAILED',
      LATER: isOver ? (mayHaveArrived ? 'GIVEN_UP' : 'FAILED') : mayHaveArrived ? 'UNKNOWN' : 'QUEUED',
      UNKNOWN: isOver ? 'GIVEN_UP' : 'UNKNOWN',
    }[result.kind];
    const written = await tx
      .updateTable('escalation_delivery')
      .set({
        ...{ state, outcome: result.said.slice(0, 255), ...unclaimed },
        ...(isEnd ? { done_at: databaseNow } : { due_at: databaseNowPlus(backOffsMs[sent.attempts - 1] ?? slowestMs) }),
      })
      .where(isOurs(sent.claim))
      .executeTakeFirst();
    if (written.numUpdatedRows === 0n || !isEnd || state === 'SENT' || alert === undefined) return false;
    const known = await findAlert(tx, sent.alertId);
    if (known === null) return false;
    const message =
      state === 'GIVEN_UP'
        ? `The webhook did not answer in ${sent.attempts} attempts (${result.said}): whether it was called is not known`
        : `The webhook was not called: ${result.said}`;
    await writeAlertChange(tx, { alert: known, events: [{ type: 'NOT_DELIVERED', message }] });
    return true;
  });
}
