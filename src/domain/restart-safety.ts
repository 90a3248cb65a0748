import type { ObservedNode } from './cluster.ts';
import { isSameNode, nodeLabel } from './node-identity.ts';
import type { Refusal } from './plan.ts';
import { quorumOf } from './quorum.ts';
import { count } from './words.ts';

/** What has to be known to decide whether a node may be stopped. */
export type RestartFacts = {
  readonly nodes: readonly ObservedNode[];
  /** Tablets that miss a replica now; null = could not be asked. */
  readonly unhealthyTablets: number | null;
  /** Tables with `replication_num` 1 that have a tablet on the node. */
  readonly singleReplicaTables: readonly string[];
  /** `database.snapshot` of backups and restores that run now; stopping a backend makes them fail. */
  readonly runningJobs: readonly string[];
};

/**
 * Why stopping this node would take something away from users; empty = it would not. Stopping a frontend must leave a
 * majority of the electable frontends alive; stopping a backend must leave every tablet a living replica.
 *
 * `acceptDowntime` permits what is only a short absence (a lone frontend, tables with one replica), never a risk in case
 * of a second failure (another node down, replicas missing).
 */
export function restartRefusals(
  target: ObservedNode,
  facts: RestartFacts,
  { acceptDowntime }: { acceptDowntime: boolean },
): readonly Refusal[] {
  if (!target.alive) return []; // it is down already: starting it takes nothing away
  switch (target.kind) {
    case 'FRONTEND':
      return frontendRefusals(target, facts, acceptDowntime);
    case 'BACKEND':
      return backendRefusals(target, facts, acceptDowntime);
    case 'COMPUTE_NODE':
      return computeNodeRefusals(target, facts, acceptDowntime);
    default:
      return target.kind satisfies never;
  }
}

function frontendRefusals(target: ObservedNode, { nodes }: RestartFacts, acceptDowntime: boolean): Refusal[] {
  if (target.role === 'OBSERVER') return [];
  const { electable, alive, majority, spare } = quorumOf(nodes, (node) => isSameNode(node, target));
  if (spare >= 0) return [];
  if (electable === 1 && acceptDowntime) return [];
  return [
    {
      code: 'QUORUM_AT_RISK',
      message: `Without ${nodeLabel(target)} ${alive} of ${electable} electable frontends are alive; ${majority} are needed for a leader`,
      hint: quorumHint(electable),
    },
  ];
}

function quorumHint(electable: number): string {
  if (electable === 1)
    return 'It is the only frontend: nobody can log in meanwhile. Give acceptDowntime: true if that is meant.';
  if (electable === 2)
    return 'Of two frontends none can be spared: the other one gives up and exits. Add a third one first.';
  return 'Bring the other frontends up first.';
}

function backendRefusals(target: ObservedNode, facts: RestartFacts, acceptDowntime: boolean): Refusal[] {
  const refusals: Refusal[] = [];
  const down = facts.nodes.filter((node) => node.kind === 'BACKEND' && !node.alive && !isSameNode(node, target));
  if (down.length > 0) {
    refusals.push({
      code: 'REPLICATION_AT_RISK',
      message: `${down.map(nodeLabel).join(', ')} is down already; a second backend could hold the last replica`,
      hint: 'Bring it up first.',
    });
  }
  if (facts.unhealthyTablets === null) {
    refusals.push({
      code: 'REPLICATION_AT_RISK',
      message: 'Whether every tablet has its replicas could not be asked',
      hint: 'The SQL user needs OPERATE for SHOW PROC.',
    });
  } else if (facts.unhealthyTablets > 0) {
    refusals.push({
      code: 'REPLICATION_AT_RISK',
      message: `${count(facts.unhealthyTablets, 'tablet misses', 'tablets miss')} a replica`,
      hint: 'Wait until the cluster has repaired them.',
    });
  }
  if (facts.singleReplicaTables.length > 0 && !acceptDowntime) {
    const some = facts.singleReplicaTables.slice(0, 5).join(', ');
    refusals.push({
      code: 'REPLICATION_AT_RISK',
      message: `${count(facts.singleReplicaTables.length, 'table has its', 'tables have their')} only replica there: ${some}${facts.singleReplicaTables.length > 5 ? ', …' : ''}`,
      hint: 'They cannot be queried meanwhile. Give acceptDowntime: true if that is meant.',
    });
  }
  if (facts.runningJobs.length > 0) {
    refusals.push({
      code: 'PRECONDITION_FAILED',
      message: `A backup or restore is running and would fail: ${facts.runningJobs.join(', ')}`,
      hint: 'Wait for it to end.',
    });
  }
  return refusals;
}

function computeNodeRefusals(target: ObservedNode, { nodes }: RestartFacts, acceptDowntime: boolean): Refusal[] {
  const workers = nodes.filter((node) => node.kind !== 'FRONTEND' && node.alive && !isSameNode(node, target));
  if (workers.length > 0 || acceptDowntime) return [];
  return [
    {
      code: 'REPLICATION_AT_RISK',
      message: `${nodeLabel(target)} is the only node that can run queries`,
      hint: 'Give acceptDowntime: true if that is meant.',
    },
  ];
}
