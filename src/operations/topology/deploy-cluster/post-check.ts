import type { Reading } from '../../../adapters/reading.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found } from '../../../domain/verdict.ts';
import type { EndedRun, OtherEnding } from '../../define.ts';

/** After an undo nobody knows the cluster any more; else it is only said what is left of it. */
export async function checkDeployEnd(
  { inventory, clusterId }: Pick<Reading, 'inventory' | 'clusterId'>,
  { ending }: Pick<EndedRun, 'steps'> & { readonly ending: OtherEnding },
): Promise<PostCheck> {
  const cluster = await inventory.findCluster(clusterId);
  const nodes = cluster === null ? [] : await inventory.listNodes(clusterId);
  const check = found('cluster-forgotten', ending === 'UNDONE' ? 'BLOCK' : 'INFO', cluster === null, {
    observed:
      cluster === null
        ? 'not in the inventory, and its processes and directories were taken away one by one'
        : `${cluster.name} is known with ${nodes.length === 0 ? 'no node' : nodes.map(nodeLabel).join(', ')}`,
    wanted: 'nothing is left of the cluster once it is undone',
    hint: 'Retry the run to go on with it, or undo it.',
  });
  return { passed: ending !== 'UNDONE' || cluster === null, checks: [check] };
}
