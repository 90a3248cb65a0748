import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const statements = [
  sql`CREATE TABLE IF NOT EXISTS backup_policy (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    cluster_id VARCHAR(40) NOT NULL,
    name VARCHAR(64) NOT NULL,
    content LONGTEXT NOT NULL,
    owner_id VARCHAR(40) NOT NULL,
    owner_name VARCHAR(255) NOT NULL,
    armed_hash CHAR(64) NULL,
    armed_by_id VARCHAR(40) NULL,
    armed_by_name VARCHAR(255) NULL,
    armed_at DATETIME(3) NULL,
    revision BIGINT NOT NULL DEFAULT 0,
    created_at DATETIME(3) NOT NULL,
    changed_at DATETIME(3) NOT NULL,
    removed_at DATETIME(3) NULL,
    open_name VARCHAR(64) NULL,
    UNIQUE KEY backup_policy_name (cluster_id, open_name)
  ) ${options}`,
];

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
