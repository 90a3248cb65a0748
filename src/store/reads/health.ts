import type { Cluster } from '../../domain/cluster.ts';
import type { HealthFacts } from '../../domain/health/facts.ts';
import { isTerminal } from '../../domain/run.ts';
import { databaseNow, type Reader } from '../database.ts';
import { openAlertsOfClusters } from './alerts.ts';
import { nodesOfClusters } from './clusters.ts';
import { latestOfClusters } from './metric-history.ts';
import { plannedWorkOfClusters } from './planned-work.ts';
import { lastProbesOfClusters } from './probes.ts';
import { notJudgedOfClusters } from './rules.ts';
import { stoppedNodesOfClusters } from './stopped-nodes.ts';
import { openUpgradesOfClusters } from './upgrades.ts';

/** What the row of a cluster itself says is known to whoever has read it. */
export type StoredHealth = Omit<HealthFacts, 'runMode' | 'observedAt'> & { readonly clusterId: string };

/**
 * What the scores of clusters rest on, which the caller has read with their rights. The number of statements does not
 * depend on how many they are, and no cluster is asked.
 */
export async function healthOfClusters(db: Reader, clusterIds: readonly string[]): Promise<readonly StoredHealth[]> {
  if (clusterIds.length === 0) return [];
  const [clocks, nodes, alerts, probes, measured, upgrades, stopped, work, notJudged] = await Promise.all([
    db
      .selectFrom('cluster')
      .select(['id', databaseNow.as('now')])
      .where('id', 'in', clusterIds)
      .execute(),
    nodesOfClusters(db, clusterIds),
    openAlertsOfClusters(db, clusterIds),
    lastProbesOfClusters(db, clusterIds),
    latestOfClusters(db, clusterIds),
    openUpgradesOfClusters(db, clusterIds),
    stoppedNodesOfClusters(db, clusterIds),
    plannedWorkOfClusters(db, { clusterIds, windowMs: 0 }),
    notJudgedOfClusters(db, clusterIds),
  ]);
  const explained = new Map([
    ...stopped.map(
      ({ nodeId, byName, runNumber }) => [nodeId, `stopped on purpose by ${byName} (R-${runNumber})`] as const,
    ),
    ...work.map(({ nodeId, runNumber }) => [nodeId, `away while R-${runNumber} works on it`] as const),
  ]);
  return clocks.map(({ id: clusterId, now }) => {
    const isOurs = (each: { readonly clusterId: string }) => each.clusterId === clusterId;
    return {
      clusterId,
      now,
      look: probes.find(isOurs) ?? null,
      nodes: nodes.filter(isOurs),
      explained,
      alerts: alerts.filter(isOurs),
      measured: measured.find(isOurs) ?? null,
      notJudged: notJudged.find(isOurs)?.notJudged ?? [],
      work: work.filter((each) => each.clusterId === clusterId),
      isUpgrading: upgrades.some((upgrade) => isOurs(upgrade) && !isTerminal(upgrade.state)),
    };
  });
}

/** Together with the row of the cluster, all that its score needs. */
export function factsFor(
  { observedAt, runMode }: Pick<Cluster, 'observedAt' | 'runMode'>,
  stored: StoredHealth,
): HealthFacts {
  return { ...stored, observedAt, runMode };
}
