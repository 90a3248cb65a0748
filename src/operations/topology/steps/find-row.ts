import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { ObservedNode } from '../../../domain/cluster.ts';
import { findSameNode, type NodeIdentity } from '../../../domain/node-identity.ts';

/** The node as the cluster shows it now; null = it is not in the cluster. */
export async function findRow(sql: SqlReader, node: NodeIdentity, signal: AbortSignal): Promise<ObservedNode | null> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }, { waitMs: 0 }));
  return findSameNode(nodes, node) ?? null;
}
