import type { AlertTimes, Draft, NewAlertEvent } from './alert-facts.ts';
import { durationInWords } from './alert-facts.ts';

/** An acknowledgement that ran out: one reminder, then some grace, then nobody has the alert. */
export function expireAck(draft: Draft, at: Date, times: AlertTimes): Draft {
  const { alert } = draft;
  const { handling } = alert;
  if (handling.kind !== 'ACKED' || alert.signal === 'RESOLVED' || at < handling.until) return draft;
  if (at.getTime() - handling.until.getTime() >= times.ackGraceMs) {
    const event: NewAlertEvent = {
      type: 'ACK_EXPIRED',
      message: `The acknowledgement by ${handling.byName} ran out; nobody handles it`,
    };
    return { alert: { ...alert, handling: { kind: 'UNACKED' } }, events: [...draft.events, event] };
  }
  if (handling.reminded) return draft;
  const event: NewAlertEvent = {
    type: 'ACK_RUNS_OUT',
    message: `The acknowledgement by ${handling.byName} ends in ${durationInWords(times.ackGraceMs)}`,
  };
  return { alert: { ...alert, handling: { ...handling, reminded: true } }, events: [...draft.events, event] };
}
