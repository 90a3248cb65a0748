import type { Host as HostRow } from '../domain/cluster.ts';
import { credentialOf } from './Credential.ts';
import type { RequestContext } from './request-context.ts';

export const Host = {
  cluster: (host: HostRow, _: unknown, { loaders }: RequestContext) => loaders.cluster.load(host.clusterId),
  credential: ({ auth }: HostRow, _: unknown, context: RequestContext) =>
    auth.kind === 'agent' ? { kind: 'AGENT', changedAt: null } : credentialOf(auth.privateKeyRef, context),
  jumpHost: (host: HostRow, _: unknown, { loaders }: RequestContext) =>
    host.jumpHostId === null ? null : loaders.host.load(host.jumpHostId),
  nodes: async (host: HostRow, _: unknown, { loaders }: RequestContext) =>
    (await loaders.nodesOfCluster.load(host.clusterId)).filter((node) => node.hostId === host.id),
};
