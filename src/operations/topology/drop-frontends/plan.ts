import type { ClusterNode, ObservedNode } from '../../../domain/cluster.ts';
import { findSameNode, nodeLabel } from '../../../domain/node-identity.ts';
import type { Lane, PlanResult, StepSpec } from '../../../domain/plan.ts';
import { isElectable } from '../../../domain/quorum.ts';
import type { FrontendRow } from '../../../domain/topology.ts';
import {
  dropRefusals,
  inDropOrder,
  quorumNote,
  whyListedTwice,
} from '../../../domain/topology-change/frontend-guards.ts';
import { saveTopology } from '../../cluster/save-topology.ts';
import { chooseNodes, whyNotReached } from '../steps/choose-nodes.ts';
import { dropFrontend, handOverLeadership } from '../steps/drop-frontend.ts';
import { isReachable, toLeavingNode } from '../steps/leaving-node.ts';
import { noteLeaving } from '../steps/note-leaving.ts';
import { stopRemoved } from '../steps/stop-removed.ts';
import type { DropFrontendsInput } from './input.ts';

type Facts = {
  readonly known: readonly ClusterNode[];
  readonly now: readonly ObservedNode[];
  /** Further entries of frontends that SHOW FRONTENDS lists more than once. */
  readonly remnants: readonly FrontendRow[];
};

/** One frontend after the other, the dead first and the leader last. */
export function planDropFrontends(input: DropFrontendsInput, { known, now, remnants }: Facts): PlanResult {
  const { chosen, refusals } = chooseNodes(known, { nodeIds: input.nodeIds, kind: 'FRONTEND' });
  if (refusals.length > 0) return { refusals };
  const gone = chosen.find((node) => findSameNode(now, node) === undefined);
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
  const { moveLeader, leaveProcess, stopTimeoutSeconds: timeoutSeconds } = input;
  const twice = whyListedTwice({ remnants }, chosen);
  const why = [
    ...whyNotReached(chosen, leaveProcess),
    ...(twice === null ? [] : [twice]),
    ...dropRefusals(now, { targets: chosen, moveLeader }),
  ];
  const unreachable = moveLeader ? chosen.find((node) => !isReachable(toLeavingNode(node))) : undefined;
  if (why.length === 0 && unreachable !== undefined)
    why.push({
      code: 'CREDENTIAL_MISSING',
      message: `There is no SSH access to the host of ${nodeLabel(unreachable)}, so it cannot be told to let another one lead`,
      hint: 'Attach it with attachHosts, or leave moveLeader out.',
    });
  if (why.length > 0) return { refusals: why };
  let votersLeft = now.filter(isElectable).length;
  const steps = inDropOrder(now, chosen).flatMap((node): StepSpec[] => {
    const leaving = toLeavingNode(node);
    const dropped = leaveProcess ? { ...leaving, place: null } : leaving;
    const votes = findSameNode(now, node)?.role !== 'OBSERVER';
    votersLeft -= votes ? 1 : 0;
    // A lane of its own: a leader that was stopped and is not dropped is started again.
    const lane: Lane = { stage: 'Frontends', name: leaving.label, width: 1 };
    return [
      ...(isReachable(dropped) ? [noteLeaving.with(dropped, lane)] : []),
      // Whoever leads by then: the plan stays the same when leadership has moved.
      ...(moveLeader && votes && isReachable(leaving)
        ? [handOverLeadership.with({ ...leaving, timeoutSeconds }, lane)]
        : []),
      dropFrontend.with({ ...dropped, votersLeft }, lane),
      ...(isReachable(dropped) ? [stopRemoved.with({ ...dropped, timeoutSeconds }, lane)] : []),
    ];
  });
  const voters = now.filter(isElectable).filter((node) => findSameNode(chosen, node) === undefined);
  const note = quorumNote(voters.length);
  return {
    summary: `Drop ${chosen.map(nodeLabel).join(', ')}`,
    steps: [...steps, saveTopology.with({})],
    notes: [
      ...(note === null ? [] : [note]),
      ...(leaveProcess
        ? [
            `Their processes ${moveLeader ? 'but that of a leader, which is stopped so that another one leads, ' : ''}are left running, answer /api/health well, and nobody looks at them`,
          ]
        : []),
      'Their metadata stays on their disks: purgeNodeData deletes it later',
    ],
  };
}
