import { z } from 'zod';
import {
  type CheckReport,
  type Cluster,
  type ClusterNode,
  type Host,
  labelAsMeant,
  type RemovedNode,
} from '../../domain/cluster.ts';
import { toCluster, toHost, toNode, toRemovedNode, toReport } from '../clusters/cluster-rows.ts';
import type { Reader } from '../database.ts';
import { readable } from '../readable.ts';
import { containsPattern, isVisible, type Page, pageOf, type Visibility } from './visibility.ts';

/*
 * Clusters that somebody may see, and what belongs to clusters. Each function sends one statement, however many ids it is
 * given. `…OfClusters` is about clusters that the caller has read with their rights.
 */

export type ClusterListFilter = {
  readonly environment?: string | null | undefined;
  readonly nameContains?: string | null | undefined;
  readonly hasProblems?: boolean | null | undefined;
};

const columns = { clusterId: 'cluster.id', environment: 'cluster.environment' };

/** By name, which is unique. */
export async function listClusters(
  db: Reader,
  { visibility, filter, page }: { visibility: Visibility; filter: ClusterListFilter; page: Page<{ name: string }> },
): Promise<readonly Cluster[]> {
  const part = pageOf(page, { columns: ['cluster.name'], direction: 'asc', values: ({ name }) => [name] });
  const rows = await clustersThat(db, { visibility, filter })
    .selectAll('cluster')
    .where(part.where)
    .orderBy(part.orderBy)
    .limit(page.limit)
    .execute();
  return part.inOrder(rows.map(toCluster));
}

/** How many clusters fit the filter. */
export async function countClusters(
  db: Reader,
  which: { visibility: Visibility; filter: ClusterListFilter },
): Promise<number> {
  const row = await clustersThat(db, which)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

function clustersThat(db: Reader, { visibility, filter }: { visibility: Visibility; filter: ClusterListFilter }) {
  let query = db.selectFrom('cluster').where(isVisible(visibility, columns));
  if (filter.environment != null) query = query.where('environment', '=', labelAsMeant(filter.environment));
  if (filter.nameContains != null) query = query.where('name', 'like', containsPattern(filter.nameContains));
  if (filter.hasProblems != null) query = query.where('problems', filter.hasProblems ? '!=' : '=', '[]');
  return query;
}

export async function findVisibleClusters(
  db: Reader,
  by: { visibility: Visibility; ids: readonly string[] },
): Promise<readonly Cluster[]> {
  const rows = await db
    .selectFrom('cluster')
    .selectAll()
    .where('id', 'in', by.ids)
    .where(isVisible(by.visibility, columns))
    .execute();
  return rows.map(toCluster);
}

export async function findVisibleCluster(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<Cluster | null> {
  const [cluster] = await findVisibleClusters(db, { visibility, ids: [id] });
  return cluster ?? null;
}

export async function findVisibleClusterByName(
  db: Reader,
  by: { visibility: Visibility; name: string },
): Promise<Cluster | null> {
  const row = await db
    .selectFrom('cluster')
    .selectAll()
    .where('name', '=', labelAsMeant(by.name))
    .where(isVisible(by.visibility, columns))
    .executeTakeFirst();
  return row === undefined ? null : toCluster(row);
}

/** The names of all visible clusters, in order; for messages that list what there is. */
export async function listClusterNames(db: Reader, visibility: Visibility): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('cluster')
    .select('name')
    .where(isVisible(visibility, columns))
    .orderBy('name')
    .execute();
  return rows.map(({ name }) => name);
}

/** The environment labels of the visible clusters, each once, in order. */
export async function listEnvironments(db: Reader, visibility: Visibility): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('cluster')
    .select('environment')
    .distinct()
    .where(isVisible(visibility, columns))
    .orderBy('environment')
    .execute();
  return rows.map(({ environment }) => environment);
}

export async function nodesOfClusters(db: Reader, clusterIds: readonly string[]): Promise<readonly ClusterNode[]> {
  const rows = await db
    .selectFrom('cluster_node')
    .selectAll()
    .where('cluster_id', 'in', clusterIds)
    .orderBy('kind')
    .orderBy('host')
    .orderBy('port')
    .execute();
  return readable(rows, toNode, () => undefined);
}

