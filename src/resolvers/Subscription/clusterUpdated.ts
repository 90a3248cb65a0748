import type { Cluster, ClusterNode } from '../../domain/cluster.ts';
import { AppError } from '../../errors.ts';
import { findVisibleCluster, nodesOfClusters } from '../../store/reads/clusters.ts';
import { makeLoaders } from '../loaders.ts';
import { type RequestContext, readableBy } from '../request-context.ts';
import { readCurrentActor } from './current-actor.ts';
import { inTurn } from './in-turn.ts';
import { ticks } from './ticks.ts';

/**
 * The cluster after each change of what is known of it; a new reading with the same result is no change. Checked every
 * few seconds.
 */
async function* watchCluster(
  id: string,
  context: RequestContext,
): AsyncGenerator<{ clusterUpdated: Cluster }, void, void> {
  const { db, doorbell } = context.deps;
  let shown: string | null = null;
  for await (const _ of ticks(doorbell, (topic) => topic === `cluster:${id}`)) {
    const visibility = readableBy(await readCurrentActor(context));
    const cluster = await inTurn(() => findVisibleCluster(db, { visibility, id }));
    if (cluster === null) {
      throw new AppError('NOT_FOUND', `There is no cluster ${id}`, {
        hint: 'Look at the list of clusters for its id.',
      });
    }
    const picture = pictureOf(cluster, await inTurn(() => nodesOfClusters(db, [id])));
    if (picture === shown) continue;
    shown = picture;
    context.loaders = makeLoaders(context.deps, visibility);
    yield { clusterUpdated: cluster };
  }
}

function pictureOf(cluster: Cluster, nodes: readonly ClusterNode[]): string {
  return JSON.stringify([cluster, nodes], (key, value: unknown) => (key === 'observedAt' ? undefined : value));
}

export const clusterUpdated = {
  subscribe: (_: unknown, { id }: { id: string }, context: RequestContext) => watchCluster(id, context),
};
