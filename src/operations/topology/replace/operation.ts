import type { Reading } from '../../../adapters/reading.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { saveTopology } from '../../cluster/save-topology.ts';
import type { EndedRun, OtherEnding, PlannedStep } from '../../define.ts';
import { guardNode } from '../../node/steps/guard-node.ts';
import { startNode } from '../../node/steps/power.ts';
import { checkNotDecommissioning } from '../decommission-backends/post-check.ts';
import { addingBackendKinds } from '../new-nodes/kinds.ts';
import { checkAdded, checkLeft } from '../post-check.ts';
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
