import { can } from '../../domain/access.ts';
import type { Alert } from '../../domain/alert.ts';
import { AppError } from '../../errors.ts';
import { findAlert, findAlertByNumber } from '../../store/alerts/alerts.ts';
import type { RequestContext } from '../request-context.ts';

export async function alert(_: unknown, by: { id?: string | null; number?: number | null }, context: RequestContext) {
  const { db } = context.deps;
  if (by.id != null && by.number == null) return ifVisible(await findAlert(db, by.id), context);
  if (by.number != null && by.id == null) return ifVisible(await findAlertByNumber(db, by.number), context);
  throw new AppError('BAD_USER_INPUT', 'alert takes either id or number', { hint: 'Give exactly one of them.' });
}

/** An alert outlives its cluster, so it says itself where it belongs. */
export function ifVisible(found: Alert | null, { actor }: RequestContext): Alert | null {
  return found !== null && can(actor, 'cluster:read', found) ? found : null;
}
