import { type Kysely, sql } from 'kysely';
import { addColumns, addIndex } from './once.ts';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const silence = sql`CREATE TABLE IF NOT EXISTS silence (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL AUTO_INCREMENT UNIQUE,
    scope_kind VARCHAR(16) NOT NULL,
    scope_value VARCHAR(64) NOT NULL,
    matchers LONGTEXT NOT NULL,
    reason VARCHAR(200) NOT NULL,
    created_by_id VARCHAR(40) NOT NULL,
    created_by_name VARCHAR(255) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    until_at DATETIME(3) NOT NULL,
    needs_second TINYINT NOT NULL,
    approved_by_id VARCHAR(40) NULL,
    approved_by_name VARCHAR(255) NULL,
    approved_at DATETIME(3) NULL,
    ended_by_id VARCHAR(40) NULL,
    ended_by_name VARCHAR(255) NULL,
    ended_at DATETIME(3) NULL,
    KEY silence_until (until_at)
  ) ${options}`;

/** What a run hid, so that its end can say what became of it. One row for each condition that a run explained. */
const hidden = sql`CREATE TABLE IF NOT EXISTS hidden_by_run (
    run_id VARCHAR(40) NOT NULL,
    fingerprint CHAR(64) NOT NULL,
    cluster_id VARCHAR(40) NOT NULL,
    rule VARCHAR(40) NOT NULL,
    labels LONGTEXT NOT NULL,
    hidden_at DATETIME(3) NOT NULL,
    covered_at DATETIME(3) NOT NULL,
    cleared_at DATETIME(3) NULL,
    PRIMARY KEY (run_id, fingerprint),
    KEY hidden_by_run_open (cluster_id, covered_at)
  ) ${options}`;

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await silence.execute(db);
  await hidden.execute(db);
  await addColumns(db, 'alert', {
    hidden_since: 'DATETIME(3) NULL',
    assignee_id: 'VARCHAR(40) NULL',
    assignee_name: 'VARCHAR(255) NULL',
    resolved_by_id: 'VARCHAR(40) NULL',
    resolved_by_name: 'VARCHAR(255) NULL',
    resolved_confirmed: 'TINYINT NOT NULL DEFAULT 0',
    // As the rule was in the look that opened it.
    never_hidden: 'TINYINT NOT NULL DEFAULT 0',
    // The last changes between firing and resolved, as JSON; null = none.
    turns: 'VARCHAR(500) NULL',
    flapping: 'VARCHAR(200) NULL',
  });
  await sql`ALTER TABLE alert MODIFY muted_because VARCHAR(500) NULL`.execute(db);
  await addIndex(db, 'alert', { name: 'alert_since', columns: ['cluster_id', 'last_seen_at'] });
}
