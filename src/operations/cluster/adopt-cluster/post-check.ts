import type { Reading } from '../../../adapters/reading.ts';
import { type ClusterNode, capabilityOf, type Host } from '../../../domain/cluster.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found, type NamedCheck } from '../../../domain/verdict.ts';
import type { EndedRun } from '../../define.ts';
import { attachNodes, attachNodesParams, tiedAmong } from '../../host/attach-hosts/attach-host.ts';
import { checkRegistered } from '../register-cluster/post-check.ts';

/**
 * The cluster is registered, and what was planned is tied: that decides. What is missing for full management is said for
 * each address of nodes, and fails nothing.
 */
export async function checkAdopted(
  name: string,
  reading: Pick<Reading, 'inventory' | 'clusterId'>,
  { steps }: Pick<EndedRun, 'steps'>,
): Promise<PostCheck> {
  const { inventory, clusterId } = reading;
  const registered = await checkRegistered(name, reading);
  const nodes = await inventory.listNodes(clusterId);
  const hosts = await inventory.listHosts(clusterId);
  const planned = steps.flatMap(({ kind, params }) =>
    kind === attachNodes.kind ? [attachNodesParams.parse(params)] : [],
  );
  const untied = planned.flatMap(({ address, port, nodes: wanted }) => {
    const host = hosts.find((one) => one.address === address && one.port === port);
    const tied = host === undefined ? [] : tiedAmong(wanted, { nodes, hostId: host.id });
    return wanted.filter((one) => !tied.includes(one)).map(({ label }) => label);
  });
  const tiedCheck = found('nodes-tied', 'BLOCK', untied.length === 0, {
    observed: untied.length === 0 ? 'every node that was found' : `not tied: ${untied.join(', ')}`,
    wanted: 'every node that was found has its host and its directory',
    hint: 'Retry the run.',
  });
  return {
    passed: registered.passed && tiedCheck.status === 'PASS',
    facts: { capability: capabilityOf(nodes, hosts) },
    checks: [...registered.checks, tiedCheck, ...hostChecks(nodes, hosts)],
  };
}

/** How far it came when it ended otherwise, for each address of nodes. */
export async function checkAdoptEnd({
  inventory,
  clusterId,
}: Pick<Reading, 'clusterId'> & {
  readonly inventory: Pick<Reading['inventory'], 'findCluster' | 'listNodes' | 'listHosts'>;
}): Promise<PostCheck> {
  const [cluster, nodes, hosts] = await Promise.all([
    inventory.findCluster(clusterId),
    inventory.listNodes(clusterId),
    inventory.listHosts(clusterId),
  ]);
  const registered = found('cluster-registered', 'INFO', cluster !== null, {
    observed: cluster === null ? 'the cluster is not registered' : `${cluster.name} is registered`,
    wanted: 'the cluster is registered',
    hint: 'Retry the run.',
  });
  return {
    passed: true,
    facts: { capability: capabilityOf(nodes, hosts) },
    checks: [registered, ...hostChecks(nodes, hosts)],
  };
}

/** For each address of nodes what is there and what is missing; it fails nothing. */
function hostChecks(nodes: readonly ClusterNode[], hosts: readonly Host[]): NamedCheck[] {
  return [...new Set(nodes.map(({ host }) => host))].map((address) => {
    const residents = nodes.filter(({ host }) => host === address);
    const missing = residents.filter((node) => hosts.find(({ id }) => id === node.hostId)?.ssh !== 'OK');
    return found(`host-${address}`, 'WARN', missing.length === 0, {
      observed:
        missing.length === 0
          ? residents.map((node) => `${nodeLabel(node)} in ${node.deployDir}`).join(', ')
          : `no SSH access to ${missing.map(nodeLabel).join(', ')}; the notes of the plan or the failed step say why`,
      wanted: 'a login and a directory for each of its nodes',
      hint: 'Mend the login or start the node, then bring it in with attachHosts (findNodes).',
    });
  });
}
