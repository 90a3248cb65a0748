import { z } from 'zod';
import { nodeKinds, type StoppedNode } from '../../domain/cluster.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import type { Reader } from '../database.ts';
import { readable } from '../readable.ts';

const kindShape = z.enum(nodeKinds);

/** Nodes that were stopped on purpose and are not started yet, with the run that did it. */
export async function listStoppedNodes(db: Reader, clusterId: string): Promise<readonly StoppedNode[]> {
  return (await rowsOfStopped(db, [clusterId])).flatMap(toStopped);
}

/** The same of several clusters, in one statement; without those that cannot be read. */
export async function stoppedNodesOfClusters(
  db: Reader,
  clusterIds: readonly string[],
): Promise<readonly StoppedNodeOf[]> {
  return readable(await rowsOfStopped(db, clusterIds), toStopped, () => undefined).flat();
}

function rowsOfStopped(db: Reader, clusterIds: readonly string[]) {
  return db
    .selectFrom('cluster_node')
    .select([
      'id',
      'cluster_id',
      'kind',
      'host',
      'port',
      'stopped_run_id',
      'stopped_run_number',
      'stopped_by_name',
      'stopped_at',
    ])
    .where('cluster_id', 'in', clusterIds)
    .where('stopped_run_id', 'is not', null)
    .orderBy('id')
    .execute();
}

type StoppedRow = Awaited<ReturnType<typeof rowsOfStopped>>[number];

type StoppedNodeOf = StoppedNode & { readonly clusterId: string };

function toStopped(row: StoppedRow): StoppedNodeOf[] {
  const { stopped_run_id: runId, stopped_run_number: runNumber, stopped_by_name: byName, stopped_at: at } = row;
  if (runId === null || runNumber === null || byName === null || at === null) return [];
  const label = nodeLabel({ ...row, kind: kindShape.parse(row.kind) });
  return [{ nodeId: row.id, clusterId: row.cluster_id, label, runId, runNumber, byName, at }];
}
