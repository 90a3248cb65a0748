import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

/** Clusters, hosts, secrets. */
const inventory = [
  sql`CREATE TABLE cluster (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    name VARCHAR(64) NOT NULL,
    environment VARCHAR(40) NOT NULL,
    sql_user VARCHAR(128) NOT NULL,
    password_ref VARCHAR(64) NOT NULL,
    seeds LONGTEXT NOT NULL,
    tls LONGTEXT NULL,
    run_mode VARCHAR(20) NULL,
    observed_at DATETIME(3) NULL,
    problems LONGTEXT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    UNIQUE KEY cluster_name (name)
  ) ${options}`,
  sql`CREATE TABLE cluster_node (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    cluster_id VARCHAR(40) NOT NULL,
    kind VARCHAR(20) NOT NULL,
    host VARCHAR(255) NOT NULL,
    port INT NOT NULL,
    http_port INT NULL,
    query_port INT NULL,
    role VARCHAR(20) NULL,
    alive TINYINT NOT NULL,
    decommissioning TINYINT NOT NULL,
    version VARCHAR(100) NULL,
    started_at VARCHAR(40) NULL,
    tablet_count BIGINT NULL,
    max_disk_used_percent DOUBLE NULL,
    error_message TEXT NULL,
    observed_at DATETIME(3) NOT NULL,
    host_id VARCHAR(40) NULL,
    deploy_dir VARCHAR(1024) NULL,
    UNIQUE KEY cluster_node_address (cluster_id, kind, host, port)
  ) ${options}`,
  sql`CREATE TABLE host (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    cluster_id VARCHAR(40) NOT NULL,
    address VARCHAR(255) NOT NULL,
    port INT NOT NULL,
    user VARCHAR(64) NOT NULL,
    auth LONGTEXT NOT NULL,
    host_key_fingerprint VARCHAR(100) NULL,
    jump_host_id VARCHAR(40) NULL,
    ssh VARCHAR(10) NULL,
    sudo TINYINT NULL,
    problem TEXT NULL,
    created_at DATETIME(3) NOT NULL,
    UNIQUE KEY host_address (cluster_id, address, port)
  ) ${options}`,
  sql`CREATE TABLE host_key (
    cluster_id VARCHAR(40) NOT NULL,
    address VARCHAR(255) NOT NULL,
    port INT NOT NULL,
    fingerprint VARCHAR(100) NOT NULL,
    pinned_at DATETIME(3) NOT NULL,
    PRIMARY KEY (cluster_id, address, port)
  ) ${options}`,
  sql`CREATE TABLE secret (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    cluster_id VARCHAR(40) NULL,
    kind VARCHAR(20) NOT NULL,
    content LONGTEXT NOT NULL,
    key_id VARCHAR(40) NULL,
    changed_at DATETIME(3) NOT NULL,
    KEY secret_cluster (cluster_id)
  ) ${options}`,
  sql`CREATE TABLE check_report (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    cluster_id VARCHAR(40) NOT NULL,
    run_id VARCHAR(40) NOT NULL,
    at DATETIME(3) NOT NULL,
    checks LONGTEXT NOT NULL,
    UNIQUE KEY check_report_run (run_id),
    KEY check_report_cluster (cluster_id, at)
  ) ${options}`,
  sql`CREATE TABLE backup (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    cluster_id VARCHAR(40) NOT NULL,
    run_id VARCHAR(40) NOT NULL,
    database_name VARCHAR(256) NOT NULL,
    repository VARCHAR(64) NOT NULL,
    snapshot VARCHAR(256) NOT NULL,
    backup_timestamp VARCHAR(40) NULL,
    started_at DATETIME(3) NOT NULL,
    verified_at DATETIME(3) NULL,
    UNIQUE KEY backup_run (run_id),
    KEY backup_cluster (cluster_id, started_at)
  ) ${options}`,
];

