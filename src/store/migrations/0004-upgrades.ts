import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const statements = [
  sql`ALTER TABLE run_step ADD COLUMN lane TEXT NULL`,
  sql`ALTER TABLE cluster_node ADD COLUMN unit VARCHAR(255) NULL`,
  sql`CREATE TABLE \`release\` (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    version VARCHAR(64) NOT NULL,
    source_kind VARCHAR(10) NOT NULL,
    location TEXT NOT NULL,
    sha256 CHAR(64) NOT NULL,
    size_bytes BIGINT NULL,
    contents VARCHAR(255) NOT NULL,
    minimum_jdk INT NOT NULL,
    registered_at DATETIME(3) NOT NULL,
    registered_by_id VARCHAR(40) NOT NULL,
    registered_by_name VARCHAR(255) NOT NULL,
    UNIQUE KEY release_version (version)
  ) ${options}`,
  sql`CREATE TABLE upgrade (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    cluster_id VARCHAR(40) NOT NULL,
    run_id VARCHAR(40) NOT NULL,
    direction VARCHAR(10) NOT NULL,
    from_version VARCHAR(255) NOT NULL,
    to_version VARCHAR(64) NOT NULL,
    started_at DATETIME(3) NOT NULL,
    finalized_at DATETIME(3) NULL,
    UNIQUE KEY upgrade_run (run_id),
    KEY upgrade_cluster (cluster_id, started_at)
  ) ${options}`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
