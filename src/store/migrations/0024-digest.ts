import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The daily message of a channel: at most one for each day of the calendar, and at most one that is not made yet (open_key).
  await sql`CREATE TABLE IF NOT EXISTS alert_digest (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    channel VARCHAR(32) NOT NULL,
    day VARCHAR(10) NOT NULL,
    open_key VARCHAR(10) NULL,
    since DATETIME(3) NOT NULL,
    time_zone VARCHAR(64) NOT NULL,
    due_at DATETIME(3) NULL,
    claimed_by VARCHAR(64) NULL,
    claimed_until DATETIME(3) NULL,
    fence BIGINT NOT NULL DEFAULT 0,
    made_at DATETIME(3) NULL,
    content LONGTEXT NULL,
    UNIQUE KEY alert_digest_day (channel, day),
    UNIQUE KEY alert_digest_open (channel, open_key),
    KEY alert_digest_made (made_at)
  ) ${options}`.execute(db);
}