/** Runs, their steps, events, temporary changes, locks and approvals. */
const runs = [
  sql`CREATE TABLE run (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL AUTO_INCREMENT UNIQUE,
    operation VARCHAR(64) NOT NULL,
    operation_version INT NOT NULL,
    cluster_id VARCHAR(40) NOT NULL,
    cluster_name VARCHAR(64) NOT NULL,
    environment VARCHAR(40) NOT NULL,
    state VARCHAR(20) NOT NULL,
    input LONGTEXT NOT NULL,
    plan LONGTEXT NOT NULL,
    plan_hash CHAR(64) NOT NULL,
    requested_by_id VARCHAR(40) NOT NULL,
    requested_by_name VARCHAR(128) NOT NULL,
    via VARCHAR(12) NOT NULL,
    reason TEXT NULL,
    blocked_by VARCHAR(40) NULL,
    needs_replan TINYINT NOT NULL,
    wake_at DATETIME(3) NULL,
    lease_owner VARCHAR(64) NULL,
    lease_fence BIGINT NOT NULL DEFAULT 0,
    lease_expires_at DATETIME(3) NULL,
    outcome LONGTEXT NULL,
    progress LONGTEXT NULL,
    failure LONGTEXT NULL,
    post_check LONGTEXT NULL,
    retry_of VARCHAR(40) NULL,
    cancel_requested TINYINT NOT NULL DEFAULT 0,
    pause_requested TINYINT NOT NULL DEFAULT 0,
    event_sequence BIGINT NOT NULL DEFAULT 0,
    revision BIGINT NOT NULL DEFAULT 1,
    created_at DATETIME(3) NOT NULL,
    started_at DATETIME(3) NULL,
    finished_at DATETIME(3) NULL,
    KEY run_cluster (cluster_id, created_at),
    KEY run_state (state, wake_at)
  ) ${options}`,
  sql`CREATE TABLE run_step (
    run_id VARCHAR(40) NOT NULL,
    position INT NOT NULL,
    phase VARCHAR(10) NOT NULL,
    kind VARCHAR(64) NOT NULL,
    title VARCHAR(500) NOT NULL,
    params LONGTEXT NOT NULL,
    state VARCHAR(10) NOT NULL,
    attempt INT NOT NULL DEFAULT 0,
    repeat_allowed TINYINT NOT NULL DEFAULT 0,
    undo_of INT NULL,
    ledger_id VARCHAR(40) NULL,
    progress LONGTEXT NULL,
    failure LONGTEXT NULL,
    facts LONGTEXT NULL,
    started_at DATETIME(3) NULL,
    applied_at DATETIME(3) NULL,
    finished_at DATETIME(3) NULL,
    PRIMARY KEY (run_id, position)
  ) ${options}`,
  sql`CREATE TABLE run_event (
    run_id VARCHAR(40) NOT NULL,
    sequence BIGINT NOT NULL,
    at DATETIME(3) NOT NULL,
    type VARCHAR(40) NOT NULL,
    step INT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (run_id, sequence)
  ) ${options}`,
  sql`CREATE TABLE temporary_change (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    run_id VARCHAR(40) NOT NULL,
    cluster_id VARCHAR(40) NOT NULL,
    position INT NOT NULL,
    title VARCHAR(500) NOT NULL,
    before_value LONGTEXT NOT NULL,
    state VARCHAR(10) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    restored_at DATETIME(3) NULL,
    UNIQUE KEY temporary_change_step (run_id, position),
    KEY temporary_change_open (cluster_id, state)
  ) ${options}`,
  sql`CREATE TABLE cluster_lock (
    cluster_id VARCHAR(40) NOT NULL PRIMARY KEY,
    run_id VARCHAR(40) NOT NULL,
    since DATETIME(3) NOT NULL,
    UNIQUE KEY cluster_lock_run (run_id)
  ) ${options}`,
  sql`CREATE TABLE approval (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL AUTO_INCREMENT UNIQUE,
    run_id VARCHAR(40) NOT NULL,
    plan_hash CHAR(64) NOT NULL,
    state VARCHAR(12) NOT NULL,
    required INT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    decided_at DATETIME(3) NULL,
    UNIQUE KEY approval_run (run_id),
    KEY approval_due (state, expires_at)
  ) ${options}`,
  sql`CREATE TABLE approval_vote (
    approval_id VARCHAR(40) NOT NULL,
    person_id VARCHAR(40) NOT NULL,
    person_name VARCHAR(128) NOT NULL,
    via VARCHAR(12) NOT NULL,
    vote VARCHAR(10) NOT NULL,
    comment TEXT NULL,
    at DATETIME(3) NOT NULL,
    PRIMARY KEY (approval_id, person_id)
  ) ${options}`,
  sql`CREATE TABLE idempotency_key (
    actor_id VARCHAR(40) NOT NULL,
    \`key\` VARCHAR(255) NOT NULL,
    input_hash CHAR(64) NOT NULL,
    run_id VARCHAR(40) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    PRIMARY KEY (actor_id, \`key\`)
  ) ${options}`,
];

/** People, tokens, roles, and what everybody did. */
const access = [
  sql`CREATE TABLE audit_event (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    at DATETIME(3) NOT NULL,
    actor_id VARCHAR(40) NOT NULL,
    actor_name VARCHAR(128) NOT NULL,
    via VARCHAR(12) NOT NULL,
    action VARCHAR(64) NOT NULL,
    subject VARCHAR(255) NULL,
    cluster_id VARCHAR(40) NULL,
    outcome VARCHAR(40) NOT NULL,
    detail LONGTEXT NULL,
    run_id VARCHAR(40) NULL,
    request_id VARCHAR(64) NULL,
    KEY audit_event_cluster (cluster_id, id),
    KEY audit_event_run (run_id)
  ) ${options}`,
  sql`CREATE TABLE person (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    name VARCHAR(128) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    disabled_at DATETIME(3) NULL,
    UNIQUE KEY person_name (name)
  ) ${options}`,
  sql`CREATE TABLE role_binding (
    person_id VARCHAR(40) NOT NULL,
    role VARCHAR(12) NOT NULL,
    scope_kind VARCHAR(12) NOT NULL,
    scope_value VARCHAR(64) NOT NULL,
    PRIMARY KEY (person_id, role, scope_kind, scope_value)
  ) ${options}`,
  sql`CREATE TABLE api_token (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    person_id VARCHAR(40) NOT NULL,
    label VARCHAR(128) NOT NULL,
    token_hash CHAR(64) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NULL,
    revoked_at DATETIME(3) NULL,
    UNIQUE KEY api_token_hash (token_hash)
  ) ${options}`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...inventory, ...runs, ...access]) await statement.execute(db);
}
