import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const statements = [
  sql`CREATE TABLE probe (
    cluster_id VARCHAR(40) NOT NULL PRIMARY KEY,
    due_at DATETIME(3) NOT NULL,
    owner VARCHAR(64) NULL,
    fence BIGINT NOT NULL DEFAULT 0,
    claimed_until DATETIME(3) NULL,
    at DATETIME(3) NULL,
    duration_ms INT NULL,
    ok TINYINT NULL,
    problem TEXT NULL,
    leader VARCHAR(300) NULL,
    nodes LONGTEXT NOT NULL,
    pending LONGTEXT NOT NULL,
    KEY probe_due (due_at)
  ) ${options}`,
  sql`CREATE TABLE probe_sample (
    cluster_id VARCHAR(40) NOT NULL,
    fence BIGINT NOT NULL,
    at DATETIME(3) NOT NULL,
    duration_ms INT NOT NULL,
    ok TINYINT NOT NULL,
    alive INT NOT NULL,
    total INT NOT NULL,
    leader VARCHAR(300) NULL,
    problem TEXT NULL,
    PRIMARY KEY (cluster_id, fence),
    KEY probe_sample_age (at)
  ) ${options}`,
  sql`CREATE TABLE alert (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL AUTO_INCREMENT UNIQUE,
    fingerprint CHAR(64) NOT NULL,
    open_fingerprint CHAR(64) NULL,
    rule VARCHAR(40) NOT NULL,
    severity VARCHAR(10) NOT NULL,
    cluster_id VARCHAR(40) NOT NULL,
    cluster_name VARCHAR(64) NOT NULL,
    environment VARCHAR(40) NOT NULL,
    node_id VARCHAR(40) NULL,
    labels LONGTEXT NOT NULL,
    title VARCHAR(500) NOT NULL,
    text TEXT NOT NULL,
    signal_state VARCHAR(10) NOT NULL,
    acked_by_id VARCHAR(40) NULL,
    acked_by_name VARCHAR(128) NULL,
    acked_at DATETIME(3) NULL,
    acked_until DATETIME(3) NULL,
    ack_reminded TINYINT NOT NULL,
    muted_by VARCHAR(64) NULL,
    since DATETIME(3) NOT NULL,
    opened_at DATETIME(3) NOT NULL,
    last_seen_at DATETIME(3) NOT NULL,
    resolved_at DATETIME(3) NULL,
    closed_at DATETIME(3) NULL,
    count INT NOT NULL,
    flaps INT NOT NULL,
    previous_id VARCHAR(40) NULL,
    revision BIGINT NOT NULL,
    changed_at DATETIME(3) NOT NULL,
    UNIQUE KEY alert_open (open_fingerprint),
    KEY alert_fingerprint (fingerprint, number),
    KEY alert_cluster (cluster_id, closed_at),
    KEY alert_changed (changed_at)
  ) ${options}`,
  sql`CREATE TABLE alert_event (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    alert_id VARCHAR(40) NOT NULL,
    revision BIGINT NOT NULL,
    at DATETIME(3) NOT NULL,
    type VARCHAR(20) NOT NULL,
    message TEXT NOT NULL,
    actor_id VARCHAR(40) NULL,
    actor_name VARCHAR(128) NULL,
    KEY alert_event_alert (alert_id, id)
  ) ${options}`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
