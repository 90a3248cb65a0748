import { type AlertRule, alertFingerprint } from '../domain/alert.ts';
import type { Condition } from '../domain/alert-life.ts';
import { alertTitles } from '../domain/alert-titles.ts';
import { type ClusterNode, type NodeKind, nodeLabel } from '../domain/cluster.ts';
import type { NodeProbe } from '../domain/probe.ts';
import { count } from '../domain/words.ts';
import type { AppError } from '../errors.ts';

export type RuleSettings = {
  /** How long a node must be away before it is an alert. */
  readonly nodeDownForMs: number;
};

/** A node that was just added is not alive for a while: it gets this time to appear. */
const firstStartMs = 120_000;
/** About the time after which alerts about nodes are stale too. */
const unreachableLooks = 3;
const longestReason = 500;

/**
 * `node_down`: one condition per node that the cluster's own rows show as not alive. The rows are the truth, since a
 * node whose heartbeats are lost takes no work, whatever its HTTP port says. They come 15 to 20 s late, though: so when
 * HTTP had already fallen silent, the time that the node must be away counts from that silence. A silent HTTP port
 * alone is no alert, only a problem in words (see `problemsOf`): a busy node may be slow to answer.
 */
export function nodeConditions(
  nodes: readonly ClusterNode[],
  probes: readonly NodeProbe[],
  settings: RuleSettings,
): Condition[] {
  const away = nodes.filter((node) => !node.alive);
  return away.map((node) => {
    const label = nodeLabel(node);
    const probe = probes.find((candidate) => nodeLabel(candidate) === label);
    // Dead nodes of every kind keep their version; only one that never came up has none.
    const wasNeverUp = node.version === null;
    const labels = { node: label };
    return {
      fingerprint: alertFingerprint({ clusterId: node.clusterId, rule: 'node_down', labels }),
      rule: 'node_down',
      severity: 'CRITICAL',
      nodeId: node.id,
      labels,
      title: `${label}${(wasNeverUp ? alertTitles.neverUp : alertTitles.down).now}`,
      text: (since) =>
        `${sentence(`The cluster reports it as not alive since ${utc(since)}`, node.errorMessage)}${httpRemark(node, probe)} ${effectOf(node, nodes)}`,
      startedAt: probe?.silentSince ?? null,
      forMs: wasNeverUp ? Math.max(settings.nodeDownForMs, firstStartMs) : settings.nodeDownForMs,
      minSamples: 1,
    };
  });
}

/**
 * `cluster_unreachable`: nobody tells what nodes there are. One failed look is not enough: while a new leader is elected,
 * which takes seconds to a minute, no frontend can answer. `isAnswering` = one lets us in all the same, and only a leader is
 * missing: that is another fact than silence. Login or privileges refused is less than silence, but just as blind.
 */
export function unreachableCondition(
  clusterId: string,
  failure: AppError,
  probes: readonly NodeProbe[],
  { isAnswering = false }: { isAnswering?: boolean } = {},
): Condition {
  const isSilent = failure.code === 'SQL_UNREACHABLE' || failure.code === 'TIMEOUT';
  const [title, what, effect] = isAnswering ? words.leaderless : isSilent ? words.silent : words.refused;
  return {
    fingerprint: alertFingerprint({ clusterId, rule: 'cluster_unreachable', labels: {} }),
    rule: 'cluster_unreachable',
    severity: isSilent ? 'CRITICAL' : 'HIGH',
    nodeId: null,
    labels: {},
    title,
    text: (since) => {
      const start = `${what} since ${utc(since)}`;
      return `${sentence(start, failure.message)}${overHttp(probes)}${effect} Alerts about its nodes wait until it answers.`;
    },
    startedAt: null,
    forMs: 0,
    minSamples: unreachableLooks,
  };
}

