import { type ClusterNode, type Cluster as ClusterRow, capabilityOf } from '../domain/cluster.ts';
import { scoreHealth } from '../domain/health/score.ts';
import { pictureVersions } from '../domain/upgrade/cluster-versions.ts';
import { AppError } from '../errors.ts';
import { lookAtRecovery } from '../runs/look-at-backups.ts';
import { factsFor } from '../store/reads/health.ts';
import { alertHidingsOf } from './AlertHiding.ts';
import { alertNoiseOf } from './AlertNoise.ts';
import { alertRulesOf } from './AlertRule.ts';
import { automationOf } from './Calendar.ts';
import { clusterSnapshotsOf } from './ClusterSnapshots.ts';
import { balancingOf, disksOf, tabletsOf } from './ClusterTablets.ts';
import { credentialOf } from './Credential.ts';
import type { PageArguments } from './connection.ts';
import { latestMetricsOf, metricOf } from './Metric.ts';
import { repositoriesOf } from './Repository.ts';
import type { RequestContext } from './request-context.ts';
import { readUpgrades } from './Upgrade.ts';
import { whyNotOf } from './Why.ts';

const maxLooks = 500;

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
  versions: async ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => ({
    ...pictureVersions(await loaders.nodesOfCluster.load(id)),
    toFinalize: async () => {
      const open = (await loaders.upgradesOfCluster.load(id)).filter((upgrade) => upgrade.finalizedAt === null);
      const kept = await Promise.all(open.map(({ runId }) => loaders.isKeptByRun.load(runId)));
      return open.filter((_upgrade, at) => kept[at] === true);
    },
  }),
  upgrades: async ({ id }: ClusterRow, page: PageArguments, { loaders }: RequestContext) =>
    readUpgrades(await loaders.upgradesOfCluster.load(id), page),
  frontends: (cluster: ClusterRow, _: unknown, context: RequestContext) => nodesOf(cluster, 'FRONTEND', context),
  backends: (cluster: ClusterRow, _: unknown, context: RequestContext) => nodesOf(cluster, 'BACKEND', context),
  computeNodes: (cluster: ClusterRow, _: unknown, context: RequestContext) => nodesOf(cluster, 'COMPUTE_NODE', context),
  hosts: ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => loaders.hostsOfCluster.load(id),
  removedNodes: ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => loaders.removedNodesOfCluster.load(id),
  recentLooks: ({ id }: ClusterRow, { first }: { first?: number | null }, { loaders }: RequestContext) => {
    const limit = first ?? 25;
    if (limit < 1 || limit > maxLooks)
      throw new AppError('BAD_USER_INPUT', `first is 1 to ${maxLooks}`, {
        hint: 'Looks are kept for a day.',
        path: ['first'],
      });
    return loaders.looksOfCluster({ limit }).load(id);
  },
  lockedBy: async ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => {
    const lock = await loaders.lockOfCluster.load(id);
    return lock === null ? null : loaders.run.load(lock.runId);
  },
  backupPolicies: ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => loaders.policiesOfCluster.load(id),
  recoveryPoints: async ({ id: clusterId }: ClusterRow, _: unknown, { loaders, deps }: RequestContext) =>
    lookAtRecovery(deps.engine, { clusterId, policies: await loaders.policiesOfCluster.load(clusterId) }),
  openAlerts: ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => loaders.openAlertsOfCluster.load(id),
  healthScore: async (cluster: ClusterRow, _: unknown, { loaders }: RequestContext) => {
    const stored = await loaders.healthOfCluster.load(cluster.id);
    return stored === null ? null : scoreHealth(factsFor(cluster, stored));
  },
  repositories: repositoriesOf,
  automation: automationOf,
  clusterSnapshots: clusterSnapshotsOf,
  tablets: tabletsOf,
  balancing: balancingOf,
  disks: disksOf,
  metric: metricOf,
  latestMetrics: latestMetricsOf,
  alertRules: alertRulesOf,
  alertHidings: alertHidingsOf,
  alertNoise: alertNoiseOf,
  whyNot: whyNotOf,
  lastRun: ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => loaders.lastRunOfCluster.load(id),
  lastCheck: ({ id }: ClusterRow, _: unknown, { loaders }: RequestContext) => loaders.lastCheckOfCluster.load(id),
};
