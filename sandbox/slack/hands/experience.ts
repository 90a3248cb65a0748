import type { Delivery } from '../deliver/delivery.ts';
import type { SeenMessage, SeenView } from './seen.ts';

/** What somebody experiences right after doing something. */
export type Experience = {
  /**
   * `ok`: acknowledged in time. `operation_timeout`, `http_error`, `dispatch_failed`: Slack shows its failure line.
   * `invalid_response`: the acknowledgement made no sense ("trouble connecting"). `errors`: the app refused fields of a
   * form. `not_sent`: the client refused before anything was sent (missing or too long fields, a dialog not confirmed).
   */
  readonly outcome: Delivery['outcome'] | 'ok' | 'invalid_response' | 'errors' | 'not_sent';
  /** HTTP status of an `http_error`. */
  readonly status: number | null;
  readonly ms: number;
  /** What the acknowledgement said, or Slack's failure line. */
  readonly text: string | null;
  /** The message that the acknowledgement made. */
  readonly message: SeenMessage | null;
  /** Field errors by block id. */
  readonly errors: Readonly<Record<string, string>>;
  /** The form on top now. */
  readonly view: SeenView | null;
  /** The address that a link button opens. */
  readonly opened: string | null;
};

export const trouble = 'We had some trouble connecting. Try again?';

/** The failure as Slack words it, or null when the app acknowledged. */
export function failureText(delivery: Delivery, what: string): string | null {
  if (delivery.outcome === 'acked') return null;
  return `${what} failed with the error "${delivery.outcome}"`;
}
