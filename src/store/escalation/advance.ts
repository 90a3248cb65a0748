import { sql } from 'kysely';
import type { Alert } from '../../domain/alert.ts';
import { nextStep } from '../../domain/escalation/next-step.ts';
import { toAlert } from '../alerts/alert-rows.ts';
import { findAlert } from '../alerts/alerts.ts';
import { type Claim, claimDue, isDue, isOurs, unclaimed } from '../claims.ts';
import { type Database, databaseNow, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { hasRoutes } from '../reads/escalations.ts';
import { carryOut } from './carry-out.ts';
import { readEscalationFacts } from './facts.ts';

/** Long enough for one transaction; who dies in it leaves nothing, and the next begins anew. */
const claimMs = 15_000;
/** Whatever becomes of an alert wakes its row; this is for what nobody foresaw. */
const lookAgainMs = 3_600_000;

/**
 * Has every open alert looked at that is new or has changed. Without any route nothing is to be done about any, and nothing is
 * written.
 */
export async function wakeEscalations(db: Database): Promise<void> {
  if (!(await hasRoutes(db))) return;
  await sql`INSERT IGNORE INTO escalation (alert_id, due_at)
    SELECT alert.id, ${databaseNow} FROM alert
    LEFT JOIN escalation ON escalation.alert_id = alert.id
    WHERE alert.closed_at IS NULL AND alert.signal_state <> 'RESOLVED' AND alert.severity <> 'LOW'
      AND escalation.alert_id IS NULL`.execute(db);
  await sql`UPDATE escalation JOIN alert ON alert.id = escalation.alert_id
    SET escalation.due_at = ${databaseNow}
    WHERE alert.revision > escalation.seen_revision AND escalation.due_at > ${databaseNow}`.execute(db);
}

/** Alerts that are due to be looked at, the worst first. */
export async function listDueEscalations(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('escalation')
    .leftJoin('alert', 'alert.id', 'escalation.alert_id')
    .select('escalation.alert_id')
    .where(isDue('escalation'))
    .orderBy(sql`FIELD(alert.severity, 'CRITICAL', 'HIGH', 'MEDIUM', 'LOW')`)
    .orderBy('escalation.due_at')
    .limit(limit)
    .execute();
  return rows.map(({ alert_id }) => alert_id);
}

export type Advance = { readonly holder: string; readonly linkedNames: readonly string[] };

/**
 * Looks at one alert that is due: carries out the step that is due, if one still is, and says when to look again, in one
 * transaction under the alert's lock. So of two workers one finds nothing to do, and who acknowledged it in time is not called.
 * Answers whether the alert changed.
 */
export async function advanceEscalation(
  db: Database,
  alertId: string,
  { holder, linkedNames }: Advance,
): Promise<boolean> {
  const claim = await claimDue(db, { table: 'escalation', id: alertId, holder, forMs: claimMs });
  if (claim === null) return false;
  return inTransaction(db, async (tx) => {
    const alert = await lockAlert(tx, alertId);
    if (!(await isStillOurs(tx, claim))) return false;
    if (alert === null || alert.closedAt !== null) {
      await tx.deleteFrom('escalation').where('alert_id', '=', alertId).execute();
      return false;
    }
    return advance(tx, { alert, linkedNames });
  });
}

async function advance(
  tx: Tx,
  { alert, linkedNames }: { alert: Alert; linkedNames: readonly string[] },
): Promise<boolean> {
  const at = await readDatabaseTime(tx);
  const facts = await readEscalationFacts(tx, alert, { at, linkedNames });
  if (facts === null) {
    await lookAgain(tx, alert, null);
    return false;
  }
  const next = nextStep(facts);
  if (next.kind !== 'DUE') {
    await lookAgain(tx, alert, next.kind === 'WAITS' ? next.at : null);
    return false;
  }
  const change = await carryOut(tx, { ...next, alert, facts });
  const now = change === null ? alert : ((await findAlert(tx, alert.id)) ?? alert);
  const after = await readEscalationFacts(tx, now, { at, linkedNames });
  const then = after === null ? null : nextStep(after);
  await lookAgain(tx, now, then?.kind === 'WAITS' ? then.at : null);
  return change !== null;
}

async function lookAgain(tx: Tx, alert: Alert, at: Date | null): Promise<void> {
  await tx
    .updateTable('escalation')
    .set({
      seen_revision: alert.revision,
      due_at: at ?? sql<Date>`TIMESTAMPADD(MICROSECOND, ${lookAgainMs * 1_000}, ${databaseNow})`,
      ...unclaimed,
    })
    .where('alert_id', '=', alert.id)
    .execute();
}

async function lockAlert(tx: Tx, id: string): Promise<Alert | null> {
  const row = await tx.selectFrom('alert').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  return row === undefined ? null : toAlert(row);
}

async function isStillOurs(tx: Tx, claim: Claim): Promise<boolean> {
  const row = await tx.selectFrom('escalation').select('alert_id').where(isOurs(claim)).forUpdate().executeTakeFirst();
  return row !== undefined;
}