/** Title, what is so, and what it means for users. */
const words = {
  leaderless: [
    alertTitles.leaderless.now,
    'A frontend lets Starwarden in and answers what it knows itself, but none could ask a leader for the nodes',
    ' As a rule their majority is lost then: nothing can be changed or loaded, and what still can be queried is not known.',
  ],
  silent: [
    alertTitles.silent.now,
    'None could be reached over SQL',
    ' If clients fare the same, nobody can query or load.',
  ],
  refused: [alertTitles.refused.now, 'Starwarden is refused', ''],
} as const;

/** What `cluster_unreachable` leaves unjudged: missing data says nothing about nodes. */
export const unjudgedWhenUnseen: readonly AlertRule[] = ['node_down'];

const silentLooks = 3;

/** What is worth saying about a cluster that answers, short of an alert. */
export function problemsOf(probes: readonly NodeProbe[], leader: string | null): string[] {
  const silent = probes.filter((probe) => probe.alive === true && probe.httpFailures >= silentLooks);
  return [
    ...(leader === null ? ['The frontends show no leader'] : []),
    ...silent.map(
      (probe) =>
        `${nodeLabel(probe)} is alive for the cluster, but its HTTP port failed ${probe.httpFailures} times in a row: ${cut(probe.httpProblem ?? '')}`,
    ),
  ];
}

function effectOf(node: ClusterNode, nodes: readonly ClusterNode[]): string {
  const peers = nodes.filter((peer) => peer.kind === node.kind);
  const alive = peers.filter((peer) => peer.alive).length;
  switch (node.kind) {
    case 'FRONTEND':
      return frontendEffect(node, peers);
    case 'BACKEND': {
      const tablets =
        node.tabletCount === null
          ? 'Its tablets are'
          : `${count(node.tabletCount, 'tablet there is', 'tablets there are')}`;
      return `${tablets} short of a replica, and those with a single one cannot be read; ${alive} of ${peers.length} backends are alive.`;
    }
    case 'COMPUTE_NODE':
      return `Queries run on the others: ${alive} of ${peers.length} compute nodes are alive.`;
    default:
      return node.kind satisfies never;
  }
}

function frontendEffect(node: ClusterNode, frontends: readonly ClusterNode[]): string {
  if (node.role === 'OBSERVER') return 'It is an observer: no vote is lost, only its connections.';
  const electable = frontends.filter((frontend) => frontend.role !== 'OBSERVER');
  const alive = electable.filter((frontend) => frontend.alive).length;
  const majority = Math.floor(electable.length / 2) + 1;
  const count = `${alive} of ${electable.length} electable frontends are alive`;
  if (alive < majority)
    return `${count}, fewer than the ${majority} that a leader needs: nothing can be changed or loaded.`;
  return alive === majority
    ? `${count}: if one more fails, the cluster has no leader.`
    : `${count}; its connections go to the others.`;
}

function httpRemark(node: ClusterNode, probe: NodeProbe | undefined): string {
  if (node.httpPort === null || probe === undefined) return '';
  return probe.httpProblem === null
    ? ' Its HTTP port answers, so the process runs and its heartbeats are lost.'
    : ' Its HTTP port does not answer either.';
}

function overHttp(probes: readonly NodeProbe[]): string {
  const words: Record<NodeKind, string> = { FRONTEND: 'frontends', BACKEND: 'backends', COMPUTE_NODE: 'compute nodes' };
  const kinds: readonly NodeKind[] = ['FRONTEND', 'BACKEND', 'COMPUTE_NODE'];
  const counts = kinds.flatMap((kind) => {
    const all = probes.filter((probe) => probe.kind === kind);
    return all.length === 0
      ? []
      : [`${all.filter((probe) => probe.httpProblem === null).length} of ${all.length} ${words[kind]}`];
  });
  return counts.length === 0 ? '' : ` Over HTTP ${counts.join(', ')} answer.`;
}

function sentence(start: string, reason: string | null): string {
  return reason === null ? `${start}.` : `${start}: ${cut(reason).replace(/[.\s]+$/, '')}.`;
}

function cut(text: string): string {
  return text.length > longestReason ? `${text.slice(0, longestReason)}…` : text;
}

function utc(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
