import type { Topology } from '../../../adapters/starrocks/read-topology.ts';
import type { ClusterNode } from '../../../domain/cluster.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { Lane, PlanResult, StepSpec } from '../../../domain/plan.ts';
import { computeNodeRefusals } from '../../../domain/topology-change/compute-node-guards.ts';
import { count } from '../../../domain/words.ts';
import { saveTopology } from '../../cluster/save-topology.ts';
import { chooseNodes, whyNotReached } from '../steps/choose-nodes.ts';
import { awaitIdle, dropComputeNode, stopComputeNode } from '../steps/compute-node.ts';
import { isReachable, toLeavingNode } from '../steps/leaving-node.ts';
import { noteLeaving } from '../steps/note-leaving.ts';
import { stopRemoved } from '../steps/stop-removed.ts';
import type { RemoveComputeNodesInput } from './input.ts';

type Facts = {
  readonly known: readonly ClusterNode[];
  readonly topology: Pick<Topology, 'backends' | 'computeNodes'>;
  readonly runMode: string | null;
};

/** One node after the other, so that the rest can take its queries. A node that fails on the way is started again. */
export function planRemoveComputeNodes(input: RemoveComputeNodesInput, facts: Facts): PlanResult {
  const { chosen, refusals } = chooseNodes(facts.known, { nodeIds: input.nodeIds, kind: 'COMPUTE_NODE' });
  if (refusals.length > 0) return { refusals };
  const { computeNodes } = facts.topology;
  const rowOf = ({ host, port }: ClusterNode) =>
    computeNodes.find((row) => row.host === host && row.heartbeatPort === port);
  const gone = chosen.find((node) => rowOf(node) === undefined);
  if (gone !== undefined)
    return {
      refusals: [
        {
          code: 'NOT_FOUND',
          message: `${nodeLabel(gone)} is not in the cluster any more`,
          hint: 'Refresh the cluster.',
        },
      ],
    };
  const together = chosen.map(({ host, port }) => `${host}:${port}`);
  const why = [
    ...whyNotReached(chosen, input.leaveProcess),
    ...computeNodeRefusals({ ...facts.topology, runMode: facts.runMode }, together),
  ];
  if (why.length > 0) return { refusals: why };
  const { queryWaitSeconds, stopTimeoutSeconds: timeoutSeconds } = input;
  const steps = chosen.flatMap((node): StepSpec[] => {
    const leaving = input.leaveProcess ? { ...toLeavingNode(node), place: null } : toLeavingNode(node);
    const lane: Lane = { stage: 'Compute nodes', name: leaving.label, width: 1 };
    const idle = awaitIdle.with({ ...leaving, queryWaitSeconds }, lane);
    const drop = dropComputeNode.with({ ...leaving, together }, lane);
    if (!isReachable(leaving)) return [idle, drop];
    const stop = stopComputeNode.with({ ...leaving, timeoutSeconds, together }, lane);
    const look = stopRemoved.with({ ...leaving, timeoutSeconds }, lane);
    return [noteLeaving.with(leaving, lane), idle, stop, drop, look];
  });
  const running = chosen.map((node) => ({ label: nodeLabel(node), queries: rowOf(node)?.runningQueries ?? 0 }));
  return {
    summary: `Remove ${chosen.map(nodeLabel).join(', ')}`,
    steps: [...steps, saveTopology.with({})],
    notes: [
      ...running
        .filter(({ queries }) => queries > 0)
        .map(({ label, queries }) => `${count(queries, 'query runs', 'queries run')} on ${label} now`),
      ...(input.leaveProcess ? ['Their processes are left running, and nobody looks at them'] : []),
    ],
  };
}
