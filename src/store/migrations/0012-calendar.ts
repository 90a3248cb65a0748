import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const statements = [
  sql`CREATE TABLE IF NOT EXISTS maintenance_window (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    name VARCHAR(64) NOT NULL,
    scope_kind VARCHAR(16) NOT NULL,
    scope_value VARCHAR(64) NOT NULL,
    applies_to VARCHAR(16) NOT NULL,
    cron VARCHAR(120) NOT NULL,
    time_zone VARCHAR(64) NOT NULL,
    duration_minutes INT NOT NULL,
    reason VARCHAR(1000) NOT NULL,
    owner_id VARCHAR(40) NOT NULL,
    owner_name VARCHAR(255) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    UNIQUE KEY maintenance_window_name (scope_kind, scope_value, name)
  ) ${options}`,
  sql`CREATE TABLE IF NOT EXISTS blackout (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    name VARCHAR(64) NOT NULL,
    scope_kind VARCHAR(16) NOT NULL,
    scope_value VARCHAR(64) NOT NULL,
    applies_to VARCHAR(16) NOT NULL,
    from_at DATETIME(3) NOT NULL,
    until_at DATETIME(3) NOT NULL,
    reason VARCHAR(1000) NOT NULL,
    owner_id VARCHAR(40) NOT NULL,
    owner_name VARCHAR(255) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    KEY blackout_until (until_at)
  ) ${options}`,
  sql`CREATE TABLE IF NOT EXISTS automation_hold (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    scope_kind VARCHAR(16) NOT NULL,
    scope_value VARCHAR(64) NOT NULL,
    open_scope VARCHAR(90) NULL,
    reason VARCHAR(1000) NOT NULL,
    held_by_id VARCHAR(40) NOT NULL,
    held_by_name VARCHAR(255) NOT NULL,
    held_at DATETIME(3) NOT NULL,
    until_at DATETIME(3) NULL,
    released_by_name VARCHAR(255) NULL,
    released_at DATETIME(3) NULL,
    UNIQUE KEY automation_hold_open (open_scope)
  ) ${options}`,
];

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
