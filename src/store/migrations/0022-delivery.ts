import { type Kysely, sql } from 'kysely';
import { addColumns, addIndex } from './once.ts';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');
const claim = sql.raw(`due_at DATETIME(3) NULL,
    claimed_by VARCHAR(64) NULL,
    claimed_until DATETIME(3) NULL,
    fence BIGINT NOT NULL DEFAULT 0`);

const statements = [
  // A channel that alerts go to. It is due when its next decision is; whoever plans it holds the lock of its row.
  sql`CREATE TABLE IF NOT EXISTS alert_channel (
    channel VARCHAR(32) NOT NULL PRIMARY KEY,
    ${claim}
  ) ${options}`,
  // Alerts that are told together: those of one cluster, family and severity, or a storm. Open at most once for each key.
  sql`CREATE TABLE IF NOT EXISTS alert_group (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    channel VARCHAR(32) NOT NULL,
    kind VARCHAR(10) NOT NULL,
    open_key VARCHAR(250) NULL,
    cluster_id VARCHAR(40) NULL,
    cluster_name VARCHAR(64) NULL,
    family VARCHAR(60) NULL,
    severity VARCHAR(10) NULL,
    cause VARCHAR(10) NULL,
    revision BIGINT NOT NULL,
    opened_at DATETIME(3) NOT NULL,
    busy_at DATETIME(3) NOT NULL,
    news_at DATETIME(3) NOT NULL,
    closed_at DATETIME(3) NULL,
    UNIQUE KEY alert_group_open (channel, open_key),
    KEY alert_group_closed (closed_at)
  ) ${options}`,
  // How people are told of an alert: one row for each that was ever seen firing and not hidden.
  sql`CREATE TABLE IF NOT EXISTS alert_delivery (
    alert_id VARCHAR(40) NOT NULL PRIMARY KEY,
    channel VARCHAR(32) NOT NULL,
    severity VARCHAR(10) NOT NULL,
    family VARCHAR(60) NOT NULL,
    waits_since DATETIME(3) NULL,
    group_id VARCHAR(40) NULL,
    card_id VARCHAR(40) NULL,
    group_revision BIGINT NOT NULL DEFAULT 0,
    decided_at DATETIME(3) NULL,
    told_at DATETIME(3) NULL,
    hidden TINYINT NOT NULL DEFAULT 0,
    missed INT NOT NULL DEFAULT 0,
    missed_at DATETIME(3) NULL,
    KEY alert_delivery_waits (waits_since),
    KEY alert_delivery_channel (channel, decided_at),
    KEY alert_delivery_group (group_id),
    KEY alert_delivery_card (card_id, told_at),
    KEY alert_delivery_missed (channel, missed_at)
  ) ${options}`,
];

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
  // When Slack first confirmed the message. Those that are there already count as confirmed when they were made.
  await addColumns(db, 'slack_card', { sent_at: 'DATETIME(3) NULL' });
  await addColumns(db, 'slack_line', { sent_at: 'DATETIME(3) NULL' });
  await sql`UPDATE slack_card SET sent_at = created_at WHERE ts IS NOT NULL AND sent_at IS NULL`.execute(db);
  await sql`UPDATE slack_line SET sent_at = created_at WHERE ts IS NOT NULL AND sent_at IS NULL`.execute(db);
  await addIndex(db, 'slack_card', { name: 'slack_card_sent', columns: ['channel', 'sent_at'] });
  // An alert that has a card of its own was told by it.
  await sql`INSERT IGNORE INTO alert_delivery (alert_id, channel, severity, family, card_id, decided_at, told_at)
    SELECT alert.id, slack_card.channel, alert.severity, alert.rule, slack_card.id, slack_card.created_at, slack_card.sent_at
    FROM slack_card
    JOIN alert ON alert.id = slack_card.subject_id
    WHERE slack_card.kind = 'ALERT'`.execute(db);
}
