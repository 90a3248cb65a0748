import { type Kysely, sql } from 'kysely';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const statements = [
  // What the next look needs of the last one; one row for a cluster.
  sql`CREATE TABLE IF NOT EXISTS metric_state (
    cluster_id VARCHAR(40) NOT NULL PRIMARY KEY,
    at DATETIME(3) NOT NULL,
    counters LONGBLOB NOT NULL,
    latest LONGBLOB NOT NULL,
    rolled_until DATETIME(3) NULL
  ) ${options}`,
  // What is asked at a slower pace than looks are; one row for a cluster.
  sql`CREATE TABLE IF NOT EXISTS metric_facts (
    cluster_id VARCHAR(40) NOT NULL PRIMARY KEY,
    due_at DATETIME(3) NOT NULL,
    claimed_by VARCHAR(64) NULL,
    claimed_until DATETIME(3) NULL,
    fence BIGINT NOT NULL DEFAULT 0,
    answers LONGTEXT NOT NULL,
    KEY metric_facts_due (due_at)
  ) ${options}`,
  // All that one look measured; taken together into chunks some minutes later.
  sql`CREATE TABLE IF NOT EXISTS metric_tail (
    cluster_id VARCHAR(40) NOT NULL,
    at DATETIME(3) NOT NULL,
    measured LONGBLOB NOT NULL,
    PRIMARY KEY (cluster_id, at)
  ) ${options}`,
  // One metric of all subjects of a cluster over some time. resolution_s 0 = each look, else one point for so many seconds.
  sql`CREATE TABLE IF NOT EXISTS metric_chunk (
    cluster_id VARCHAR(40) NOT NULL,
    metric VARCHAR(60) NOT NULL,
    resolution_s INT NOT NULL,
    start_at DATETIME(3) NOT NULL,
    end_at DATETIME(3) NOT NULL,
    points LONGBLOB NOT NULL,
    PRIMARY KEY (cluster_id, metric, resolution_s, start_at),
    KEY metric_chunk_time (cluster_id, resolution_s, start_at)
  ) ${options}`,
];

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
