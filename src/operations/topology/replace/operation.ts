import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import type { PlanResult } from '../../../domain/plan.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { saveTopology } from '../../cluster/save-topology.ts';
import type { EndedRun, OtherEnding, PlannedStep } from '../../define.ts';
import { guardNode } from '../../node/steps/guard-node.ts';
import { startNode } from '../../node/steps/power.ts';
import { checkNotDecommissioning } from '../decommission-backends/post-check.ts';
import { addingBackendKinds } from '../new-nodes/kinds.ts';
import { planWayBackOfNewNodes } from '../new-nodes/undo.ts';
import { checkAdded, checkLeft } from '../post-check.ts';
import { addToCluster } from '../steps/add-to-cluster.ts';
import { leavingIn, leftChecks, lookAtLeft, wellChecks } from '../steps/check-left.ts';
import { awaitIdle, dropComputeNode, stopComputeNode } from '../steps/compute-node.ts';
import { cancelDrain, drainBackend } from '../steps/drain-backend.ts';
import { dropDrained } from '../steps/drop-drained.ts';
import { dropFrontend, handOverLeadership } from '../steps/drop-frontend.ts';
import { noteLeaving } from '../steps/note-leaving.ts';
import { stopRemoved } from '../steps/stop-removed.ts';

/** Every kind of step of a replacement. */
export const replacementKinds = [
  ...addingBackendKinds,
  ...[noteLeaving, drainBackend, cancelDrain, dropDrained, stopRemoved],
  ...[
    awaitIdle,
    stopComputeNode,
    dropComputeNode,
    handOverLeadership,
    dropFrontend,
    guardNode,
    startNode,
    saveTopology,
  ],
];

const leaves: ReadonlySet<string> = new Set([drainBackend, dropComputeNode, dropFrontend].map(({ kind }) => kind));

/** Also when somebody else was faster. */
const hasLeft: ReadonlySet<string> = new Set(['done', 'already']);

/** As long as the old node is in the cluster, the new one can be taken away again. */
export function whyNoWayBack(steps: readonly PlannedStep[]): string | null {
  const left = steps.find(({ kind, phase, state }) => phase === 'do' && leaves.has(kind) && hasLeft.has(state));
  return left === undefined ? null : 'The old node has left the cluster; it can only be added again';
}

/**
 * The way back: the new node is taken away again. Not once the cluster shows that the old one is out of it, whoever took it
 * out and whatever the journal says of it: then the new one is all that is left of the two.
 */
export async function planWayBack(
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
  run: EndedRun,
): Promise<PlanResult> {
  const wasAdded = run.steps.some(
    ({ kind, phase, state }) =>
      kind === addToCluster.kind && phase === 'do' && state !== 'pending' && state !== 'skipped',
  );
  if (!wasAdded) return planWayBackOfNewNodes(run);
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const gone = [...leaves]
    .flatMap((kind) => leavingIn(run.steps, kind))
    .find((node) => findSameNode(nodes, node) === undefined);
  if (gone === undefined) return planWayBackOfNewNodes(run);
  return {
    refusals: [
      {
        code: 'PRECONDITION_FAILED',
        message: `${gone.label} is out of the cluster, and without the new node nobody would be in its place`,
        hint: 'Retry the run. To take the new node out all the same, ask for decommissionBackends, dropFrontends or removeComputeNodes.',
      },
    ],
  };
}

type Asked = { readonly clusterId: string };

/** The new node is in the cluster and well, and the old one is out of it with its process ended. */
export async function checkReplaced({ clusterId }: Asked, reading: Reading, run: EndedRun): Promise<PostCheck> {
  const added = await checkAdded(reading, run);
  const seen = await lookAtLeft(reading, { clusterId, runId: run.runId });
  const leaving = [...leaves].flatMap((kind) => leavingIn(run.steps, kind));
  const checks = [...added.checks, ...leftChecks(leaving, seen), ...(await wellChecks(reading, seen.nodes))];
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}

/** How things were left: the new node, and whether the old one is still being drained. */
export async function checkHalfReplaced(
  { clusterId }: Asked,
  reading: Reading,
  run: EndedRun & { readonly ending: OtherEnding },
): Promise<PostCheck> {
  const [added, old] = await Promise.all([
    checkLeft(reading, run),
    checkNotDecommissioning({ clusterId }, reading, run),
  ]);
  const checks = [...added.checks, ...old.checks];
  return { passed: nothingBlocks(checks), checks, isSettling: true };
}
