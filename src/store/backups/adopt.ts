import type { Queryable } from '../database.ts';

/**
 * Gives the backups of a cluster that is not registered any more to the cluster that is registered now, if it gave itself
 * the same id. Backups of a cluster that is still registered stay where they are, whatever that one's id is.
 */
export async function adoptBackups(
  db: Queryable,
  { clusterId, origin }: { clusterId: string; origin: string },
): Promise<void> {
  await db
    .updateTable('backup')
    .set({ cluster_id: clusterId })
    .where('origin', '=', origin)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('cluster').select('cluster.id').whereRef('cluster.id', '=', 'backup.cluster_id'))),
    )
    .execute();
}
