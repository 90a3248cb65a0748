import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const statements = [
  sql`CREATE TABLE IF NOT EXISTS repository (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    cluster_id VARCHAR(40) NOT NULL,
    name VARCHAR(64) NOT NULL,
    location VARCHAR(1024) NOT NULL,
    kind VARCHAR(10) NOT NULL,
    read_only TINYINT NOT NULL,
    origin VARCHAR(16) NOT NULL,
    access TEXT NULL,
    checked_at DATETIME(3) NULL,
    problem VARCHAR(2000) NULL,
    problem_code VARCHAR(64) NULL,
    problem_since DATETIME(3) NULL,
    used_bytes BIGINT NULL,
    free_bytes BIGINT NULL,
    created_at DATETIME(3) NOT NULL,
    UNIQUE KEY repository_name (cluster_id, name)
  ) ${options}`,
];

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
