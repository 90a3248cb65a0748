import { type Kysely, sql } from 'kysely';
import { addColumns } from './once.ts';

/**
 * The environment that the cluster of an override had when it was made; null = it is about no cluster. Of those that are there
 * already nobody knows it: they count where their cluster is now.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumns(db, 'alert_rule_override', { made_in: 'VARCHAR(40) NULL' });
  await sql`UPDATE alert_rule_override
    JOIN cluster ON cluster.id = alert_rule_override.cluster_id
    SET alert_rule_override.made_in = cluster.environment
    WHERE alert_rule_override.made_in IS NULL`.execute(db);
}
