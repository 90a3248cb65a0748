import type { Reading } from '../../../adapters/reading.ts';
import type { NodeKind } from '../../../domain/cluster.ts';
import type { PlanResult } from '../../../domain/plan.ts';
import { forgetCluster } from '../../cluster/record-cluster.ts';
import type { EndedRun, PlannedStep } from '../../define.ts';
import { newNode } from '../new-node.ts';
import { claimPlace } from '../steps/claim-place.ts';
import { takenAway } from '../steps/new-node-lane.ts';
import { startNewNode } from '../steps/start-new-node.ts';
import { checkHoldsNothing, holdsSomething, readPeoplesDatabases } from './holds-nothing.ts';
import { secureFirstFrontend } from './secure-first-frontend.ts';

const claimed = newNode.omit({ conf: true });

/** Workers end before frontends, so that nobody can load anything in between. */
const order: Readonly<Record<NodeKind, number>> = { COMPUTE_NODE: 0, BACKEND: 1, FRONTEND: 2 };

/**
 * The way back of a deployment: the cluster is thrown away whole, as long as it holds nothing. Once its door was closed it may
 * have been used, so it has to answer; before that nobody but strangers can have used it.
 */
export async function planWayBackOfCluster(
  name: string,
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
  { steps }: EndedRun,
): Promise<PlanResult> {
  const begun = steps.filter(({ phase, state }) => phase === 'do' && state !== 'pending' && state !== 'skipped');
  const mayBeUsed = begun.some(
    ({ kind, state }) => kind === secureFirstFrontend.kind && (state === 'done' || state === 'already'),
  );
  if (mayBeUsed) {
    const databases = await readPeoplesDatabases(sql, signal);
    if (databases.length > 0) return { refusals: [holdsSomething(name, databases)] };
  }
  const isFirst = firstOf(begun);
  const nodes = begun
    .filter(({ kind }) => kind === claimPlace.kind)
    .map(({ params }) => claimed.parse(params))
    .toReversed()
    .toSorted((a, b) => order[a.kind] - order[b.kind] || Number(isFirst(a)) - Number(isFirst(b)));
  return {
    summary:
      nodes.length === 0
        ? `${name} is forgotten; none of its nodes was begun with`
        : `${name} is thrown away: ${nodes.map(({ label }) => label).join(', ')}`,
    steps: [
      ...(mayBeUsed ? [checkHoldsNothing.with({ name })] : []),
      ...nodes.flatMap((node) => takenAway(node, { isAlone: isFirst(node), isThrownAway: true })),
      forgetCluster.with({ name }),
    ],
  };
}

function firstOf(steps: readonly PlannedStep[]): (node: { readonly label: string }) => boolean {
  const first = steps.find(({ kind, params }) => kind === startNewNode.kind && params.isAlone === true)?.params.label;
  return ({ label }) => label === first;
}
