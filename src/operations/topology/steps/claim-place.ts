import { isWithin } from '../../../domain/deploy/directories.ts';
import type { Inventory } from '../../../domain/inventory.ts';
import { isSameNode, nodeLabel } from '../../../domain/node-identity.ts';
import { defineStep } from '../../../steps/define.ts';
import { aboutNewNode, installationOf, type NewPlace, newPlace, notOurs } from './place.ts';

/**
 * Looks once more that nobody is where the node is to be (its ports are free, its directories absent or empty), and makes
 * the directories, each with a marker that names this run. Everything after this works in marked directories only.
 */
export const claimPlace = defineStep({
  kind: 'claimPlace',
  params: newPlace,
  about: aboutNewNode,
  effect: 'changes',
  ports: ['node', 'inventory'],
  timeoutMs: 300_000,
  repeat: 'safe', // it continues where an earlier one stopped
  describe: ({ label, hostAddress, deployDir, dataDirs }) =>
    `Claim ${[deployDir, ...dataDirs].join(', ')} on ${hostAddress} for ${label}`,
  check: async (place, { node, inventory }, { signal, runId, clusterId }) => {
    const neighbour = await whoIsThere(inventory, { place, clusterId });
    if (neighbour !== null) {
      return {
        state: 'blocked',
        code: 'PRECONDITION_FAILED',
        message: `${place.label} on ${place.hostAddress} would be in the directory of ${neighbour}`,
        hint: 'Ask again with another directory.',
      };
    }
    const { dirs } = await (await node(place)).installed(installationOf(place, runId), { signal });
    if (dirs.every(({ owner }) => owner === 'ours')) return { state: 'done' };
    return notOurs(place, dirs) ?? { state: 'todo' };
  },
  apply: async (place, { node }, { signal, runId }) => {
    await (await node(place)).claim(installationOf(place, runId), { signal });
    return { state: 'done' };
  },
  undo: { planned: 'What was installed is removed when the run is undone.' },
});

/** A known node of any cluster whose directory is one of these, as far as the inventory goes; the host is asked as well. */
async function whoIsThere(
  inventory: Inventory,
  { place, clusterId }: { readonly place: NewPlace; readonly clusterId: string },
): Promise<string | null> {
  const nodes = await inventory.listNodesAt([place.hostAddress, place.host]);
  const own = [place.deployDir, ...place.dataDirs];
  const other = nodes.find(({ deployDir, ...node }) => {
    // This very node, where the run is retried; the same address in another cluster is somebody else.
    if (deployDir === null || (node.clusterId === clusterId && isSameNode(node, place))) return false;
    return own.some((path) => isWithin(path, deployDir) || isWithin(deployDir, path));
  });
  return other === undefined ? null : nodeLabel(other);
}
