import type { Alert } from '../domain/alert.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { Explanation } from '../domain/why/finding.ts';
import { explainAlert } from '../domain/why/why-alert.ts';
import { explainWhyNot } from '../domain/why/why-not.ts';
import { AppError } from '../errors.ts';
import { readWhyNot, type WhyNotReads } from '../store/reads/why.ts';
import { watchedOf } from './AlertRule.ts';
import type { RequestContext } from './request-context.ts';

/** The field `Alert.why`. */
export async function whyOf(alert: Alert, _: unknown, context: RequestContext) {
  const { clusterId: id, clusterName: name, environment } = alert;
  const facts = await context.loaders.factsOfAlert.load(alert);
  return withDecision(explainAlert(facts, await watchedOf({ id, name, environment }, context)));
}

/** The field `Cluster.whyNot`. */
export async function whyNotOf(
  cluster: Cluster,
  asked: { rule: string; nodeId?: string | null },
  context: RequestContext,
) {
  const watched = await watchedOf(cluster, context);
  const node = asked.nodeId == null ? null : watched.nodes.find(({ id }) => id === asked.nodeId);
  if (node === undefined)
    throw new AppError('NOT_FOUND', `${cluster.name} has no node ${asked.nodeId}`, {
      hint: 'Query the nodes of the cluster for their ids.',
      path: ['nodeId'],
    });
  const name = asked.rule.toLowerCase();
  return withDecision(explainWhyNot(await readWhyNot(byLoaders(context), watched, { name, node })));
}

/** A list of clusters costs as many statements as one. */
function byLoaders({ loaders }: RequestContext): WhyNotReads {
  return {
    ownRulesCalled: (name) => loaders.ownRulesCalled.load(name),
    plannedWork: (clusterId) => loaders.plannedWorkOfCluster.load(clusterId),
    stoppedNodes: (clusterId) => loaders.stoppedNodesOfCluster.load(clusterId),
    silences: (at) => loaders.openSilences.load(at),
    windows: () => loaders.hidingWindows.load('all'),
    factsOfAlerts: (alerts) => Promise.all(alerts.map((alert) => loaders.factsOfAlert.load(alert))),
  };
}

function withDecision({ isCalled, decision, findings }: Explanation) {
  return { isCalled, decision, findings, summary: decision.words };
}
