import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const statements = [
  sql`CREATE TABLE IF NOT EXISTS schedule (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    name VARCHAR(64) NOT NULL,
    cluster_id VARCHAR(40) NOT NULL,
    operation VARCHAR(64) NOT NULL,
    input LONGTEXT NOT NULL,
    cron VARCHAR(120) NOT NULL,
    time_zone VARCHAR(64) NOT NULL,
    jitter_seconds INT NOT NULL,
    when_missed VARCHAR(16) NOT NULL,
    dry_run TINYINT NOT NULL DEFAULT 0,
    policy_id VARCHAR(40) NULL,
    policy_part VARCHAR(64) NULL,
    owner_id VARCHAR(40) NOT NULL,
    owner_name VARCHAR(255) NOT NULL,
    state VARCHAR(10) NOT NULL,
    state_reason VARCHAR(1000) NULL,
    state_by_name VARCHAR(255) NULL,
    content_hash CHAR(64) NOT NULL,
    approved_hash CHAR(64) NULL,
    approved_by_id VARCHAR(40) NULL,
    approved_by_name VARCHAR(255) NULL,
    approved_at DATETIME(3) NULL,
    slot_at DATETIME(3) NULL,
    due_at DATETIME(3) NULL,
    retry_since DATETIME(3) NULL,
    retry_reason VARCHAR(1000) NULL,
    claimed_by VARCHAR(120) NULL,
    claimed_until DATETIME(3) NULL,
    fence BIGINT NOT NULL DEFAULT 0,
    revision BIGINT NOT NULL DEFAULT 0,
    created_at DATETIME(3) NOT NULL,
    changed_at DATETIME(3) NOT NULL,
    UNIQUE KEY schedule_name (cluster_id, name),
    KEY schedule_due (state, due_at),
    KEY schedule_policy (policy_id)
  ) ${options}`,
  sql`CREATE TABLE IF NOT EXISTS schedule_firing (
    schedule_id VARCHAR(40) NOT NULL,
    slot_at DATETIME(3) NOT NULL,
    outcome VARCHAR(16) NOT NULL,
    run_id VARCHAR(40) NULL,
    reason_code VARCHAR(40) NULL,
    reason VARCHAR(2000) NULL,
    asked_by_name VARCHAR(255) NULL,
    attempt INT NOT NULL DEFAULT 1,
    note VARCHAR(2000) NULL,
    plan LONGTEXT NULL,
    is_open TINYINT NOT NULL DEFAULT 0,
    decided_at DATETIME(3) NOT NULL,
    PRIMARY KEY (schedule_id, slot_at),
    KEY schedule_firing_run (run_id),
    KEY schedule_firing_open (is_open, decided_at)
  ) ${options}`,
];

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
