import type { ObservedNode } from '../cluster.ts';
import { isSameNode, nodeLabel } from '../node-identity.ts';
import type { Refusal } from '../plan.ts';
import { findLeader, isElectable, majorityOf, quorumOf } from '../quorum.ts';
import { parseVersion } from '../version.ts';
import { count } from '../words.ts';

/** What has to be known to take a node away in the middle of an upgrade or downgrade. */
export type MoveFacts = {
  readonly nodes: readonly ObservedNode[];
  /** The node as the cluster shows it now; undefined = it is not in the cluster any more. */
  readonly target: ObservedNode | undefined;
  /**
   * `host:port` of backends that may be away at the same time: none of them holds a second replica of a tablet of
   * another.
   */
  readonly mates: readonly string[];
  readonly workersOn: string | null;
  readonly frontendsOn: string | null;
  readonly unhealthyTablets: number;
  /** `database.snapshot` of backups and restores that run. */
  readonly runningJobs: readonly string[];
};

export type NotNow = {
  readonly code: Refusal['code'];
  readonly message: string;
  readonly hint: string;
  /** True for a reason that may be over soon without anybody doing anything. */
  readonly passes: boolean;
};

export const notInCluster: NotNow = {
  code: 'PRECONDITION_FAILED',
  message: 'It is not in the cluster any more',
  hint: 'Ask for the same again; it will be planned without it.',
  passes: false,
};

/**
 * Why this node must not be taken away now; null = it may. Taking away a node that is down already costs nothing.
 * `maySilent`: nor does one that runs without serving, which may only be on its way up, unless a person asked for it.
 */
export function whyNotNow(
  facts: MoveFacts,
  { hasProcess, maySilent = false }: { hasProcess: boolean; maySilent?: boolean },
): NotNow | null {
  const { nodes, target } = facts;
  if (target === undefined) return notInCluster;
  if (findLeader(nodes) === undefined) return soon('QUORUM_AT_RISK', 'The frontends have no leader now');
  if (!target.alive && hasProcess && !maySilent)
    return soon('PRECONDITION_FAILED', `${nodeLabel(target)} runs, but the cluster does not see it alive`);
  const mixed = whyWrongOrder(facts, target);
  if (mixed !== null) return mixed;
  return target.kind === 'FRONTEND' ? whyNotFrontend(nodes, target) : whyNotWorker(facts, target);
}

/**
 * Why a living node must not even be stopped to be put back; null = it may. It failed a gate but still serves, and may
 * hold the last replica, or be needed for the majority, while another node is away.
 */
export function whyKeepUp({
  nodes,
  target,
  unhealthyTablets,
}: Pick<MoveFacts, 'nodes' | 'target' | 'unhealthyTablets'>): NotNow | null {
  if (target === undefined || !target.alive) return null;
  if (target.kind === 'FRONTEND') return whyNotFrontend(nodes, target);
  const away = nodes.filter((node) => node.kind === 'BACKEND' && !node.alive && !isSameNode(node, target));
  return away.length > 0 && unhealthyTablets > 0 ? lastReplica(away) : null;
}

/**
 * Whether a cluster that answers nothing is what is to be expected while this node does not work: it is a frontend, and the
 * others are too few for a majority. `known` = the nodes as they were seen last.
 */
export function explainsSilence(
  node: Pick<ObservedNode, 'kind' | 'host' | 'port'>,
  known: readonly ObservedNode[],
): boolean {
  const voters = known.filter(isElectable);
  const others = voters.filter((voter) => !isSameNode(voter, node));
  return others.length < voters.length && others.length < majorityOf(voters.length);
}

/** Backends are never older than frontends: a newer frontend may send plans that an older backend does not know. */
function whyWrongOrder({ nodes, workersOn, frontendsOn }: MoveFacts, target: ObservedNode): NotNow | null {
  const isFrontend = target.kind === 'FRONTEND';
  const line = isFrontend ? workersOn : frontendsOn;
  if (line === null) return null;
  const others = nodes.filter((node) => node.alive && (node.kind === 'FRONTEND') !== isFrontend);
  const behind = others.filter((node) => {
    const order = orderOfLines(node.version, line);
    return order === null || (isFrontend ? order < 0 : order > 0);
  });
  if (behind.length === 0) return null;
  const names = behind.map((node) => `${nodeLabel(node)} (${node.version ?? '?'})`).join(', ');
  return {
    code: 'PRECONDITION_FAILED',
    message: `${names} ${behind.length === 1 ? 'is' : 'are'} not on ${line} yet, and ${isFrontend ? 'frontends must not run ahead of backends' : 'backends must not fall behind frontends'}`,
    hint: 'Retry the run with it, or take it out of the cluster first.',
    passes: false,
  };
}

/** Compares the line of a node's version with a line; null = the version cannot be read. */
function orderOfLines(version: string | null, line: string): number | null {
  const [found, wanted] = [parseVersion(version ?? ''), parseVersion(`${line}.0`)];
  return found === null || wanted === null ? null : found.major - wanted.major || found.minor - wanted.minor;
}

function whyNotFrontend(nodes: readonly ObservedNode[], target: ObservedNode): NotNow | null {
  if (target.role === 'OBSERVER' || !target.alive) return null;
  const { electable, alive, majority, spare } = quorumOf(nodes, (node) => isSameNode(node, target));
  if (electable === 1) return null; // its absence was accepted with the preflight's warning
  if (spare >= 0) return null;
  return soon(
    'QUORUM_AT_RISK',
    `Without ${nodeLabel(target)} ${alive} of ${electable} electable frontends are alive; ${majority} are needed for a leader`,
  );
}

function whyNotWorker(facts: MoveFacts, target: ObservedNode): NotNow | null {
  if (!target.alive) return null;
  const away = facts.nodes.filter((node) => node.kind === 'BACKEND' && !node.alive && !isSameNode(node, target));
  const strangers = away.filter((node) => !facts.mates.includes(`${node.host}:${node.port}`));
  // A backend that is gone for good does not matter once every tablet has been repaired without it.
  if (strangers.length > 0 && facts.unhealthyTablets > 0) {
    return lastReplica(strangers);
  }
  if (away.length === 0 && facts.unhealthyTablets > 0)
    return soon('REPLICATION_AT_RISK', `${count(facts.unhealthyTablets, 'tablet misses', 'tablets miss')} a replica`);
  if (facts.runningJobs.length > 0)
    return soon(
      'PRECONDITION_FAILED',
      `A backup or restore is running and would fail: ${facts.runningJobs.join(', ')}`,
    );
  return null;
}

function lastReplica(away: readonly ObservedNode[]): NotNow {
  const names = away.map(nodeLabel).join(', ');
  return soon('REPLICATION_AT_RISK', `${names} is down: a second backend could hold the last replica`);
}

function soon(code: Refusal['code'], message: string): NotNow {
  return { code, message, hint: 'Wait until it is over, then retry the run.', passes: true };
}
