import type { Reader } from '../database.ts';

/**
 * Clusters that a run is bringing into being, or has failed to, and that have not answered once: there is nothing yet that
 * could be down.
 */
export async function listClustersInMaking(db: Reader): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('cluster')
    .innerJoin('run', 'run.cluster_id', 'cluster.id')
    .select('cluster.id')
    .distinct()
    .where('cluster.observed_at', 'is', null)
    .where('run.target_kind', '=', 'new-cluster')
    .execute();
  return rows.map(({ id }) => id);
}
