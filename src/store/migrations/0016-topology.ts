import { type Kysely, sql } from 'kysely';
import { addColumns } from './once.ts';

/** A run has one row of a node that it took out, whatever becomes of its tries. */
const removedNodes = sql`CREATE TABLE IF NOT EXISTS removed_node (
    id VARCHAR(40) NOT NULL PRIMARY KEY,
    cluster_id VARCHAR(40) NOT NULL,
    run_id VARCHAR(40) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    host VARCHAR(255) NOT NULL,
    port INT NOT NULL,
    host_id VARCHAR(40) NULL,
    deploy_dir VARCHAR(1024) NULL,
    unit VARCHAR(255) NULL,
    data_dirs TEXT NOT NULL,
    identities TEXT NOT NULL,
    process_ended TINYINT NULL,
    removed_at DATETIME(3) NOT NULL,
    purged_at DATETIME(3) NULL,
    UNIQUE KEY removed_node_once (cluster_id, run_id, kind, host, port)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`;

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumns(db, 'cluster_node', {
    location: 'VARCHAR(255) NULL',
    // The run that stopped the node on purpose; null = nobody did, or it was started since.
    stopped_run_id: 'VARCHAR(40) NULL',
    stopped_run_number: 'INT NULL',
    stopped_by_name: 'VARCHAR(255) NULL',
    stopped_at: 'DATETIME(3) NULL',
    // Since when it had run then, as the cluster showed it: any other start ends the stop.
    stopped_started_at: 'VARCHAR(40) NULL',
  });
  await removedNodes.execute(db);
}
