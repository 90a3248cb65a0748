import type { Repository } from '../../domain/backup/repository.ts';
import type { NamedBackup } from '../../domain/backup/seen-snapshot.ts';
import { toNamedBackup } from '../backups/backup-rows.ts';
import { toRepository } from '../backups/repository-rows.ts';
import type { Reader } from '../database.ts';
import { isVisible, type Visibility } from './visibility.ts';

/** Where a repository may be seen is decided by its cluster; those of a cluster that is gone are not seen. */
const columns = { clusterId: 'repository.cluster_id', environment: 'cluster.environment' };

/** Those of the ids that may be seen. */
export async function findVisibleRepositories(
  db: Reader,
  { visibility, ids }: { visibility: Visibility; ids: readonly string[] },
): Promise<readonly Repository[]> {
  if (ids.length === 0) return [];
  const rows = await visibleRepositories(db, visibility).where('repository.id', 'in', ids).execute();
  return rows.map(toRepository);
}

export async function findVisibleRepository(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<Repository | null> {
  return (await findVisibleRepositories(db, { visibility, ids: [id] }))[0] ?? null;
}

/** Those of a cluster under management, by name; none where the cluster may not be seen. There are never many. */
export async function listVisibleRepositories(
  db: Reader,
  { visibility, clusterId }: { visibility: Visibility; clusterId: string },
): Promise<readonly Repository[]> {
  const found = visibleRepositories(db, visibility).where('repository.cluster_id', '=', clusterId);
  return (await found.orderBy('repository.name').execute()).map(toRepository);
}

/** The same of clusters that the caller has read with their rights. */
export async function repositoriesOfClusters(
  db: Reader,
  clusterIds: readonly string[],
): Promise<readonly Repository[]> {
  const rows = await db
    .selectFrom('repository')
    .selectAll()
    .where('cluster_id', 'in', clusterIds)
    .orderBy('name')
    .execute();
  return rows.map(toRepository);
}

/**
 * What is needed to recognize the backups of a cluster, which the caller has read with their rights, among the snapshots of a
 * repository; oldest first, deleted ones included.
 */
export async function namedBackupsIn(
  db: Reader,
  { clusterId, repository }: { clusterId: string; repository: string },
): Promise<readonly NamedBackup[]> {
  const rows = await db
    .selectFrom('backup')
    .select(['id', 'snapshot', 'state', 'origin', 'location', 'backup_timestamp'])
    .where('cluster_id', '=', clusterId)
    .where('repository', '=', repository)
    .where('snapshot', 'is not', null)
    .orderBy('started_at')
    .orderBy('id')
    .execute();
  return rows.map(toNamedBackup);
}

function visibleRepositories(db: Reader, visibility: Visibility) {
  return db
    .selectFrom('repository')
    .innerJoin('cluster', 'cluster.id', 'repository.cluster_id')
    .selectAll('repository')
    .where(isVisible(visibility, columns));
}
