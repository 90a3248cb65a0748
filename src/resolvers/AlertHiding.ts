import { alertHidings, type AlertHiding as Hiding } from '../domain/alert-hidings.ts';
import type { Cluster } from '../domain/cluster.ts';
import { readHidings } from '../store/reads/alert-hidings.ts';
import type { RequestContext } from './request-context.ts';

/** The field `Cluster.alertHidings`, by loaders: a list of clusters costs as many statements as one. */
export async function alertHidingsOf(cluster: Cluster, _: unknown, { loaders, deps }: RequestContext) {
  const reads = {
    openAlerts: (id: string) => loaders.openAlertsOfCluster.load(id),
    nodes: (id: string) => loaders.nodesOfCluster.load(id),
    plannedWork: (id: string) => loaders.plannedWorkOfCluster.load(id),
    stoppedNodes: (id: string) => loaders.stoppedNodesOfCluster.load(id),
    silences: (at: Date) => loaders.openSilences.load(at),
    windows: () => loaders.hidingWindows.load('all'),
    run: (id: string) => loaders.run.load(id),
  };
  return alertHidings(await readHidings(reads, cluster, deps.engine.now()));
}

export const AlertHiding = {
  node: ({ nodeId }: Hiding, _: unknown, { loaders }: RequestContext) =>
    nodeId === null ? null : loaders.node.load(nodeId),
};
