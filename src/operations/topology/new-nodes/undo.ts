import type { PlanResult, StepSpec } from '../../../domain/plan.ts';
import type { EndedRun } from '../../define.ts';
import { newNode } from '../new-node.ts';
import { addToCluster, leaving } from '../steps/add-to-cluster.ts';
import { claimPlace } from '../steps/claim-place.ts';
import { takenAway } from '../steps/new-node-lane.ts';

const claimed = newNode.omit({ conf: true });

/**
 * The way back of every node that the run began with, newest first: out of the cluster, its process ended, and what was
 * ours on its host removed. One after the other, since each that leaves has to leave the others enough.
 */
export async function planWayBackOfNewNodes({ steps }: EndedRun): Promise<PlanResult> {
  const begun = steps.filter(({ phase, state }) => phase === 'do' && state !== 'pending' && state !== 'skipped');
  const nodes = begun.filter(({ kind }) => kind === claimPlace.kind).map(({ params }) => claimed.parse(params));
  const back = nodes.toReversed().flatMap((node): StepSpec[] => {
    const wasAdded = begun.some(
      ({ kind, params, state }) => kind === addToCluster.kind && params.label === node.label && state !== 'already',
    );
    return [...(wasAdded ? leaving(node) : []), ...takenAway(node, { isAlone: false })];
  });
  const labels = nodes.map(({ label }) => label);
  return {
    summary:
      labels.length === 0
        ? 'no node was begun with'
        : `${labels.join(', ')} ${labels.length === 1 ? 'is' : 'are'} taken away again`,
    steps: back,
  };
}
