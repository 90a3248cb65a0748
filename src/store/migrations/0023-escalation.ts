import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');
const claim = sql.raw(`due_at DATETIME(3) NULL,
    claimed_by VARCHAR(64) NULL,
    claimed_until DATETIME(3) NULL,
    fence BIGINT NOT NULL DEFAULT 0`);
/** Nothing of these is changed in place: what takes the place of a row ends it, so the table is its own history. */
const history = sql.raw(`reason VARCHAR(1000) NOT NULL,
    by_id VARCHAR(40) NOT NULL,
    by_name VARCHAR(255) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    ended_at DATETIME(3) NULL,
    ended_by_id VARCHAR(40) NULL,
    ended_by_name VARCHAR(255) NULL,
    ended_reason VARCHAR(1000) NULL`);

const statements = [
  // Where alerts go and who is called; at most one holds for each scope and severity (open_key).
  sql`CREATE TABLE IF NOT EXISTS alert_route (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    open_key VARCHAR(120) NULL,
    scope_kind VARCHAR(16) NOT NULL,
    scope_value VARCHAR(64) NOT NULL,
    least_severity VARCHAR(10) NOT NULL,
    definition LONGTEXT NOT NULL,
    ${history},
    UNIQUE KEY alert_route_open (open_key)
  ) ${options}`,
  sql`CREATE TABLE IF NOT EXISTS on_call_rotation (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    open_name VARCHAR(40) NULL,
    name VARCHAR(40) NOT NULL,
    scope_kind VARCHAR(16) NOT NULL,
    scope_value VARCHAR(64) NOT NULL,
    definition LONGTEXT NOT NULL,
    ${history},
    UNIQUE KEY on_call_rotation_open (open_name)
  ) ${options}`,
  // Who is called in place of the primary for a time. By the name of the rotation, so that it outlives a change of that.
  sql`CREATE TABLE IF NOT EXISTS on_call_override (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    rotation VARCHAR(40) NOT NULL,
    person_id VARCHAR(40) NOT NULL,
    person_name VARCHAR(255) NOT NULL,
    from_at DATETIME(3) NOT NULL,
    until_at DATETIME(3) NOT NULL,
    ${history},
    KEY on_call_override_until (rotation, until_at)
  ) ${options}`,
  // One row: whoever changes routes or rotations holds its lock, since two changes that are safe alone may not be so together.
  sql`CREATE TABLE IF NOT EXISTS routing_lock (id TINYINT NOT NULL PRIMARY KEY) ${options}`,
  sql`INSERT IGNORE INTO routing_lock (id) VALUES (1)`,
  // When an alert that is open is next looked at. How long nobody had it follows from its own history.
  sql`CREATE TABLE IF NOT EXISTS escalation (
    alert_id VARCHAR(40) NOT NULL PRIMARY KEY,
    seen_revision BIGINT NOT NULL DEFAULT 0,
    ${claim},
    KEY escalation_due (due_at)
  ) ${options}`,
  // A step that was carried out: who was called. revision = that of the alert's event, which is written with it.
  sql`CREATE TABLE IF NOT EXISTS escalation_step (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    alert_id VARCHAR(40) NOT NULL,
    episode BIGINT NOT NULL,
    severity VARCHAR(10) NOT NULL,
    step INT NOT NULL,
    from_step INT NOT NULL,
    kind VARCHAR(10) NOT NULL,
    revision BIGINT NOT NULL,
    at DATETIME(3) NOT NULL,
    told LONGTEXT NOT NULL,
    missing LONGTEXT NOT NULL,
    reason VARCHAR(1000) NULL,
    by_id VARCHAR(40) NULL,
    by_name VARCHAR(255) NULL,
    UNIQUE KEY escalation_step_once (alert_id, episode, severity, step)
  ) ${options}`,
  // What a step sends elsewhere than into the alert's thread: a message in another place, or a call of a webhook.
  sql`CREATE TABLE IF NOT EXISTS escalation_delivery (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    step_id VARCHAR(40) NOT NULL,
    alert_id VARCHAR(40) NOT NULL,
    kind VARCHAR(10) NOT NULL,
    place VARCHAR(60) NOT NULL,
    body LONGTEXT NULL,
    route_id VARCHAR(40) NOT NULL,
    state VARCHAR(10) NOT NULL,
    attempts INT NOT NULL DEFAULT 0,
    outcome VARCHAR(255) NULL,
    created_at DATETIME(3) NOT NULL,
    done_at DATETIME(3) NULL,
    ${claim},
    KEY escalation_delivery_due (kind, state, due_at),
    KEY escalation_delivery_alert (alert_id, kind, place)
  ) ${options}`,
];

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
