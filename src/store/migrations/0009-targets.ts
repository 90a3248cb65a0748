import { type Kysely, sql } from 'kysely';
import { addCheck, addColumns, addIndex } from './once.ts';

/** A run about several clusters is the parent of one run for each of them, and about no single one itself. */
const nullable = sql`ALTER TABLE run
  MODIFY COLUMN cluster_id VARCHAR(40) NULL,
  MODIFY COLUMN cluster_name VARCHAR(64) NULL,
  MODIFY COLUMN environment VARCHAR(40) NULL`;

const target = sql`(target_kind IN ('cluster', 'new-cluster')
    AND cluster_id IS NOT NULL AND cluster_name IS NOT NULL AND environment IS NOT NULL)
  OR (target_kind IN ('clusters', 'none')
    AND cluster_id IS NULL AND cluster_name IS NULL AND environment IS NULL AND parent_id IS NULL)`;

const newClusters = sql`UPDATE run SET target_kind = 'new-cluster' WHERE operation = 'registerCluster'`;

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await nullable.execute(db);
  await addColumns(db, 'run', {
    target_kind: "VARCHAR(16) NOT NULL DEFAULT 'cluster'",
    parent_id: 'VARCHAR(40) NULL',
  });
  await addCheck(db, 'run', { name: 'run_target', condition: target });
  await addIndex(db, 'run', { name: 'run_parent', columns: ['parent_id', 'id'] });
  await newClusters.execute(db);
}
