import type { Reading } from '../../../adapters/reading.ts';
import { askHosts } from '../../../adapters/ssh/read-host-facts.ts';
import { parseBackends } from '../../../adapters/starrocks/parse.ts';
import { readRunningJobs } from '../../../adapters/starrocks/read-jobs.ts';
import { readSingleReplicaTables } from '../../../adapters/starrocks/read-replicas.ts';
import { readTabletHealth } from '../../../adapters/starrocks/read-tablet-health.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { showBackends } from '../../../adapters/starrocks/statements.ts';
import type { ClusterNode, ObservedNode } from '../../../domain/cluster.ts';
import { findSameNode, nodeLabel } from '../../../domain/node-identity.ts';
import type { ProcessId } from '../../../domain/process-id.ts';
import type { RestartFacts } from '../../../domain/restart-safety.ts';
import { unhealthyTablets } from '../../../domain/tablet-health.ts';
import type { Asked, NodeOnHost } from '../../../domain/upgrade/checks-facts.ts';
import type { StartedAs } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import type { RestartNodeInput } from './input.ts';

export type RestartNodeFacts = {
  /** The node as the inventory knows it, with its host; null = no such node in this cluster. */
  readonly known: ClusterNode | null;
  /** The node as the cluster shows it now; null = gone. */
  readonly now: ObservedNode | null;
  readonly process: ProcessId | null;
  /** The user who would start the node and the user it belongs to, where these differ and no unit runs the node. */
  readonly startedAs: StartedAs | null;
  readonly runningQueries: number | null;
  readonly safety: RestartFacts;
  /** `shared_nothing` or `shared_data`; null = not known. */
  readonly runMode: string | null;
  /** What its host says of its directory, service, JDK and configuration; null = it is not attached. */
  readonly onHost: Asked<NodeOnHost> | null;
};

export async function observeRestart(input: RestartNodeInput, reading: Reading): Promise<RestartNodeFacts> {
  const { sql, signal, inventory, clusterId } = reading;
  const node = await inventory.findNode(input.nodeId);
  const known = node !== null && node.clusterId === input.clusterId ? node : null;
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const now = known === null ? null : (findSameNode(nodes, known) ?? null);
  const isBackend = now?.kind === 'BACKEND' && now.alive;
  const backend = isBackend
    ? parseBackends(await sql.query(showBackends(), { signal })).find(
        (row) => row.host === now.host && row.heartbeatPort === now.port,
      )
    : undefined;
  return {
    known,
    now,
    ...(known === null ? { process: null, startedAs: null } : await processOf(known, reading)),
    onHost: known === null ? null : await onHostOf(known, reading),
    runMode: (await inventory.findCluster(clusterId))?.runMode ?? null,
    runningQueries: backend?.runningQueries ?? null,
    safety: {
      nodes,
      unhealthyTablets: isBackend ? await countOrNull(sql, signal) : 0,
      singleReplicaTables: backend === undefined ? [] : await readSingleReplicaTables(sql, backend.id, { signal }),
      runningJobs: isBackend ? await readRunningJobs(sql, { signal }) : [],
    },
  };
}

async function processOf(
  known: ClusterNode,
  { node: nodeOf, signal }: Reading,
): Promise<Pick<RestartNodeFacts, 'process' | 'startedAs'>> {
  const { id, hostId, deployDir } = known;
  if (hostId === null || deployDir === null) return { process: null, startedAs: null };
  const node = await nodeOf({ nodeId: id, label: nodeLabel(known), hostId, deployDir });
  const [process, startedAs] = await Promise.all([node.process({ signal }), node.startedAs({ signal })]);
  return { process, startedAs };
}

async function onHostOf(known: ClusterNode, reading: Reading): Promise<Asked<NodeOnHost> | null> {
  const { id, hostId, deployDir } = known;
  if (hostId === null || deployDir === null) return null;
  const address = (await reading.inventory.findHost(hostId))?.address ?? known.host;
  const [answer] = await askHosts([{ id: hostId, address, nodes: [known] }], { ...reading, source: null });
  return answer?.nodes.get(id) ?? null;
}

async function countOrNull(sql: Reading['sql'], signal: AbortSignal): Promise<number | null> {
  try {
    return unhealthyTablets(await readTabletHealth(sql, { signal }));
  } catch (error) {
    if (error instanceof AppError && error.code === 'SQL_PRIVILEGE_MISSING') return null;
    throw error;
  }
}
