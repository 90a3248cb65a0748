import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { Check } from '../../../domain/next-action.ts';
import { findSameNode, isSameNode, nodeLabel } from '../../../domain/node-identity.ts';
import type { NewPlace } from './place.ts';

type Blocked = Extract<Check, { state: 'blocked' }>;

/**
 * Not null while the node is in the cluster: then its process is not ended and its files are not removed. The first
 * frontend of a new cluster is the cluster: there it must be the last that is left. Throws when the cluster does not answer,
 * because then nobody knows.
 */
export async function stillKnown(
  place: NewPlace & { readonly isAlone: boolean },
  { sql, inventory }: Pick<Reading, 'sql' | 'inventory'>,
  { clusterId, signal }: Pick<Reading, 'clusterId' | 'signal'>,
): Promise<Blocked | null> {
  if (place.isAlone) {
    const others = (await inventory.listNodes(clusterId)).filter((node) => !isSameNode(node, place));
    return others.length === 0 ? null : blocked(place, `${others.map(nodeLabel).join(', ')} are still in its cluster`);
  }
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  return findSameNode(nodes, place) === undefined ? null : blocked(place, 'it is still in the cluster');
}

function blocked({ label }: NewPlace, why: string): Blocked {
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `${label} is not taken away: ${why}`,
    hint: 'Take it out of the cluster first, then retry the run.',
  };
}
