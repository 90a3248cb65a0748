import { momentInWords } from '../../domain/backup/periods.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import type { Reader } from '../database.ts';
import { findVisibleBackups } from './backups.ts';
import { findVisibleHosts, findVisibleNodes, findVisibleRemovedNodes } from './clusters.ts';
import { isVisible, type Visibility } from './visibility.ts';

/**
 * What people call the things that have these ids: a cluster's name, a node's label, a host's address, `R-12`. A thing
 * that the reader may not see gets no name. One statement for each kind of thing among the ids.
 */
export async function readNames(
  db: Reader,
  { visibility, ids }: { visibility: Visibility; ids: readonly string[] },
): Promise<ReadonlyMap<string, string>> {
  const read = async (prefix: string, load: (own: readonly string[]) => Promise<readonly Named[]>) => {
    const own = ids.filter((id) => id.startsWith(`${prefix}_`));
    return own.length === 0 ? [] : load(own);
  };
  const named = [
    ...(await read('clu', (own) =>
      db
        .selectFrom('cluster')
        .select(['id', 'name'])
        .where('id', 'in', own)
        .where(isVisible(visibility, { clusterId: 'cluster.id', environment: 'cluster.environment' }))
        .execute(),
    )),
    ...(await read('nod', async (own) =>
      (await findVisibleNodes(db, { visibility, ids: own })).map((node) => ({ id: node.id, name: nodeLabel(node) })),
    )),
    ...(await read('rmn', async (own) =>
      (
        await findVisibleRemovedNodes(db, { visibility, ids: own })
      ).map((node) => ({ id: node.id, name: nodeLabel(node) })),
    )),
    ...(await read('hst', async (own) =>
      (await findVisibleHosts(db, { visibility, ids: own })).map(({ id, address }) => ({ id, name: address })),
    )),
    ...(await read('run', async (own) =>
      (
        await db
          .selectFrom('run')
          .select(['id', 'number'])
          .where('id', 'in', own)
          .where(isVisible(visibility, { clusterId: 'run.cluster_id', environment: 'run.environment' }))
          .execute()
      ).map(({ id, number }) => ({ id, name: `R-${number}` })),
    )),
    ...(await read('bak', async (own) =>
      (
        await findVisibleBackups(db, { visibility, ids: own })
      ).map((backup) => ({
        id: backup.id,
        name: backup.snapshot ?? `${backup.database} ${momentInWords(backup.startedAt.getTime())}`,
      })),
    )),
    ...(await read('bpl', (own) =>
      db
        .selectFrom('backup_policy')
        .innerJoin('cluster', 'cluster.id', 'backup_policy.cluster_id')
        .select(['backup_policy.id', 'backup_policy.name'])
        .where('backup_policy.id', 'in', own)
        .where(isVisible(visibility, { clusterId: 'cluster.id', environment: 'cluster.environment' }))
        .execute(),
    )),
    ...(await read('per', (own) => db.selectFrom('person').select(['id', 'name']).where('id', 'in', own).execute())),
  ];
  return new Map(named.map(({ id, name }) => [id, name]));
}

type Named = { readonly id: string; readonly name: string };
