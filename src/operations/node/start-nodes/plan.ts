import type { StoppedNode } from '../../../domain/cluster.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { findLeader, isElectable, majorityOf } from '../../../domain/quorum.ts';
import { restartCheckNames, startChecks } from '../../../domain/run-control/checks.ts';
import { upgradeRefusals } from '../../../domain/upgrade/checks.ts';
import type { NodeFacts, UpgradeNode } from '../../../domain/upgrade/checks-facts.ts';
import { count } from '../../../domain/words.ts';
import { chooseNodes } from '../input.ts';
import { placeOf } from '../lane.ts';
import { isPlaced } from '../placed-node.ts';
import { startLanes } from '../start-lanes.ts';
import type { StartNodesInput } from './input.ts';

export type StartNodesFacts = Pick<NodeFacts, 'nodes' | 'hosts' | 'clusterName' | 'runMode'> & {
  /** Why the cluster does not answer, so that its nodes are those that it had when it last did; null = it answers. */
  readonly silent: string | null;
  readonly stopped: readonly StoppedNode[];
};

/** The start takes its time to stop from nobody. */
const unused = { graceful: true, stopTimeoutSeconds: 600 } as const;

/** Frontends first, then everybody who reports to them. A node that runs already is only waited for. Pure. */
export function planStartNodes(input: StartNodesInput, facts: StartNodesFacts): PlanResult {
  const which = chooseNodes(facts.nodes, input);
  if ('refusals' in which) return which;
  // Whoever names nodes means them; of a kind or of all, those that are down.
  const targets = input.nodeIds !== undefined ? which.chosen : which.chosen.filter(({ alive }) => !alive);
  if (targets.every(({ alive }) => alive)) {
    return refuse({
      code: 'PRECONDITION_FAILED',
      message: 'Every node that was asked for is alive',
      hint: 'There is nothing to start. restartNode stops and starts one.',
    });
  }
  const checks = startChecks(facts, targets);
  const refusals = [...upgradeRefusals(checks, input, restartCheckNames), ...leaderlessRefusals(facts, targets)];
  if (refusals.length > 0) return { refusals };
  const limits = { ...unused, gateTimeoutSeconds: input.gateTimeoutSeconds, runMode: facts.runMode };
  const nodes = targets
    .filter(isPlaced)
    .map((node) => ({ ...placeOf(node, limits), version: node.version, role: node.role }));
  return {
    summary: `Start ${nodes.length > 5 ? `${count(nodes.length, 'node')} of ${facts.clusterName}` : nodes.map(({ label }) => label).join(', ')}`,
    steps: startLanes(nodes),
    notes: [
      ...(facts.silent === null
        ? []
        : [`The cluster does not answer: these are the nodes that it had when it last did. ${facts.silent}`]),
      ...facts.stopped.flatMap(({ nodeId, runNumber, byName }) => {
        const node = targets.find(({ id }) => id === nodeId);
        return node === undefined ? [] : [`${node.label} was stopped on purpose by ${byName} (R-${runNumber})`];
      }),
      ...checks
        .filter(({ status }) => status === 'FAIL')
        .map(({ name, observed, hint }) => `${name}: ${observed}${hint === null ? '' : `. ${hint}`}`),
    ],
  };
}

function refuse(refusal: Refusal): PlanResult {
  return { refusals: [refusal] };
}

/** Nobody can be seen alive without a leader, and none is elected before a majority of the frontends runs. */
function leaderlessRefusals({ nodes, silent }: StartNodesFacts, targets: readonly UpgradeNode[]): Refusal[] {
  if (silent === null && findLeader(nodes) !== undefined) return [];
  const voters = nodes.filter(isElectable);
  const will = voters.filter((node) => targets.includes(node) || runs(node)).length;
  const majority = majorityOf(voters.length);
  if (will >= majority) return [];
  return [
    {
      code: 'QUORUM_AT_RISK',
      message: `${silent === null ? 'The frontends have no leader' : 'The cluster does not answer'}, and with these ${will} of ${voters.length} electable frontends would run; ${majority} are needed for a leader`,
      hint: 'Start the frontends with them.',
    },
  ];
}

function runs({ onHost }: UpgradeNode): boolean {
  return onHost !== null && 'value' in onHost && onHost.value.process !== null;
}
