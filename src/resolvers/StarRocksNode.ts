import type { ClusterNode } from '../domain/cluster.ts';
import { nodeLabel } from '../domain/node-identity.ts';
import { metricsOfNode } from './Metric.ts';
import type { RequestContext } from './request-context.ts';

const typeNames = { FRONTEND: 'Frontend', BACKEND: 'Backend', COMPUTE_NODE: 'ComputeNode' } as const satisfies Record<
  ClusterNode['kind'],
  string
>;

export const StarRocksNode = {
  __resolveType: (node: ClusterNode) => typeNames[node.kind],
};

/** Fields that frontends, backends and compute nodes have in common. */
const common = {
  cluster: (node: ClusterNode, _: unknown, { loaders }: RequestContext) => loaders.cluster.load(node.clusterId),
  label: (node: ClusterNode) => nodeLabel(node),
  address: (node: ClusterNode) => node.host,
  host: (node: ClusterNode, _: unknown, { loaders }: RequestContext) =>
    node.hostId === null ? null : loaders.host.load(node.hostId),
  metrics: metricsOfNode,
};

export const Frontend = common;
export const Backend = common;
export const ComputeNode = common;
