import type { Backup, Cluster, ClusterNode, Host } from '../../domain/cluster.ts';
import { AppError } from '../../errors.ts';
import { type Database, databaseNow, inTransaction, type Queryable } from '../database.ts';
import { toJson } from '../json.ts';
import { deleteSecret, forgetReplacedSecrets } from '../secrets/secrets.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { toBackup, toCluster, toHost, toNode } from './cluster-rows.ts';

export async function findCluster(db: Queryable, id: string): Promise<Cluster | null> {
  const row = await db.selectFrom('cluster').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toCluster(row);
}

export async function findClusterByName(db: Queryable, name: string): Promise<Cluster | null> {
  const row = await db.selectFrom('cluster').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? null : toCluster(row);
}

export async function insertCluster(
  db: Database,
  cluster: Pick<Cluster, 'id' | 'name' | 'environment' | 'sqlUser' | 'passwordRef' | 'seeds' | 'tls'>,
): Promise<void> {
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

/** Writes a cluster's row anew, and destroys the secret of a password that is not used any more. */
export async function changeCluster(
  db: Database,
  cluster: Pick<Cluster, 'id' | 'name' | 'environment' | 'sqlUser' | 'passwordRef' | 'seeds' | 'tls'>,
): Promise<void> {
  try {
    await inTransaction(db, async (tx) => {
      const before = await tx
        .selectFrom('cluster')
        .select('password_ref')
        .where('id', '=', cluster.id)
        .executeTakeFirst();
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
      if (before !== undefined && before.password_ref !== cluster.passwordRef)
        await deleteSecret(tx, before.password_ref);
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('ALREADY_EXISTS', `A cluster named ${cluster.name} is registered already`, {
      hint: 'Choose another name.',
      cause: error,
    });
  }
}

/** Forgets a host: its login, its pinned key, and that nodes run there. */
export async function deleteHost(db: Database, id: string): Promise<void> {
  await inTransaction(db, async (tx) => {
    const row = await tx.selectFrom('host').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) return;
    await tx
      .updateTable('cluster_node')
      .set({ host_id: null, deploy_dir: null, unit: null })
      .where('host_id', '=', id)
      .execute();
    await tx
      .deleteFrom('host_key')
      .where('cluster_id', '=', row.cluster_id)
      .where('address', '=', row.address)
      .where('port', '=', row.port)
      .execute();
    await tx.deleteFrom('host').where('id', '=', id).execute();
    await forgetReplacedSecrets(tx, row.cluster_id, toHost(row).auth);
  });
}

/** Forgets a cluster and what was needed to reach it. Its runs, audit events and backup history stay. */
export async function deleteCluster(db: Database, id: string): Promise<void> {
  await inTransaction(db, async (tx) => {
    const cluster = await tx.selectFrom('cluster').select('password_ref').where('id', '=', id).executeTakeFirst();
    // By its reference too: the password may have come with an earlier try to register the cluster.
    if (cluster !== undefined) await deleteSecret(tx, cluster.password_ref);
    for (const table of ['cluster_node', 'host', 'host_key', 'secret'] as const) {
      await tx.deleteFrom(table).where('cluster_id', '=', id).execute();
    }
    await tx.deleteFrom('cluster').where('id', '=', id).execute();
  });
}

export async function listNodes(db: Queryable, clusterId: string): Promise<readonly ClusterNode[]> {
  const rows = await db
    .selectFrom('cluster_node')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .orderBy('kind')
    .orderBy('host')
    .orderBy('port')
    .execute();
  return rows.map(toNode);
}

export async function listHosts(db: Queryable, clusterId: string): Promise<readonly Host[]> {
  const rows = await db
    .selectFrom('host')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .orderBy('address')
    .orderBy('port')
    .execute();
  return rows.map(toHost);
}

export async function findBackupOfRun(db: Queryable, runId: string): Promise<Backup | null> {
  const row = await db.selectFrom('backup').selectAll().where('run_id', '=', runId).executeTakeFirst();
  return row === undefined ? null : toBackup(row, true);
}
