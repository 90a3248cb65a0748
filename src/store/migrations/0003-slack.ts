import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const statements = [
  sql`CREATE TABLE slack_identity (
    team VARCHAR(32) NOT NULL,
    slack_user VARCHAR(32) NOT NULL,
    person_id VARCHAR(40) NOT NULL,
    linked_at DATETIME(3) NOT NULL,
    PRIMARY KEY (team, slack_user),
    KEY slack_identity_person (person_id)
  ) ${options}`,
  sql`CREATE TABLE slack_link_code (
    code_hash CHAR(64) NOT NULL PRIMARY KEY,
    team VARCHAR(32) NOT NULL,
    slack_user VARCHAR(32) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    used_at DATETIME(3) NULL,
    KEY slack_link_code_user (team, slack_user)
  ) ${options}`,
  sql`CREATE TABLE slack_request (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    trigger_id VARCHAR(128) NOT NULL,
    team VARCHAR(32) NOT NULL,
    slack_user VARCHAR(32) NOT NULL,
    channel VARCHAR(32) NULL,
    received_at DATETIME(3) NOT NULL,
    UNIQUE KEY slack_request_trigger (trigger_id),
    KEY slack_request_age (received_at)
  ) ${options}`,
  sql`CREATE TABLE slack_draft (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    team VARCHAR(32) NOT NULL,
    slack_user VARCHAR(32) NOT NULL,
    channel VARCHAR(32) NULL,
    operation VARCHAR(64) NOT NULL,
    input LONGTEXT NOT NULL,
    plan_hash CHAR(64) NOT NULL,
    cluster_name VARCHAR(64) NOT NULL,
    confirm VARCHAR(64) NULL,
    reason TEXT NULL,
    line TEXT NOT NULL,
    state VARCHAR(12) NOT NULL,
    run_id VARCHAR(40) NULL,
    created_at DATETIME(3) NOT NULL
  ) ${options}`,
  sql`CREATE TABLE slack_card (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    kind VARCHAR(10) NOT NULL,
    subject_id VARCHAR(40) NOT NULL,
    channel VARCHAR(32) NOT NULL,
    ts VARCHAR(32) NULL,
    shown_revision BIGINT NOT NULL,
    shown_hash CHAR(64) NULL,
    state VARCHAR(10) NOT NULL,
    attempts INT NOT NULL,
    next_try_at DATETIME(3) NOT NULL,
    checked_at DATETIME(3) NULL,
    plain TINYINT NOT NULL,
    may_repeat TINYINT NOT NULL,
    error VARCHAR(255) NULL,
    lease_owner VARCHAR(64) NULL,
    lease_expires_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    UNIQUE KEY slack_card_subject (kind, subject_id),
    KEY slack_card_due (state, next_try_at)
  ) ${options}`,
  sql`CREATE TABLE slack_line (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    card_id VARCHAR(40) NOT NULL,
    line_key VARCHAR(80) NOT NULL,
    text TEXT NOT NULL,
    broadcast TINYINT NOT NULL,
    ts VARCHAR(32) NULL,
    state VARCHAR(10) NOT NULL,
    attempts INT NOT NULL,
    next_try_at DATETIME(3) NOT NULL,
    may_repeat TINYINT NOT NULL,
    error VARCHAR(255) NULL,
    lease_owner VARCHAR(64) NULL,
    lease_expires_at DATETIME(3) NULL,
    created_at DATETIME(3) NOT NULL,
    UNIQUE KEY slack_line_key (card_id, line_key),
    KEY slack_line_due (state, next_try_at)
  ) ${options}`,
  // finds young runs that have no message yet
  sql`CREATE INDEX run_created ON run (created_at)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
