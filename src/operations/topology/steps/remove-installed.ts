import { z } from 'zod';
import { defineStep } from '../../../steps/define.ts';
import { aboutNewNode, installationOf, newPlace } from './place.ts';
import { stillKnown } from './still-known.ts';

/**
 * Takes away what this run has installed: directories that it made are removed, directories that were there before, empty,
 * are left there empty. Not while anything runs from them, and not while the cluster knows the node.
 */
export const removeInstalled = defineStep({
  kind: 'removeInstalled',
  params: newPlace.extend({
    /** True for the first frontend of a new cluster: nobody else knows of it. */
    isAlone: z.boolean(),
  }),
  about: aboutNewNode,
  effect: 'changes',
  ports: ['node', 'sql', 'inventory'],
  timeoutMs: 1_800_000,
  repeat: 'safe', // it continues where an earlier one stopped
  describe: ({ label, hostAddress, deployDir, dataDirs }) =>
    `Remove what was installed of ${label} on ${hostAddress}: ${[deployDir, ...dataDirs].join(', ')}`,
  check: async (place, { node, sql, inventory }, { signal, runId, clusterId }) => {
    const { dirs, isBegun } = await (await node(place)).installed(installationOf(place, runId), { signal });
    // What does not carry our marker is not ours to remove, whatever it is.
    if (dirs.every(({ owner }) => owner !== 'ours')) return { state: 'done' };
    if (!isBegun) return { state: 'todo' };
    return (await stillKnown(place, { sql, inventory }, { clusterId, signal })) ?? { state: 'todo' };
  },
  apply: async (place, { node }, { signal, runId }) => {
    await (await node(place)).uninstall(installationOf(place, runId), { signal });
    return { state: 'done' };
  },
  undo: { nothing: 'It is an undo itself.' },
});
