import { type Actor, can } from '../../domain/access.ts';
import { type Alert, alertName } from '../../domain/alert.ts';
import type { AlertChange } from '../../domain/alert-life.ts';
import { keptInWords } from '../../domain/alert-retention.ts';
import { AppError } from '../../errors.ts';
import { insertAudit } from '../access/audit.ts';
import { type Database, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { findVisibleAlert } from '../reads/alerts.ts';
import { visibilityOf } from '../reads/visibility.ts';
import { toAlert } from './alert-rows.ts';
import { findAlert, writeAlertChange } from './alerts.ts';

export type HandlingRequest = {
  readonly alertId: string;
  readonly actor: Actor;
  readonly comment?: string | null;
  readonly requestId?: string | null;
  /** Notified of `alert:<id>` when the alert changed. */
  readonly changed: (topic: string) => void;
};

export type Handled = HandlingRequest & { readonly action: string };

/**
 * May the actor see the alert, and handle it? Then one transaction: change, event and audit row. A decision that is null
 * changes nothing.
 */
export async function handle(
  db: Database,
  request: Handled,
  decide: (alert: Alert, at: Date) => AlertChange | null,
): Promise<Alert> {
  return handleIn(db, request, async (tx, alert, at) => {
    const change = decide(alert, at);
    if (change !== null) await writeAlertChange(tx, change, request.actor);
    return change !== null;
  });
}

/** The same for what writes more than the alert; it answers whether it changed anything, and holds the alert's lock. */
export async function handleIn(
  db: Database,
  request: Handled,
  work: (tx: Tx, alert: Alert, at: Date) => Promise<boolean>,
): Promise<Alert> {
  await authorize(db, request);
  const isChanged = await inTransaction(db, async (tx) => {
    const alert = await lockAlert(tx, request.alertId);
    if (!(await work(tx, alert, await readDatabaseTime(tx)))) return false;
    await insertAudit(tx, auditOf(alert, request, 'DONE'));
    return true;
  });
  if (isChanged) request.changed(`alert:${request.alertId}`);
  return toKnown(await findAlert(db, request.alertId), request.alertId);
}

async function authorize(db: Database, request: Handled): Promise<void> {
  const { actor, alertId } = request;
  // An actor who may not see the cluster does not learn that the alert exists.
  const seen = await findVisibleAlert(db, { visibility: visibilityOf(actor, 'cluster:read'), id: alertId });
  const alert = toKnown(seen, alertId);
  if (can(actor, 'alert:handle', alert)) return;
  await insertAudit(db, auditOf(alert, request, 'FORBIDDEN'));
  throw new AppError('FORBIDDEN', `${actor.name} may not handle alerts of ${alert.clusterName}`, {
    hint: 'It needs the permission alert:handle.',
  });
}

async function lockAlert(tx: Tx, id: string): Promise<Alert> {
  const row = await tx.selectFrom('alert').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  return toKnown(row === undefined ? null : toAlert(row), id);
}

/** For what makes no sense on an alert that is over. */
export function refuseUnlessOpen(alert: Alert): void {
  if (alert.signal !== 'RESOLVED') return;
  throw new AppError('PRECONDITION_FAILED', `${alertName(alert)} is resolved; there is nothing to take care of`, {
    hint: 'If it fires again within 15 minutes, it is the same alert.',
  });
}

function toKnown(alert: Alert | null, id: string): Alert {
  if (alert === null) throw notFound(id);
  return alert;
}

function notFound(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no alert ${id}`, {
    hint: `Look at the list of alerts for its id. ${keptInWords}`,
  });
}

function auditOf(alert: Alert, { actor, action, comment, requestId }: Handled, outcome: string) {
  return {
    actor,
    action,
    subject: alertName(alert),
    clusterId: alert.clusterId,
    outcome,
    detail: comment ? { comment } : null,
    runId: null,
    requestId: requestId ?? null,
  };
}

/** What somebody did, with what they said about it. */
export function said(what: string, comment: string | null | undefined): string {
  return comment ? `${what}: ${comment}` : what;
}
