import { isSameNode } from '../node-identity.ts';
import type { Refusal } from '../plan.ts';
import { isElectable, quorumOf } from '../quorum.ts';
import { unhealthyTablets } from '../tablet-health.ts';
import type { NodeFacts, UpgradeNode } from '../upgrade/checks-facts.ts';
import { type ReplicaSpread, tableAwayWith } from '../upgrade/checks-spread.ts';
import { count } from '../words.ts';

export type StopFacts = Pick<NodeFacts, 'nodes' | 'replicas' | 'backupJobs' | 'runMode'> & {
  /** The nodes that are to stay down, out of `nodes`. */
  readonly targets: readonly UpgradeNode[];
  /** Which backends hold tablets together; null = not known, or one backend at most is to be stopped. */
  readonly spread: ReplicaSpread | null;
  /** Tables with one replica that have a tablet on one of the targets. */
  readonly singleReplicaTables: readonly string[];
};

/**
 * Why stopping these nodes, and leaving them so, would take something away from users; empty = it would not.
 * `acceptDowntime` permits what is lost for as long as they are down (tables that cannot be read or written, the last
 * worker), never a cluster without a leader, nor a risk in case of a second failure. Pure.
 */
export function stopRefusals(facts: StopFacts, { acceptDowntime }: { acceptDowntime: boolean }): readonly Refusal[] {
  return [
    ...quorumRefusals(facts),
    ...workerRefusals(facts, acceptDowntime),
    ...(facts.runMode === 'shared_data' ? [] : replicaRefusals(facts, acceptDowntime)),
    ...jobRefusals(facts),
  ];
}

function isTarget({ targets }: StopFacts, node: UpgradeNode): boolean {
  return targets.some((target) => isSameNode(target, node));
}

function quorumRefusals(facts: StopFacts): Refusal[] {
  const voters = facts.targets.filter(isElectable);
  if (voters.length === 0) return [];
  const { electable, alive, majority, spare } = quorumOf(facts.nodes, (node) => isTarget(facts, node));
  if (spare >= 0) return [];
  return [
    {
      code: 'QUORUM_AT_RISK',
      message: `Without ${names(voters)} ${alive} of ${electable} electable frontends are alive; ${majority} are needed for a leader`,
      hint: 'Stop fewer frontends, or the whole cluster with shutDown.',
    },
  ];
}

function workerRefusals(facts: StopFacts, acceptDowntime: boolean): Refusal[] {
  const workers = facts.nodes.filter((node) => node.kind !== 'FRONTEND' && node.alive);
  const left = workers.filter((node) => !isTarget(facts, node));
  if (left.length > 0 || left.length === workers.length || acceptDowntime) return [];
  return [
    {
      code: 'REPLICATION_AT_RISK',
      message: 'No backend or compute node would be left to run queries',
      hint: 'Give acceptDowntime: true if that is meant.',
    },
  ];
}

function replicaRefusals(facts: StopFacts, acceptDowntime: boolean): Refusal[] {
  const going = facts.targets.filter((node) => node.kind === 'BACKEND' && node.alive);
  if (going.length === 0) return [];
  const down = facts.nodes.filter((node) => node.kind === 'BACKEND' && !node.alive && !isTarget(facts, node));
  const refusals: Refusal[] = [];
  if (down.length > 0)
    refusals.push(
      atRisk(`${names(down)} is down already; another backend could hold the last replica`, 'Bring it up first.'),
    );
  if ('failed' in facts.replicas)
    refusals.push(
      atRisk(`Whether every tablet has its replicas is not known: ${facts.replicas.failed}`, 'Mend that first.'),
    );
  else if (unhealthyTablets(facts.replicas.value) > 0) {
    const missing = count(unhealthyTablets(facts.replicas.value), 'tablet misses', 'tablets miss');
    refusals.push(atRisk(`${missing} a replica`, 'Wait until the cluster has repaired them.'));
  }
  if (acceptDowntime) return refusals;
  const meant = 'Give acceptDowntime: true if that is meant.';
  const { singleReplicaTables: single, spread } = facts;
  if (single.length > 0) {
    const some = `${single.slice(0, 5).join(', ')}${single.length > 5 ? ', …' : ''}`;
    refusals.push(
      atRisk(
        `${count(single.length, 'table has its', 'tables have their')} only replica there: ${some}`,
        `They cannot be queried meanwhile. ${meant}`,
      ),
    );
  }
  if (going.length > 1) refusals.push(...togetherRefusals(going, spread, meant));
  return refusals;
}

/** Several backends at once: they may hold more replicas of a tablet together than it can do without. */
function togetherRefusals(going: readonly UpgradeNode[], spread: ReplicaSpread | null, meant: string): Refusal[] {
  if (spread === null)
    return [
      atRisk(
        `Whether ${names(going)} hold replicas of the same tablets is not known`,
        `Stop one of them, or: ${meant}`,
      ),
    ];
  const table = tableAwayWith(
    spread,
    going.flatMap(({ workerId }) => workerId ?? []),
  );
  return table === null
    ? []
    : [
        atRisk(
          `Tablets of ${table} lose their majority without ${names(going)} together`,
          `Stop fewer of them. ${meant}`,
        ),
      ];
}

function jobRefusals({ backupJobs, targets }: StopFacts): Refusal[] {
  if (!targets.some(({ kind, alive }) => kind === 'BACKEND' && alive)) return [];
  if ('failed' in backupJobs)
    return [unfit(`Whether a backup or restore runs is not known: ${backupJobs.failed}`, 'Mend that first.')];
  if (backupJobs.value.length === 0) return [];
  return [
    unfit(`A backup or restore is running and would fail: ${backupJobs.value.join(', ')}`, 'Wait for it to end.'),
  ];
}

function atRisk(message: string, hint: string): Refusal {
  return { code: 'REPLICATION_AT_RISK', message, hint };
}

function unfit(message: string, hint: string): Refusal {
  return { code: 'PRECONDITION_FAILED', message, hint };
}

function names(nodes: readonly UpgradeNode[]): string {
  return nodes.map(({ label }) => label).join(', ');
}
