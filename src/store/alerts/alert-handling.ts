import { type Alert, alertName, defaultAckMs } from '../../domain/alert.ts';
import { durationInWords } from '../../domain/alert-life.ts';
import { AppError } from '../../errors.ts';
import type { Database } from '../database.ts';
import { type HandlingRequest, handle, refuseUnlessOpen, said } from './handle.ts';

const longestAckMs = 7 * 24 * 3_600_000;

/**
 * Says that the actor takes care of an alert, for `forMs` (default: an hour to a day, by severity; at most a week).
 * Repeating it without a time changes nothing. Throws `NOT_FOUND`, `FORBIDDEN`, `INVALID_INPUT`, and
 * `PRECONDITION_FAILED` when the alert is resolved or somebody else has acknowledged it.
 */
export async function acknowledgeAlert(
  db: Database,
  request: HandlingRequest & { readonly forMs?: number | null },
): Promise<Alert> {
  const { actor, comment, forMs = null } = request;
  if (forMs !== null && !(forMs >= 1_000 && forMs <= longestAckMs)) {
    throw new AppError('INVALID_INPUT', 'An acknowledgement lasts between a second and 7 days', { path: ['forMs'] });
  }
  return handle(db, { ...request, action: 'acknowledgeAlert' }, (alert, at) => {
    refuseUnlessOpen(alert);
    const { handling } = alert;
    const isHeld = handling.kind === 'ACKED' && handling.until > at;
    if (isHeld && handling.byId !== actor.id) {
      const ago = durationInWords(at.getTime() - handling.at.getTime());
      throw new AppError(
        'PRECONDITION_FAILED',
        `${alertName(alert)} was acknowledged by ${handling.byName} ${ago} ago`,
        {
          hint: 'Take that acknowledgement back first if somebody else is to have it.',
        },
      );
    }
    if (isHeld && forMs === null) return null;
    const lastsMs = forMs ?? defaultAckMs(alert.severity);
    const until = new Date(at.getTime() + lastsMs);
    return {
      alert: { ...alert, handling: { kind: 'ACKED', byId: actor.id, byName: actor.name, at, until, reminded: false } },
      events: [{ type: 'ACKED', message: said(`${actor.name} took it for ${durationInWords(lastsMs)}`, comment) }],
    };
  });
}

/** Takes an acknowledgement back, the actor's own or somebody else's. Changes nothing when there is none. */
export async function unacknowledgeAlert(db: Database, request: HandlingRequest): Promise<Alert> {
  const { actor, comment } = request;
  return handle(db, { ...request, action: 'unacknowledgeAlert' }, (alert) => {
    refuseUnlessOpen(alert);
    if (alert.handling.kind === 'UNACKED') return null;
    return {
      alert: { ...alert, handling: { kind: 'UNACKED' } },
      events: [{ type: 'UNACKED', message: said(`${actor.name} took the acknowledgement back`, comment) }],
    };
  });
}
