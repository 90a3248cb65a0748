import type { Selectable } from 'kysely';
import { z } from 'zod';
import {
  type Backup,
  type CheckReport,
  type Cluster,
  type ClusterNode,
  type Host,
  type HostAuth,
  nodeKinds,
} from '../../domain/cluster.ts';
import { AppError } from '../../errors.ts';
import { type Database, databaseNow, inTransaction, type Queryable } from '../database.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson, toJson } from '../json.ts';
import { checksShape } from '../runs/run-rows.ts';
import { deleteSecret, forgetReplacedSecrets } from '../secrets.ts';
import { isDuplicateKey } from '../store-errors.ts';

const seedsShape = z.array(z.object({ host: z.string(), port: z.number() }));
const tlsShape = z.object({ verify: z.boolean(), ca: z.string().nullable() });
const problemsShape = z.array(z.string());
// Made once: making a shape costs a hundred times as much as using it, and a list has thousands of rows.
const kindShape = z.enum(nodeKinds);
const sshShape = z.enum(['OK', 'FAILED']);
const authShape: z.ZodType<HostAuth> = z.union([
  z.object({ kind: z.literal('key'), privateKeyRef: z.string(), passphraseRef: z.string().nullable() }),
  z.object({ kind: z.literal('agent') }),
]);

export function toCluster(row: Selectable<Tables['cluster']>): Cluster {
  return {
    id: row.id,
    name: row.name,
    environment: row.environment,
    sqlUser: row.sql_user,
    passwordRef: row.password_ref,
    seeds: fromJson(seedsShape, row.seeds),
    tls: row.tls === null ? null : fromJson(tlsShape, row.tls),
    runMode: row.run_mode,
    observedAt: row.observed_at,
    problems: fromJson(problemsShape, row.problems),
    createdAt: row.created_at,
  };
}

export function toNode(row: Selectable<Tables['cluster_node']>): ClusterNode {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    kind: kindShape.parse(row.kind),
    host: row.host,
    port: row.port,
    httpPort: row.http_port,
    queryPort: row.query_port,
    role: row.role,
    alive: row.alive === 1,
    decommissioning: row.decommissioning === 1,
    version: row.version,
    startedAt: row.started_at,
    tabletCount: row.tablet_count,
    maxDiskUsedPercent: row.max_disk_used_percent,
    errorMessage: row.error_message,
    observedAt: row.observed_at,
    hostId: row.host_id,
    deployDir: row.deploy_dir,
    unit: row.unit,
  };
}

export function toHost(row: Selectable<Tables['host']>): Host {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    address: row.address,
    port: row.port,
    user: row.user,
    auth: fromJson(authShape, row.auth),
    hostKeyFingerprint: row.host_key_fingerprint,
    jumpHostId: row.jump_host_id,
    ssh: row.ssh === null ? null : sshShape.parse(row.ssh),
    sudo: row.sudo === null ? null : row.sudo === 1,
    problem: row.problem,
  };
}

/** `runIsOpen` = the run that makes this backup has not ended yet. */
export function toBackup(row: Selectable<Tables['backup']>, runIsOpen: boolean): Backup {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    runId: row.run_id,
    database: row.database_name,
    repository: row.repository,
    snapshot: row.snapshot,
    state: row.verified_at !== null ? 'AVAILABLE' : runIsOpen ? 'RUNNING' : 'BROKEN',
    backupTimestamp: row.backup_timestamp,
    startedAt: row.started_at,
    verifiedAt: row.verified_at,
  };
}

export function toReport(row: Selectable<Tables['check_report']>): CheckReport {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    runId: row.run_id,
    at: row.at,
    checks: fromJson(checksShape, row.checks),
  };
}

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
