import { nodeLabel } from '../node-identity.ts';
import { isElectable } from '../quorum.ts';
import type { HealthFacts, ScoredAlert, ScoredNode } from './facts.ts';

/*
 * What makes several reports the same trouble. This is the one place outside the rules that knows them by name: every rule
 * that is shipped stands here, which a test holds. One that people made costs points of its own.
 */

type Topic = 'answering' | 'frontends' | 'versions' | 'node' | 'disk' | 'tablets' | 'damage' | 'heap' | 'compaction';

/** `OWN`: each alert of the rule is a trouble of its own, or that of its policy, repository or job. */
export const topicsOfRules: Readonly<Record<string, Topic | 'snapshots' | 'OWN'>> = {
  cluster_unreachable: 'answering',
  no_leader: 'frontends',
  quorum_at_risk: 'frontends',
  versions_mixed: 'versions',
  node_down: 'node',
  node_stopped: 'node',
  disk_filling: 'disk',
  disk_nearly_full: 'disk',
  tablets_without_replica: 'tablets',
  tablets_unhealthy: 'tablets',
  tablets_in_error: 'damage',
  tablets_inconsistent: 'damage',
  heap_high: 'heap',
  gc_heavy: 'heap',
  compaction_behind: 'compaction',
  rowsets_many: 'compaction',
  cluster_snapshot_failed: 'snapshots',
  cluster_snapshot_old: 'snapshots',
  frontend_no_greeting: 'OWN',
  impossible_logins: 'OWN',
  query_p95_high: 'OWN',
  query_errors_high: 'OWN',
  connections_near_limit: 'OWN',
  user_connections_near_limit: 'OWN',
  load_failures: 'OWN',
  rare_load_failures: 'OWN',
  loads_rejected: 'OWN',
  transactions_near_limit: 'OWN',
  safe_mode: 'OWN',
  routine_load_not_running: 'OWN',
  routine_load_errors: 'OWN',
  routine_load_lagging: 'OWN',
  routine_loads_unstable: 'OWN',
  log_disk_filling: 'OWN',
  disk_broken: 'OWN',
  memory_high: 'OWN',
  file_descriptors_near_limit: 'OWN',
  clock_difference: 'OWN',
  certificate_expires_soon: 'OWN',
  certificate_nearly_expired: 'OWN',
  checkpoint_not_running: 'OWN',
  backup_failed: 'OWN',
  backup_missed: 'OWN',
  backup_too_old: 'OWN',
  backup_shrunk: 'OWN',
  backup_verification_failed: 'OWN',
  repository_unhealthy: 'OWN',
  looks_late: 'OWN',
  run_waits: 'OWN',
};

export const keys = {
  ...{ answering: 'answering', frontends: 'frontends', versions: 'versions', damage: 'damage', snapshots: 'snapshots' },
} as const;

/** All voting frontends together are one matter: how many more may fail. */
export function keyOfNode(node: ScoredNode): string {
  return isElectable(node) ? keys.frontends : `node ${nodeLabel(node)}`;
}

export function keyOfDisks(label: string): string {
  return `disks ${label}`;
}

/** Tablets miss replicas because of a backend that is down, where there is one: what it costs is counted there. */
export function keyOfTablets({ nodes, explained }: Pick<HealthFacts, 'nodes' | 'explained'>): string {
  const dead = nodes.filter(({ kind, alive }) => kind === 'BACKEND' && !alive);
  const [worst] = dead.toSorted(
    (a, b) => Number(explained.has(a.id)) - Number(explained.has(b.id)) || (nodeLabel(a) < nodeLabel(b) ? -1 : 1),
  );
  return worst === undefined ? 'tablets' : keyOfNode(worst);
}

/** An alert that nothing explains. */
export function keyOfAlert(alert: ScoredAlert, facts: HealthFacts): string {
  const topic = Object.hasOwn(topicsOfRules, alert.rule) ? topicsOfRules[alert.rule] : undefined;
  const node = nodeOf(alert, facts.nodes);
  // Whatever is told of a node that is down is told because it is down.
  if (node !== undefined && (topic === 'node' || !node.alive)) return keyOfNode(node);
  const { node: label, policy, repository, job, endpoint } = alert.labels;
  switch (topic) {
    case 'answering':
    case 'frontends':
    case 'versions':
    case 'damage':
    case 'snapshots':
      return keys[topic];
    case 'tablets':
      return keyOfTablets(facts);
    case 'disk':
      if (label !== undefined) return keyOfDisks(label);
      break;
    case 'node':
      if (label !== undefined) return `node ${label}`;
      break;
    case 'heap':
    case 'compaction':
      if (label !== undefined) return `${topic} ${label}`;
      break;
    case 'OWN':
    case undefined:
      break;
    default:
      return topic satisfies never;
  }
  if (policy !== undefined) return `policy ${policy}`;
  if (repository !== undefined) return `repository ${repository}`;
  if (endpoint !== undefined) return `endpoint ${endpoint}`;
  return job === undefined ? `alert ${alert.fingerprint}` : `job ${job}`;
}

/** By the inventory, or by the label where the inventory has no such node any more. */
export function nodeOf({ nodeId, labels }: ScoredAlert, nodes: readonly ScoredNode[]): ScoredNode | undefined {
  return nodes.find((node) => node.id === nodeId) ?? nodes.find((node) => nodeLabel(node) === labels.node);
}
