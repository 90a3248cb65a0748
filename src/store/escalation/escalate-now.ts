import { type Alert, alertName, hiderOf } from '../../domain/alert.ts';
import { AppError } from '../../errors.ts';
import { type HandlingRequest, handleIn, refuseUnlessOpen } from '../alerts/handle.ts';
import { checkReason } from '../calendar/calendar-scope.ts';
import type { Database } from '../database.ts';
import { carryOut } from './carry-out.ts';
import { readEscalationFacts } from './facts.ts';

/**
 * Carries out the next step of an alert now, because a person wants more people to know; also when somebody has the alert. Throws
 * what `handle` throws, and `PRECONDITION_FAILED` when it is resolved or hidden, or when no route says whom to tell.
 */
export async function escalateNow(
  db: Database,
  request: HandlingRequest & { readonly reason: string; readonly linkedNames: readonly string[] },
): Promise<Alert> {
  const { actor, linkedNames } = request;
  const reason = checkReason(request.reason);
  return handleIn(db, { ...request, comment: reason, action: 'escalateAlert' }, async (tx, alert, at) => {
    refuseUnlessOpen(alert);
    if (alert.mute.kind !== 'NONE')
      throw new AppError('PRECONDITION_FAILED', `${alertName(alert)} is hidden, so nobody is told of it`, {
        hint: `It is hidden by ${hiderOf(alert.mute)}: end that first.`,
      });
    const facts = await readEscalationFacts(tx, alert, { at, linkedNames });
    if (facts === null)
      throw new AppError(
        'PRECONDITION_FAILED',
        alert.severity === 'LOW'
          ? `${alertName(alert)} is LOW: it stands in the daily message, and nobody is called for it`
          : `No route says who is called for ${alertName(alert)}`,
        { hint: 'docs/monitoring/escalation.md says how a route is set.' },
      );
    const from = facts.done + 1;
    const asked = { by: { id: actor.id, name: actor.name }, reason };
    return (await carryOut(tx, { alert, facts, from, step: Math.max(1, from), isUntold: false, asked })) !== null;
  });
}
