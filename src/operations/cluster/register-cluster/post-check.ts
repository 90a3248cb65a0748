import type { Reading } from '../../../adapters/reading.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { count } from '../../../domain/words.ts';

/** Passes when the inventory has the cluster with its frontends, and no other registered cluster has one of them. */
export async function checkRegistered(
  name: string,
  { inventory, clusterId }: Pick<Reading, 'inventory' | 'clusterId'>,
): Promise<PostCheck> {
  const cluster = await inventory.findCluster(clusterId);
  const nodes = await inventory.listNodes(clusterId);
  const frontends = nodes.filter((node) => node.kind === 'FRONTEND');
  const isKnown = cluster?.name === name && cluster.observedAt !== null && frontends.length > 0;
  // Checked at the end again: of two registrations at the same time, neither saw the other when it was planned.
  const others = await Promise.all(
    frontends.map(({ host, port }) => inventory.findClusterByFrontend({ host, port, exceptId: clusterId })),
  );
  const twin = others.find((other) => other !== null);
  return {
    passed: isKnown && twin === undefined,
    checks: [
      {
        name: 'cluster-known',
        status: isKnown ? 'PASS' : 'FAIL',
        severity: 'BLOCK',
        observed:
          cluster === null
            ? 'not in the inventory'
            : `${cluster.name} with ${count(nodes.length, 'node')}, ${frontends.length} of them frontends`,
        wanted: `${name} with at least one frontend`,
        hint: 'Retry the run.',
      },
      {
        name: 'managed-once',
        status: twin === undefined ? 'PASS' : 'FAIL',
        severity: 'BLOCK',
        observed: twin === undefined ? 'under this name alone' : `also managed as ${twin.name}`,
        wanted: 'one name, since two locks for one cluster are none',
        hint: 'Unregister one of the two, then retry the run.',
      },
    ],
  };
}
