import { sql } from 'kysely';
import type { RemovedNode } from '../../domain/cluster.ts';
import type { NewRemovedNode } from '../../domain/inventory.ts';
import { newId } from '../../ids.ts';
import { databaseNow, type Reader, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { toRemovedNode } from './cluster-rows.ts';

/** Newest first; purged ones included. */
export async function listRemovedNodes(db: Reader, clusterId: string): Promise<readonly RemovedNode[]> {
  const rows = await db
    .selectFrom('removed_node')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .orderBy('removed_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(toRemovedNode);
}

/**
 * Remembers a node that has left the cluster. One run has one row of a node: what was found later (whether its process has
 * ended) is written into it. What an earlier try of the run has found is not forgotten because a later one could not look: by
 * then the process is gone that knew where its data is.
 */
export async function saveRemovedNode(
  tx: Tx,
  { clusterId, runId }: { clusterId: string; runId: string },
  node: NewRemovedNode,
): Promise<void> {
  const found = {
    host_id: node.place?.hostId ?? null,
    deploy_dir: node.place?.deployDir ?? null,
    unit: node.place?.unit ?? null,
    data_dirs: toJson(node.dataDirs),
    identities: toJson(node.identities),
    process_ended: node.processEnded === null ? null : Number(node.processEnded),
  };
  await tx
    .insertInto('removed_node')
    .values({
      id: newId('rmn'),
      cluster_id: clusterId,
      run_id: runId,
      kind: node.kind,
      host: node.host,
      port: node.port,
      removed_at: databaseNow,
      ...found,
    })
    .onDuplicateKeyUpdate({
      host_id: sql<string | null>`COALESCE(VALUES(host_id), host_id)`,
      deploy_dir: sql<string | null>`IF(VALUES(host_id) IS NULL, deploy_dir, VALUES(deploy_dir))`,
      unit: sql<string | null>`IF(VALUES(host_id) IS NULL, unit, VALUES(unit))`,
      data_dirs: sql<string>`IF(VALUES(data_dirs) = '[]', data_dirs, VALUES(data_dirs))`,
      identities: sql<string>`JSON_MERGE_PATCH(identities, VALUES(identities))`,
      process_ended: sql<number | null>`COALESCE(VALUES(process_ended), process_ended)`,
    })
    .execute();
}

/** Keeps the time of the first purge. */
export async function markPurged(tx: Tx, { id, clusterId }: { id: string; clusterId: string }): Promise<void> {
  await tx
    .updateTable('removed_node')
    .set({ purged_at: databaseNow })
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .where('purged_at', 'is', null)
    .execute();
}
