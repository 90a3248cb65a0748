import { type Kysely, sql } from 'kysely';
import { addColumns, addIndex, dropIndex } from './once.ts';

const options = sql.raw('ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin');

const tables = [
  sql`CREATE TABLE IF NOT EXISTS backup_content (
    backup_id VARCHAR(40) NOT NULL PRIMARY KEY,
    content LONGBLOB NOT NULL
  ) ${options}`,
  sql`CREATE TABLE IF NOT EXISTS backup_verification (
    backup_id VARCHAR(40) NOT NULL,
    level VARCHAR(4) NOT NULL,
    at DATETIME(3) NOT NULL,
    run_id VARCHAR(40) NULL,
    passed TINYINT NULL,
    message VARCHAR(2000) NOT NULL,
    objects BIGINT NULL,
    bytes BIGINT NULL,
    PRIMARY KEY (backup_id, level, at)
  ) ${options}`,
  sql`CREATE TABLE IF NOT EXISTS backup_objects (
    backup_id VARCHAR(40) NOT NULL PRIMARY KEY,
    seen_at DATETIME(3) NOT NULL,
    sums LONGBLOB NOT NULL
  ) ${options}`,
];

/** Backups made before there were policies were whole databases, and their state followed from the end of their run. */
const kept = [
  sql`ALTER TABLE backup MODIFY COLUMN snapshot VARCHAR(256) NULL`,
  sql`UPDATE backup SET state = CASE
    WHEN verified_at IS NOT NULL THEN 'AVAILABLE'
    WHEN EXISTS (SELECT 1 FROM run WHERE run.id = backup.run_id AND run.finished_at IS NULL) THEN 'RUNNING'
    ELSE 'BROKEN' END
    WHERE state = ''`,
];

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumns(db, 'backup', {
    state: "VARCHAR(12) NOT NULL DEFAULT ''",
    kind: "VARCHAR(12) NOT NULL DEFAULT 'FULL'",
    origin: 'VARCHAR(64) NULL',
    policy_id: 'VARCHAR(40) NULL',
    tier: 'VARCHAR(64) NULL',
    base_id: 'VARCHAR(40) NULL',
    location: 'VARCHAR(1024) NULL',
    scheduled_for: 'DATETIME(3) NULL',
    snapshot_at: 'DATETIME(3) NULL',
    finished_at: 'DATETIME(3) NULL',
    size_bytes: 'BIGINT NULL',
    object_count: 'BIGINT NULL',
    table_count: 'INT NULL',
    partition_count: 'INT NULL',
    not_held: 'LONGTEXT NULL',
    problem: 'VARCHAR(2000) NULL',
    pinned_reason: 'VARCHAR(1000) NULL',
    pinned_until: 'DATETIME(3) NULL',
    pinned_by_name: 'VARCHAR(255) NULL',
    deleted_at: 'DATETIME(3) NULL',
    deleted_because: 'VARCHAR(2000) NULL',
    deleted_run_id: 'VARCHAR(40) NULL',
    is_selection: 'TINYINT NOT NULL DEFAULT 0',
  });
  await dropIndex(db, 'backup', 'backup_run');
  await addIndex(db, 'backup', { name: 'backup_made_by', columns: ['run_id', 'database_name'] });
  await addIndex(db, 'backup', { name: 'backup_of_policy', columns: ['policy_id', 'database_name', 'started_at'] });
  for (const statement of [...tables, ...kept]) await statement.execute(db);
}
