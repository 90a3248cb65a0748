import { z } from 'zod';
import { defineStep } from '../../../steps/define.ts';
import { aboutNewNode, installationOf, newPlace, notOurs, notStartedByUs } from './place.ts';
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
    /** True when its whole cluster is thrown away, after it was seen to hold nothing: then nobody asks who is in it. */
    isThrownAway: z.boolean(),
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
    // What cannot be looked into may be ours, and would be left behind.
    const hidden = notOurs(
      place,
      dirs.filter(({ owner }) => owner === 'unknown'),
    );
    if (hidden !== null) return hidden;
    // What does not carry our marker is not ours to remove, whatever it is.
    const own = dirs.filter(({ owner }) => owner === 'ours');
    if (own.length === 0) return { state: 'done' };
    // Nothing can have come to know a node that was never started, unless somebody else has started it there.
    const isUnused = !isBegun && own.every(({ path, isEmpty }) => isEmpty || path === place.deployDir);
    if (isUnused) return { state: 'todo' };
    if (!isBegun) return notStartedByUs(place, own);
    return (await stillKnown(place, { sql, inventory }, { clusterId, signal, runId })) ?? { state: 'todo' };
  },
  apply: async (place, { node }, { signal, runId }) => {
    await (await node(place)).uninstall(installationOf(place, runId), { signal });
    return { state: 'done' };
  },
  undo: { nothing: 'It is an undo itself.' },
});
