import { type Database, databaseNow, type Tx } from '../database.ts';

type By = { readonly id: string; readonly number: number; readonly requestedByName: string };

/** Written again by the same run, it keeps its time. */
export async function markStopped(
  tx: Tx,
  { clusterId, run }: { readonly clusterId: string; readonly run: By },
  { nodeId, startedBefore }: { readonly nodeId: string; readonly startedBefore: string | null },
): Promise<void> {
  await tx
    .updateTable('cluster_node')
    .set({
      ...{ stopped_run_id: run.id, stopped_run_number: run.number, stopped_by_name: run.requestedByName },
      ...{ stopped_at: databaseNow, stopped_started_at: startedBefore },
    })
    .where('id', '=', nodeId)
    .where('cluster_id', '=', clusterId)
    .where((row) => row.or([row('stopped_run_id', 'is', null), row('stopped_run_id', '<>', run.id)]))
    .execute();
}

export async function markStarted(tx: Tx, { id, clusterId }: { id: string; clusterId: string }): Promise<void> {
  await tx
    .updateTable('cluster_node')
    .set({ stopped_run_id: null })
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .execute();
}

/** The node was seen running since that run stopped it; what a later run wrote meanwhile stays. */
export async function forgetStop(
  db: Database,
  { clusterId, nodeId, runId }: { clusterId: string; nodeId: string; runId: string },
): Promise<void> {
  await db
    .updateTable('cluster_node')
    .set({ stopped_run_id: null })
    .where('id', '=', nodeId)
    .where('cluster_id', '=', clusterId)
    .where('stopped_run_id', '=', runId)
    .execute();
}
