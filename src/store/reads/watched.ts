import type { Cluster } from '../../domain/cluster.ts';
import { bookFor } from '../../domain/rules/book.ts';
import type { WatchedCluster } from '../../domain/rules/watched.ts';
import type { Reader } from '../database.ts';
import { openAlertsOfClusters } from './alerts.ts';
import { nodesOfClusters } from './clusters.ts';
import { latestOfClusters } from './metric-history.ts';
import { lastLooksOfClusters } from './probes.ts';
import { readRuleEdits } from './rules.ts';

/** All that is known of a cluster's rules, which the caller has read with their rights. */
export async function readWatched(
  db: Reader,
  { id, name, environment }: Pick<Cluster, 'id' | 'name' | 'environment'>,
  now: Date,
): Promise<WatchedCluster> {
  const ids = [id];
  const [look = null] = await lastLooksOfClusters(db, ids);
  const [measured = null] = await latestOfClusters(db, ids);
  return {
    ...{ cluster: { id, name, environment }, now, look, measured },
    book: bookFor(await readRuleEdits(db), { clusterId: id, environment, at: now }),
    nodes: await nodesOfClusters(db, ids),
    alerts: await openAlertsOfClusters(db, ids),
  };
}
