import { type Kysely, sql } from 'kysely';
import { addColumns } from './once.ts';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const statements = [
  // Rules that people made. A rule that was removed stays as a row: its open alerts have to end, and its past is read.
  sql`CREATE TABLE IF NOT EXISTS alert_rule (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    open_name VARCHAR(60) NULL,
    scope_kind VARCHAR(20) NOT NULL,
    scope_value VARCHAR(255) NOT NULL,
    definition LONGTEXT NOT NULL,
    reason VARCHAR(1000) NOT NULL,
    by_id VARCHAR(40) NOT NULL,
    by_name VARCHAR(255) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    removed_at DATETIME(3) NULL,
    removed_by_id VARCHAR(40) NULL,
    removed_by_name VARCHAR(255) NULL,
    removed_reason VARCHAR(1000) NULL,
    UNIQUE KEY alert_rule_name (open_name)
  ) ${options}`,
  // What people changed of rules. Nothing is changed in place: what takes the place of an override ends it.
  sql`CREATE TABLE IF NOT EXISTS alert_rule_override (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    rule VARCHAR(60) NOT NULL,
    scope_kind VARCHAR(20) NOT NULL,
    scope_value VARCHAR(255) NOT NULL,
    cluster_id VARCHAR(40) NULL,
    open_key VARCHAR(340) NULL,
    changes LONGTEXT NOT NULL,
    reason VARCHAR(1000) NOT NULL,
    until_at DATETIME(3) NULL,
    by_id VARCHAR(40) NOT NULL,
    by_name VARCHAR(255) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    ended_at DATETIME(3) NULL,
    ended_by_id VARCHAR(40) NULL,
    ended_by_name VARCHAR(255) NULL,
    ended_reason VARCHAR(1000) NULL,
    UNIQUE KEY alert_rule_override_open (open_key),
    KEY alert_rule_override_rule (rule, created_at)
  ) ${options}`,
];

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
  // As long as the name of a rule may be: an alert that cannot be written would take the whole look with it.
  await sql`ALTER TABLE alert MODIFY rule VARCHAR(60) NOT NULL`.execute(db);
  await sql`ALTER TABLE hidden_by_run MODIFY rule VARCHAR(60) NOT NULL`.execute(db);
  // What the last probe could not judge, and why, as JSON; null = a version before this wrote the row.
  await addColumns(db, 'probe', { not_judged: 'LONGTEXT NULL' });
}
