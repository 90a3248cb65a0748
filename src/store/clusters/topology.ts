import { sql } from 'kysely';
import { nodeKinds, type ObservedNode } from '../../domain/cluster.ts';
import type { SeenTopology } from '../../domain/inventory.ts';
import { isSameNode } from '../../domain/node-identity.ts';
import { newId } from '../../ids.ts';
import { type Database, databaseNow, inTransaction, type Tx } from '../database.ts';
import { toJson } from '../json.ts';

/**
 * Replaces the stored picture of a cluster, in a transaction of its own; does nothing when the cluster was unregistered
 * meanwhile.
 */
export async function saveTopology(
  db: Database,
  clusterId: string,
  seen: Omit<SeenTopology, 'problems'> & Partial<SeenTopology>,
): Promise<void> {
  await inTransaction(db, (tx) => replaceTopology(tx, clusterId, { problems: [], ...seen }));
}

/**
 * Replaces the stored picture of a cluster by what was just seen. Known nodes keep their id, host and directory; nodes
 * that are gone from the cluster leave. False when the cluster was unregistered meanwhile: there is nothing to remember.
 */
export async function replaceTopology(tx: Tx, clusterId: string, seen: SeenTopology): Promise<boolean> {
  const cluster = await tx
    .selectFrom('cluster')
    .select('id')
    .where('id', '=', clusterId)
    .forUpdate()
    .executeTakeFirst();
  if (cluster === undefined) return false;
  await upsertNodes(tx, clusterId, seen.nodes);
  await deleteOthers(tx, clusterId, seen.nodes);
  await tx
    .updateTable('cluster')
    .set({
      observed_at: databaseNow,
      problems: toJson(seen.problems),
      ...(seen.runMode === null ? {} : { run_mode: seen.runMode }),
    })
    .where('id', '=', clusterId)
    .execute();
  return true;
}

/** Holds the rows of these clusters until the transaction ends, so that two who count what is hidden there count one after the other. */
export async function lockClusters(tx: Tx, clusterIds: readonly string[]): Promise<void> {
  if (clusterIds.length === 0) return;
  await tx.selectFrom('cluster').select('id').where('id', 'in', clusterIds).orderBy('id').forUpdate().execute();
}

/** One statement for all nodes: reading a cluster every few seconds must not cost a statement per node. */
async function upsertNodes(tx: Tx, clusterId: string, nodes: readonly ObservedNode[]): Promise<void> {
  if (nodes.length === 0) return;
  const rows = nodes.map((node) => ({
    id: newId('nod'),
    cluster_id: clusterId,
    host_id: null,
    deploy_dir: null,
    unit: null,
    ...nodeColumns(node),
  }));
  const seen = Object.fromEntries(seenColumns.map((column) => [column, sql`VALUES(${sql.ref(column)})`]));
  await tx
    .insertInto('cluster_node')
    .values(rows)
    .onDuplicateKeyUpdate({ stopped_run_id: unlessStarted, ...seen })
    .execute();
}

/**
 * A node that was stopped on purpose is so no more once it is alive since another start. One that is shown alive since the
 * start from before is only not missed yet.
 */
const unlessStarted = sql<string | null>`IF(
  VALUES(alive) = 1 AND VALUES(started_at) IS NOT NULL AND NOT (VALUES(started_at) <=> stopped_started_at),
  NULL,
  stopped_run_id
)`;

/** Columns of a known node that a new reading may change; its id, host and directory stay. */
const seenColumns = [
  'http_port',
  'query_port',
  'role',
  'alive',
  'decommissioning',
  'version',
  'started_at',
  'tablet_count',
  'max_disk_used_percent',
  'error_message',
  'location',
  'observed_at',
] as const;

async function deleteOthers(tx: Tx, clusterId: string, nodes: readonly ObservedNode[]): Promise<void> {
  const known = await tx
    .selectFrom('cluster_node')
    .select(['id', 'kind', 'host', 'port'])
    .where('cluster_id', '=', clusterId)
    .execute();
  const isSeen = (row: { kind: string; host: string; port: number }) => nodes.some((node) => isSameNode(node, row));
  // What a damaged row was about nobody knows, so it is not known to be gone; it holds where its node runs.
  const isWhole = ({ kind }: { kind: string }) => nodeKinds.some((each) => each === kind);
  const gone = known.filter((row) => isWhole(row) && !isSeen(row)).map((row) => row.id);
  if (gone.length > 0) await tx.deleteFrom('cluster_node').where('id', 'in', gone).execute();
}

/** Records why the stored picture is stale; the picture itself stays readable. */
export async function saveClusterProblems(db: Database, clusterId: string, problems: readonly string[]): Promise<void> {
  await db
    .updateTable('cluster')
    .set({ problems: toJson(problems) })
    .where('id', '=', clusterId)
    .execute();
}

function nodeColumns(node: ObservedNode) {
  return {
    kind: node.kind,
    host: node.host,
    port: node.port,
    http_port: node.httpPort,
    query_port: node.queryPort,
    role: node.role,
    alive: node.alive ? 1 : 0,
    decommissioning: node.decommissioning ? 1 : 0,
    version: node.version,
    started_at: node.startedAt,
    tablet_count: node.tabletCount,
    max_disk_used_percent: node.maxDiskUsedPercent,
    error_message: node.errorMessage,
    location: node.location,
    observed_at: databaseNow,
  };
}
