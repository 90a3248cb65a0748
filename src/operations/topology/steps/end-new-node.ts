import { z } from 'zod';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { aboutNewNode, installationOf, newPlace, notOurs, othersProcess } from './place.ts';
import { stillKnown } from './still-known.ts';

/** How long a process may take to end that has never served; then it is killed. */
const timeoutSeconds = 60;

/**
 * Ends the process of a node that did not come to be, and empties its data directories, so that it can be started as new
 * once more. Not while the cluster knows the node, and only what this run has started.
 */
export const endNewNode = defineStep({
  kind: 'endNewNode',
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
  repeat: 'safe', // the process that ended is not there any more
  describe: ({ label, dataDirs }) => `End the process of ${label}, and empty ${dataDirs.join(', ')}`,
  check: async (place, { node, sql, inventory }, { signal, runId, clusterId }) => {
    const at = await node(place);
    const { dirs, isBegun } = await at.installed(installationOf(place, runId), { signal });
    const [home] = dirs;
    if (home?.owner === 'unknown') return notOurs(place, [home]) ?? { state: 'todo' };
    // Whatever runs there, it is not this run's: nothing of it was claimed, or all of it is gone.
    if (home?.owner !== 'ours') return { state: 'done' };
    const running = await at.process({ signal });
    if (!isBegun) return running === null ? { state: 'done' } : othersProcess(place, running);
    return (
      notOurs(place, dirs) ??
      (await stillKnown(place, { sql, inventory }, { clusterId, signal, runId })) ?? { state: 'todo' }
    );
  },
  apply: async (place, { node }, { signal, log, runId }) => {
    const at = await node(place);
    const stopping = { graceful: false, timeoutSeconds, version: place.release.version };
    const stopped = await at.stop(undefined, stopping, { signal, log });
    if ((await at.process({ signal })) !== null || typeof stopped === 'object') {
      throw new AppError('COMMAND_FAILED', `${place.label} was stopped, and a process of it runs`, {
        hint: 'Something on the host starts it again. Find out what, then retry the run.',
      });
    }
    await at.clearData(installationOf(place, runId), { signal });
    return { state: 'done' };
  },
  undo: { nothing: 'It is an undo itself.' },
});
