import type { BackupPolicy } from '../../domain/backup/policy.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { toPolicy } from '../backups/policy-rows.ts';
import type { Reader } from '../database.ts';
import { isVisible, type Visibility } from './visibility.ts';

/** Where a policy may be seen is decided by its cluster; policies of a cluster that is gone are not seen. */
const columns = { clusterId: 'backup_policy.cluster_id', environment: 'cluster.environment' };

/** The policies that were not removed, by name; of one cluster or of all. There are never many. */
export async function listPolicies(
  db: Reader,
  { visibility, clusterId }: { visibility: Visibility; clusterId?: string | null | undefined },
): Promise<readonly BackupPolicy[]> {
  let query = visiblePolicies(db, visibility).selectAll('backup_policy');
  if (clusterId != null) query = query.where('backup_policy.cluster_id', '=', clusterId);
  return (await query.orderBy('backup_policy.name').orderBy('backup_policy.id').execute()).map(toPolicy);
}

/** The policy with its cluster; null = there is none, or it may not be seen. */
export async function findVisiblePolicy(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<{ policy: BackupPolicy; cluster: Pick<Cluster, 'id' | 'name' | 'environment'> } | null> {
  const row = await visiblePolicies(db, visibility)
    .selectAll('backup_policy')
    .select(['cluster.name as cluster_name', 'cluster.environment'])
    .where('backup_policy.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { cluster_id: clusterId, cluster_name: name, environment } = row;
  return { policy: toPolicy(row), cluster: { id: clusterId, name, environment } };
}

/** The policies of clusters that the caller has read with their rights, by name. */
export async function policiesOfClusters(db: Reader, clusterIds: readonly string[]): Promise<readonly BackupPolicy[]> {
  const rows = await db
    .selectFrom('backup_policy')
    .selectAll()
    .where('cluster_id', 'in', clusterIds)
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute();
  return rows.map(toPolicy);
}

function visiblePolicies(db: Reader, visibility: Visibility) {
  return db
    .selectFrom('backup_policy')
    .innerJoin('cluster', 'cluster.id', 'backup_policy.cluster_id')
    .where('backup_policy.removed_at', 'is', null)
    .where(isVisible(visibility, columns));
}
