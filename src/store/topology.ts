import type { ObservedNode } from '../domain/cluster.ts';
import { newId } from '../ids.ts';
import { type Database, databaseNow, inTransaction } from './database.ts';
import { toJson } from './json.ts';

/**
 * Replaces the stored picture of a cluster by what was just seen. Known nodes keep their id, host and directory; nodes
 * that are gone from the cluster leave. Clears the cluster's problems.
 */
export async function saveTopology(
  db: Database,
  clusterId: string,
  seen: { nodes: readonly ObservedNode[]; runMode: string | null },
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const cluster = await tx
      .selectFrom('cluster')
      .select('id')
      .where('id', '=', clusterId)
      .forUpdate()
      .executeTakeFirst();
    if (cluster === undefined) return; // unregistered meanwhile: nothing to remember
    const known = await tx
      .selectFrom('cluster_node')
      .select(['id', 'kind', 'host', 'port'])
      .where('cluster_id', '=', clusterId)
      .execute();
    const ids = new Map(known.map((row) => [`${row.kind} ${row.host}:${row.port}`, row.id]));
    const kept = new Set<string>();
    for (const node of seen.nodes) {
      const id = ids.get(`${node.kind} ${node.host}:${node.port}`);
      const columns = nodeColumns(node);
      if (id === undefined) {
        await tx
          .insertInto('cluster_node')
          .values({ id: newId('nod'), cluster_id: clusterId, host_id: null, deploy_dir: null, ...columns })
          .execute();
      } else {
        kept.add(id);
        await tx.updateTable('cluster_node').set(columns).where('id', '=', id).execute();
      }
    }
    const gone = known.filter((row) => !kept.has(row.id)).map((row) => row.id);
    if (gone.length > 0) await tx.deleteFrom('cluster_node').where('id', 'in', gone).execute();
    await tx
      .updateTable('cluster')
      .set({ observed_at: databaseNow, problems: '[]', ...(seen.runMode === null ? {} : { run_mode: seen.runMode }) })
      .where('id', '=', clusterId)
      .execute();
  });
}

/** Says that the picture is stale; the last one stays readable. */
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
    observed_at: databaseNow,
  };
}
