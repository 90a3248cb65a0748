import type { ClusterNode } from '../../../domain/cluster.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { Lane, PlanResult, StepSpec } from '../../../domain/plan.ts';
import {
  type DecommissionFacts,
  decommissionNotes,
  decommissionRefusals,
} from '../../../domain/topology-change/decommission-guards.ts';
import { saveTopology } from '../../cluster/save-topology.ts';
import { chooseNodes, whyNotReached } from '../steps/choose-nodes.ts';
import { drainBackend } from '../steps/drain-backend.ts';
import { dropDrained } from '../steps/drop-drained.ts';
import { isReachable, toLeavingNode } from '../steps/leaving-node.ts';
import { noteLeaving } from '../steps/note-leaving.ts';
import { stopRemoved } from '../steps/stop-removed.ts';
import type { DecommissionInput } from './input.ts';

export type DecommissionBackendsFacts = {
  /** The nodes as the inventory knows them. */
  readonly known: readonly ClusterNode[];
  /** `BackendId`s of those that were asked for and are in the cluster now. */
  readonly ids: readonly string[];
  /** The same by the opaque ids of the nodes. */
  readonly idOf: ReadonlyMap<string, string>;
  /** Labels of those that were asked for and are not in the cluster any more. */
  readonly gone: readonly string[];
  readonly facts: DecommissionFacts;
};

/** All are told to leave, each in a lane of its own, because StarRocks moves the tablets of all of them at once. */
export function planDecommission(input: DecommissionInput, given: DecommissionBackendsFacts): PlanResult {
  const { chosen, refusals } = chooseNodes(given.known, { nodeIds: input.nodeIds, kind: 'BACKEND' });
  if (refusals.length > 0) return { refusals };
  const [gone] = given.gone;
  if (gone !== undefined)
    return {
      refusals: [
        {
          code: 'NOT_FOUND',
          message: `${gone} is not in the cluster any more`,
          hint: 'Refresh the cluster.',
          path: ['input', 'nodeIds'],
        },
      ],
    };
  const { marginPercent, acceptFewerDomains, acceptOtherMedium } = input;
  const wish = { ids: given.ids, marginPercent, acceptFewerDomains, acceptOtherMedium, isUnderWay: false };
  const why = [...whyNotReached(chosen, input.leaveProcess), ...decommissionRefusals(given.facts, wish)];
  if (why.length > 0) return { refusals: why };
  const together = chosen.map(({ host, port }) => `${host}:${port}`);
  const lanes = chosen.flatMap((node) =>
    laneOf(node, { input, together, backendId: given.idOf.get(node.id) ?? '', width: chosen.length }),
  );
  return {
    summary: `Decommission ${chosen.map(nodeLabel).join(', ')}`,
    steps: [...lanes, saveTopology.with({})],
    notes: [
      ...decommissionNotes(given.facts, given.ids),
      ...(input.leaveProcess ? ['Their processes are left running, and nobody looks at them'] : []),
      'Their data stays on their disks: purgeNodeData deletes it later',
    ],
  };
}

type Given = {
  readonly input: DecommissionInput;
  readonly together: readonly string[];
  readonly backendId: string;
  readonly width: number;
};

function laneOf(node: ClusterNode, { input, together, backendId, width }: Given): StepSpec[] {
  const leaving = input.leaveProcess ? { ...toLeavingNode(node), place: null } : toLeavingNode(node);
  const lane: Lane = { stage: 'Decommission', name: leaving.label, width, independent: true };
  const { marginPercent, acceptFewerDomains, acceptOtherMedium, stallAfterSeconds } = input;
  const drain = {
    ...{
      ...leaving,
      backendId,
      together: [...together],
      marginPercent,
      acceptFewerDomains,
      acceptOtherMedium,
      stallAfterSeconds,
    },
    timeoutSeconds: input.drainTimeoutSeconds,
  };
  return [
    ...(isReachable(leaving) ? [noteLeaving.with(leaving, lane)] : []),
    drainBackend.with(drain, lane),
    dropDrained.with(leaving, lane),
    ...(isReachable(leaving) ? [stopRemoved.with({ ...leaving, timeoutSeconds: input.stopTimeoutSeconds }, lane)] : []),
  ];
}
