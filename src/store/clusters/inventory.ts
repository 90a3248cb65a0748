import type { Cluster, ClusterNode } from '../../domain/cluster.ts';
import type { Neighbour } from '../../domain/deploy/found-there.ts';
import type { NewCluster, NodePlace } from '../../domain/inventory.ts';
import type { NodeIdentity } from '../../domain/node-identity.ts';
import { AppError } from '../../errors.ts';
import { databaseNow, type Queryable, type Reader, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { type OnDamaged, readable } from '../readable.ts';
import { deleteSecret, forgetSecretsOf } from '../secrets/secrets.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { toCluster, toNode } from './cluster-rows.ts';

export async function findCluster(db: Reader, id: string): Promise<Cluster | null> {
  const row = await db.selectFrom('cluster').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toCluster(row);
}

export async function findClusterByName(db: Reader, name: string): Promise<Cluster | null> {
  const row = await db.selectFrom('cluster').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? null : toCluster(row);
}

/** A registered cluster, other than `exceptId`, that a frontend (`IP` text and edit-log port) belongs to. */
export async function findClusterByFrontend(
  db: Reader,
  { host, port, exceptId }: { host: string; port: number; exceptId?: string },
): Promise<Cluster | null> {
  const row = await db
    .selectFrom('cluster_node')
    .innerJoin('cluster', 'cluster.id', 'cluster_node.cluster_id')
    .selectAll('cluster')
    .where('cluster_node.kind', '=', 'FRONTEND')
    .where('cluster_node.host', '=', host)
    .where('cluster_node.port', '=', port)
    .$if(exceptId !== undefined, (query) => query.where('cluster.id', '<>', exceptId ?? ''))
    .executeTakeFirst();
  return row === undefined ? null : toCluster(row);
}

/** `ALREADY_EXISTS` when the name belongs to another cluster. */
export async function insertCluster(db: Queryable, cluster: NewCluster): Promise<void> {
  try {
    await db
      .insertInto('cluster')
      .values({
        id: cluster.id,
        name: cluster.name,
        environment: cluster.environment,
        sql_user: cluster.sqlUser,
        password_ref: cluster.passwordRef,
        seeds: toJson(cluster.seeds),
        tls: cluster.tls === null ? null : toJson(cluster.tls),
        problems: '[]',
        created_at: databaseNow,
      })
      .execute();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    const known = await findClusterByName(db, cluster.name);
    if (known?.id === cluster.id) return;
    throw new AppError('ALREADY_EXISTS', `A cluster named ${cluster.name} is registered already`, {
      hint: 'Choose another name, or unregister the other cluster first.',
      cause: error,
    });
  }
}

/**
 * Writes a cluster's row anew, and destroys the secret of a password that is not used any more. `ALREADY_EXISTS` when the
 * name belongs to another cluster.
 */
export async function changeCluster(tx: Tx, cluster: NewCluster): Promise<void> {
  const before = await tx.selectFrom('cluster').select('password_ref').where('id', '=', cluster.id).executeTakeFirst();
  try {
    await tx
      .updateTable('cluster')
      .set({
        name: cluster.name,
        environment: cluster.environment,
        sql_user: cluster.sqlUser,
        password_ref: cluster.passwordRef,
        seeds: toJson(cluster.seeds),
        tls: cluster.tls === null ? null : toJson(cluster.tls),
      })
      .where('id', '=', cluster.id)
      .execute();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('ALREADY_EXISTS', `A cluster named ${cluster.name} is registered already`, {
      hint: 'Choose another name.',
      cause: error,
    });
  }
  if (before !== undefined && before.password_ref !== cluster.passwordRef) await deleteSecret(tx, before.password_ref);
}

/** Forgets a cluster and what was needed to reach it. Its runs, audit events and backup history stay. */
export async function deleteCluster(tx: Tx, id: string): Promise<void> {
  const cluster = await tx.selectFrom('cluster').select('password_ref').where('id', '=', id).executeTakeFirst();
  // By its reference too: the password may have come with an earlier try to register the cluster.
  if (cluster !== undefined) await deleteSecret(tx, cluster.password_ref);
  for (const table of ['cluster_node', 'host', 'host_key'] as const) {
    await tx.deleteFrom(table).where('cluster_id', '=', id).execute();
  }
  await forgetSecretsOf(tx, id);
  await tx.deleteFrom('cluster').where('id', '=', id).execute();
}

/** `onDamaged`: for who looks at the cluster, which goes on without the nodes that cannot be read; others refuse. */
export async function listNodes(
  db: Reader,
  clusterId: string,
  { onDamaged }: { readonly onDamaged?: OnDamaged } = {},
): Promise<readonly ClusterNode[]> {
  const rows = await db
    .selectFrom('cluster_node')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .orderBy('kind')
    .orderBy('host')
    .orderBy('port')
    .execute();
  return onDamaged === undefined ? rows.map(toNode) : readable(rows, toNode, onDamaged);
}

/** Nodes of any cluster that stand at one of these addresses, or on a host that is reached at one of them. */
export async function listNodesAt(db: Reader, addresses: readonly string[]): Promise<readonly ClusterNode[]> {
  if (addresses.length === 0) return [];
  const rows = await db
    .selectFrom('cluster_node')
    .leftJoin('host', 'host.id', 'cluster_node.host_id')
    .selectAll('cluster_node')
    .where((where) => where.or([where('cluster_node.host', 'in', addresses), where('host.address', 'in', addresses)]))
    .orderBy('cluster_node.id')
    .execute();
  return rows.map(toNode);
}

/** As `Inventory.listNeighbours` says. */
export async function listNeighbours(
  db: Reader,
  {
    clusterId,
    addresses,
    hostKeys,
  }: { readonly clusterId: string; readonly addresses: readonly string[]; readonly hostKeys: readonly string[] },
): Promise<readonly Neighbour[]> {
  const rows = await db
    .selectFrom('cluster_node')
    .leftJoin('host', 'host.id', 'cluster_node.host_id')
    .selectAll('cluster_node')
    .select(['host.address as hostAddress', 'host.host_key_fingerprint as hostKeyFingerprint'])
    .where((where) =>
      where.or([
        where('cluster_node.cluster_id', '=', clusterId),
        ...(addresses.length === 0
          ? []
          : [where('cluster_node.host', 'in', addresses), where('host.address', 'in', addresses)]),
        ...(hostKeys.length === 0 ? [] : [where('host.host_key_fingerprint', 'in', hostKeys)]),
      ]),
    )
    .orderBy('cluster_node.id')
    .execute();
  return rows.map(({ hostAddress, hostKeyFingerprint, ...row }) => ({
    ...toNode(row),
    hostAddress,
    hostKeyFingerprint,
  }));
}

export async function findNode(db: Reader, id: string): Promise<ClusterNode | null> {
  const row = await db.selectFrom('cluster_node').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toNode(row);
}

/** Ties a node to the host it runs on. */
export async function attachNode(
  db: Queryable,
  { id, clusterId }: { id: string; clusterId: string },
  place: NodePlace,
): Promise<void> {
  await db
    .updateTable('cluster_node')
    .set({ host_id: place.hostId, deploy_dir: place.deployDir, unit: place.unit })
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .execute();
}

/** The same for a node that is known by its address: nothing where the cluster has no such node. */
export async function placeNode(
  db: Queryable,
  { clusterId, kind, host, port }: NodeIdentity & { readonly clusterId: string },
  place: NodePlace,
): Promise<void> {
  await db
    .updateTable('cluster_node')
    .set({ host_id: place.hostId, deploy_dir: place.deployDir, unit: place.unit })
    .where('cluster_id', '=', clusterId)
    .where('kind', '=', kind)
    .where('host', '=', host)
    .where('port', '=', port)
    .execute();
}
