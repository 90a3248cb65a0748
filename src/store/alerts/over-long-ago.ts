import { type SqlBool, sql } from 'kysely';
import { keepClosedMs } from '../../domain/alert-retention.ts';
import { databaseNow, databaseNowPlus } from '../database.ts';

/** What closed before is kept no more, unless something still needs it. */
export const keptSince = databaseNowPlus(-keepClosedMs);

/**
 * Whether something of a message is still to be sent, or is being sent; to be asked of a row `card` of `slack_card`. What Slack refuses
 * is tried until the message is forgotten. `isShown` = whether what the message is about has been shown as it is now.
 */
export const isUnsent = (isShown: ReturnType<typeof sql<SqlBool>>) => sql<SqlBool>`(
  card.state NOT IN ('SENT', 'FAILED')
  OR card.claimed_until >= ${databaseNow}
  OR (card.state = 'SENT' AND (${isShown}) IS NOT TRUE)
  OR EXISTS (
    SELECT 1 FROM slack_line AS line
    WHERE line.card_id = card.id
      AND (line.claimed_until >= ${databaseNow} OR (card.state = 'SENT' AND line.state NOT IN ('SENT', 'FAILED')))
  )
)`;

const isUnsentOfAlert = isUnsent(sql<SqlBool>`card.shown_revision >= alert.revision`);

/**
 * Whether an alert ended so long ago that it is kept no more; to be asked of rows of `alert`, and null counts as no. It stays while it
 * is the former one of an alert that is kept, while people are still to be told of it, and while something is still to be sent.
 */
export const isOverLongAgo = sql<SqlBool>`(
  alert.closed_at < ${keptSince}
  AND alert.changed_at < ${keptSince}
  AND alert.open_fingerprint IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM alert AS later
    WHERE later.fingerprint = alert.fingerprint AND later.number > alert.number AND later.previous_id = alert.id
      AND (later.closed_at IS NULL OR later.closed_at >= ${keptSince})
  )
  AND NOT EXISTS (
    SELECT 1 FROM alert_delivery AS told
    WHERE told.alert_id = alert.id AND told.waits_since IS NOT NULL
  )
  AND NOT EXISTS (
    SELECT 1 FROM escalation_delivery AS called
    WHERE called.alert_id = alert.id AND called.kind = 'WEBHOOK' AND called.state IN ('QUEUED', 'SENDING', 'UNKNOWN')
  )
  AND NOT EXISTS (
    SELECT 1 FROM slack_card AS card
    WHERE card.kind = 'ALERT' AND card.subject_id = alert.id AND ${isUnsentOfAlert}
  )
  AND NOT EXISTS (
    SELECT 1 FROM escalation_delivery AS sent
    JOIN slack_card AS card ON card.kind = 'ESCALATION' AND card.subject_id = sent.id
    WHERE sent.alert_id = alert.id AND sent.kind = 'PLACE' AND ${isUnsentOfAlert}
  )
)`;
