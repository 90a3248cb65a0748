import type { ClusterSnapshotJob as Job } from '../domain/backup/cluster-snapshots.ts';
import type { Cluster } from '../domain/cluster.ts';
import { AppError } from '../errors.ts';
import { type LookedAtSnapshots, lookAtSnapshots } from '../runs/look-at-snapshots.ts';
import type { RequestContext } from './request-context.ts';

const maxJobs = 100;

/** The field `Cluster.clusterSnapshots`. */
export async function clusterSnapshotsOf(cluster: Cluster, _: unknown, { loaders, deps }: RequestContext) {
  return lookAtSnapshots(deps.engine, { cluster, nodes: await loaders.nodesOfCluster.load(cluster.id) });
}

export const ClusterSnapshots = {
  jobs: ({ jobs }: LookedAtSnapshots, { first }: { first?: number | null }) => {
    const count = first ?? 25;
    if (count < 1 || count > maxJobs)
      throw new AppError('BAD_USER_INPUT', `first is 1 to ${maxJobs}`, { path: ['first'] });
    return jobs.slice(0, count);
  },
};

export const ClusterSnapshotJob = {
  state: ({ state }: Job) => (typeof state === 'string' ? state : state.unknown),
  finishedAt: ({ finishedText }: Job) => finishedText,
};
