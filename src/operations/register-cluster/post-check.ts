import type { PostCheck } from '../../domain/run.ts';
import type { Ports } from '../../steps/define.ts';

/** The cluster can be read back from the inventory, with frontends, under its name. */
export async function checkRegistered(
  name: string,
  { inventory }: Pick<Ports, 'inventory'>,
  { clusterId }: { clusterId: string },
): Promise<PostCheck> {
  const cluster = await inventory.findCluster(clusterId);
  const nodes = await inventory.listNodes(clusterId);
  const frontends = nodes.filter((node) => node.kind === 'FRONTEND').length;
  const passed = cluster?.name === name && cluster.observedAt !== null && frontends > 0;
  return {
    passed,
    checks: [
      {
        name: 'cluster-known',
        status: passed ? 'PASS' : 'FAIL',
        severity: 'BLOCK',
        observed:
          cluster === null
            ? 'not in the inventory'
            : `${cluster.name} with ${nodes.length} nodes, ${frontends} of them frontends`,
        wanted: `${name} with at least one frontend`,
        hint: 'Retry the run.',
      },
    ],
  };
}
