import { type ClusterNode, type Cluster as ClusterRow, capabilityOf } from '../domain/cluster.ts';
import { credentialOf } from './Credential.ts';
import type { RequestContext } from './request-context.ts';

async function nodesOf(cluster: ClusterRow, kind: ClusterNode['kind'], { loaders }: RequestContext) {
  return (await loaders.nodesOfCluster.load(cluster.id)).filter((node) => node.kind === kind);
}

export const Cluster = {
  credential: (cluster: ClusterRow, _: unknown, context: RequestContext) => credentialOf(cluster.passwordRef, context),
  usesTls: (cluster: ClusterRow) => cluster.tls !== null,
  runMode: (cluster: ClusterRow) => cluster.runMode?.toUpperCase() ?? null,
  capability: async ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => {
    const [nodes, hosts] = await Promise.all([loaders.nodesOfCluster.load(id), loaders.hostsOfCluster.load(id)]);
    return capabilityOf(nodes, hosts);
  },
  versions: async ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => {
    const byVersion = Map.groupBy(await loaders.nodesOfCluster.load(id), (node) => node.version);
    return [...byVersion]
      .map(([version, nodes]) => ({ version, nodes: nodes.length }))
      .toSorted((a, b) => b.nodes - a.nodes);
  },
  frontends: (cluster: ClusterRow, _: unknown, context: RequestContext) => nodesOf(cluster, 'FRONTEND', context),
  backends: (cluster: ClusterRow, _: unknown, context: RequestContext) => nodesOf(cluster, 'BACKEND', context),
  computeNodes: (cluster: ClusterRow, _: unknown, context: RequestContext) => nodesOf(cluster, 'COMPUTE_NODE', context),
  hosts: ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => loaders.hostsOfCluster.load(id),
  lockedBy: async ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => {
    const lock = await loaders.lockOfCluster.load(id);
    return lock === null ? null : loaders.run.load(lock.runId);
  },
  openAlerts: ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => loaders.openAlertsOfCluster.load(id),
  lastRun: ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => loaders.lastRunOfCluster.load(id),
  lastCheck: ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => loaders.lastReportOfCluster.load(id),
};
