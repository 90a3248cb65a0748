import type { Reading } from '../../../adapters/reading.ts';
import { askHosts } from '../../../adapters/ssh/read-host-facts.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import { AppError } from '../../../errors.ts';
import { readNodeFacts } from '../node-facts.ts';
import type { StartNodesFacts } from './plan.ts';

export async function observeStartNodes(reading: Reading): Promise<StartNodesFacts> {
  const { clusterId, inventory } = reading;
  const stopped = await inventory.listStoppedNodes(clusterId);
  try {
    const { nodes, hosts, clusterName, runMode } = await readNodeFacts(reading);
    return { nodes, hosts, clusterName, runMode, silent: null, stopped };
  } catch (error) {
    const isSilent = error instanceof AppError && (error.code === 'SQL_UNREACHABLE' || error.code === 'TIMEOUT');
    if (!isSilent) throw error;
    return { ...(await readFromHosts(reading)), silent: error.message, stopped };
  }
}

/** A cluster that does not answer: its nodes as they were last seen, and what their hosts say now. */
async function readFromHosts(reading: Reading): Promise<Omit<StartNodesFacts, 'silent' | 'stopped'>> {
  const { clusterId, inventory } = reading;
  const [cluster, known, hosts] = await Promise.all([
    inventory.findCluster(clusterId),
    inventory.listNodes(clusterId),
    inventory.listHosts(clusterId),
  ]);
  // Nobody says that they are alive: a unit that is not active is no contradiction.
  const placed = known.filter(({ deployDir }) => deployDir !== null).map((node) => ({ ...node, alive: false }));
  const answers = await askHosts(
    hosts
      .map((host) => ({ ...host, nodes: placed.filter(({ hostId }) => hostId === host.id) }))
      .filter(({ nodes }) => nodes.length > 0),
    { ...reading, source: null },
  );
  return {
    clusterName: cluster?.name ?? 'the cluster',
    runMode: cluster?.runMode ?? null,
    hosts: answers.map(({ host }) => host),
    nodes: known.map((node) => ({
      ...node,
      alive: false,
      label: nodeLabel(node),
      workerId: null,
      runningQueries: null,
      onHost: answers.find(({ host }) => host.hostId === node.hostId)?.nodes.get(node.id) ?? null,
    })),
  };
}
