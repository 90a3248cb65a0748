import { defineStep } from '../../../steps/define.ts';
import { aboutNewNode, installationOf, newPlace, notClaimed } from './place.ts';

/** Puts the unpacked release in place: `bin`, `lib`, `conf` and whatever else it has for a node of this kind. Renames only. */
export const installNode = defineStep({
  kind: 'installNode',
  params: newPlace,
  about: aboutNewNode,
  effect: 'changes',
  ports: ['node'],
  timeoutMs: 300_000,
  repeat: 'safe', // continues from any half-way state
  describe: ({ label, release: { version }, deployDir }) => `Put ${version} in place for ${label} in ${deployDir}`,
  check: async (place, { node }, { signal, runId }) => {
    const { dirs, binaries } = await (await node(place)).installed(installationOf(place, runId), { signal });
    const blocked = notClaimed(place, dirs);
    if (blocked !== null) return blocked;
    return binaries === 'whole' ? { state: 'done' } : { state: 'todo' };
  },
  apply: async (place, { node }, { signal, runId }) => {
    await (await node(place)).install(installationOf(place, runId), { signal });
    return { state: 'done' }; // each part was seen in its place
  },
  undo: { planned: 'What was installed is removed when the run is undone.' },
});
