import { type Kysely, sql } from 'kysely';

const statements = [
  // A run about several clusters is the parent of one run for each of them, and about no single one itself.
  sql`ALTER TABLE run
    MODIFY COLUMN cluster_id VARCHAR(40) NULL,
    MODIFY COLUMN cluster_name VARCHAR(64) NULL,
    MODIFY COLUMN environment VARCHAR(40) NULL,
    ADD COLUMN target_kind VARCHAR(16) NOT NULL DEFAULT 'cluster',
    ADD COLUMN parent_id VARCHAR(40) NULL,
    ADD CONSTRAINT run_target CHECK (
      (target_kind IN ('cluster', 'new-cluster')
        AND cluster_id IS NOT NULL AND cluster_name IS NOT NULL AND environment IS NOT NULL)
      OR (target_kind IN ('clusters', 'none')
        AND cluster_id IS NULL AND cluster_name IS NULL AND environment IS NULL AND parent_id IS NULL)),
    ADD KEY run_parent (parent_id, id)`,
  sql`UPDATE run SET target_kind = 'new-cluster' WHERE operation = 'registerCluster'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