/** Nodes that runs took out of these clusters, newest first; those whose data is deleted too are left out. */
export async function removedNodesOfClusters(
  db: Reader,
  clusterIds: readonly string[],
): Promise<readonly RemovedNode[]> {
  const rows = await db
    .selectFrom('removed_node')
    .selectAll()
    .where('cluster_id', 'in', clusterIds)
    .where('purged_at', 'is', null)
    .orderBy('removed_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(toRemovedNode);
}

/** Nodes that have left clusters that the reader may see, purged ones included. */
export async function findVisibleRemovedNodes(
  db: Reader,
  { visibility, ids }: { visibility: Visibility; ids: readonly string[] },
): Promise<readonly RemovedNode[]> {
  const rows = await db
    .selectFrom('removed_node')
    .innerJoin('cluster', 'cluster.id', 'removed_node.cluster_id')
    .selectAll('removed_node')
    .where('removed_node.id', 'in', ids)
    .where(isVisible(visibility, columns))
    .execute();
  return rows.map(toRemovedNode);
}

export async function findVisibleNodes(
  db: Reader,
  { visibility, ids }: { visibility: Visibility; ids: readonly string[] },
): Promise<readonly ClusterNode[]> {
  const rows = await db
    .selectFrom('cluster_node')
    .innerJoin('cluster', 'cluster.id', 'cluster_node.cluster_id')
    .selectAll('cluster_node')
    .where('cluster_node.id', 'in', ids)
    .where(isVisible(visibility, columns))
    .execute();
  return rows.map(toNode);
}

export async function hostsOfClusters(db: Reader, clusterIds: readonly string[]): Promise<readonly Host[]> {
  const rows = await db
    .selectFrom('host')
    .selectAll()
    .where('cluster_id', 'in', clusterIds)
    .orderBy('address')
    .orderBy('port')
    .execute();
  return rows.map(toHost);
}

export async function findVisibleHosts(
  db: Reader,
  { visibility, ids }: { visibility: Visibility; ids: readonly string[] },
): Promise<readonly Host[]> {
  const rows = await db
    .selectFrom('host')
    .innerJoin('cluster', 'cluster.id', 'host.cluster_id')
    .selectAll('host')
    .where('host.id', 'in', ids)
    .where(isVisible(visibility, columns))
    .execute();
  return rows.map(toHost);
}

export type SecretFacts = { readonly id: string; readonly kind: 'env' | 'file' | 'inline'; readonly changedAt: Date };

/** What may be shown of secrets. Their content is not even read. */
export async function secretFacts(db: Reader, ids: readonly string[]): Promise<readonly SecretFacts[]> {
  const rows = await db.selectFrom('secret').select(['id', 'kind', 'changed_at']).where('id', 'in', ids).execute();
  return rows.map((row) => ({
    id: row.id,
    kind: z.enum(['env', 'file', 'inline']).parse(row.kind),
    changedAt: row.changed_at,
  }));
}

/** Which run holds which cluster. */
export async function locksOfClusters(
  db: Reader,
  clusterIds: readonly string[],
): Promise<readonly { clusterId: string; runId: string }[]> {
  const rows = await db
    .selectFrom('cluster_lock')
    .select(['cluster_id', 'run_id'])
    .where('cluster_id', 'in', clusterIds)
    .where('scope', '=', 'cluster')
    .execute();
  return rows.map((row) => ({ clusterId: row.cluster_id, runId: row.run_id }));
}

/**
 * The newest report of each cluster that a run of this operation made: reports of other operations judge other things. Two
 * of the same millisecond may both be returned.
 */
export async function lastReportsOf(
  db: Reader,
  { operation, clusterIds }: { operation: string; clusterIds: readonly string[] },
): Promise<readonly CheckReport[]> {
  const reports = () =>
    db
      .selectFrom('check_report')
      .innerJoin('run', 'run.id', 'check_report.run_id')
      .where('run.operation', '=', operation)
      .where('check_report.cluster_id', 'in', clusterIds);
  const newest = reports()
    .select(({ fn }) => ['check_report.cluster_id as newest_cluster', fn.max('check_report.at').as('newest_at')])
    .groupBy('check_report.cluster_id');
  const rows = await reports()
    .innerJoin(newest.as('newest'), (join) =>
      join
        .onRef('newest.newest_cluster', '=', 'check_report.cluster_id')
        .onRef('newest.newest_at', '=', 'check_report.at'),
    )
    .selectAll('check_report')
    .execute();
  return rows.map(toReport);
}

export async function findVisibleReport(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<CheckReport | null> {
  const row = await db
    .selectFrom('check_report')
    .innerJoin('cluster', 'cluster.id', 'check_report.cluster_id')
    .selectAll('check_report')
    .where('check_report.id', '=', id)
    .where(isVisible(visibility, columns))
    .executeTakeFirst();
  return row === undefined ? null : toReport(row);
}
