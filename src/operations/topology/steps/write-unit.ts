import { z } from 'zod';
import { sha256Of } from '../../../domain/deploy/text-sum.ts';
import { unitFile } from '../../../domain/deploy/unit-text.ts';
import { defineStep } from '../../../steps/define.ts';
import { aboutNewNode, installationOf, newPlace, notClaimed } from './place.ts';

const named = newPlace.extend({ unit: z.string() });

/** Writes the systemd unit of a node, and has systemd read it; the first start has it start with the machine. Needs root. */
export const writeUnit = defineStep({
  kind: 'writeNodeUnit',
  params: named.extend({
    /** The whole unit, without the line on top that names the run. */
    text: z.string(),
  }),
  about: aboutNewNode,
  effect: 'changes',
  ports: ['node'],
  timeoutMs: 120_000,
  repeat: 'safe', // written through a temporary name
  describe: ({ label, unit }) => `Write /etc/systemd/system/${unit} of ${label}`,
  check: async ({ text, ...place }, { node }, { signal, runId }) => {
    const { dirs, unit } = await (await node(place)).installed(installationOf(place, runId), { signal });
    const blocked = notClaimed(place, dirs);
    if (blocked !== null) return blocked;
    if (unit === null) return { state: 'todo' };
    if (unit.sha256 === sha256Of(unitFile({ runId, deployDir: place.deployDir }, text))) return { state: 'done' };
    return {
      state: 'blocked',
      code: 'PRECONDITION_FAILED',
      message: `There is another unit ${place.unit} on ${place.hostAddress} than this run would write`,
      hint: 'Ask again with another name for the unit, or without one.',
    };
  },
  apply: async ({ text, ...place }, { node }, { signal, runId }) => {
    await (await node(place)).writeUnit(installationOf(place, runId), text, { signal });
    return { state: 'done' };
  },
  undo: { planned: 'The unit is removed when the run is undone.' },
});

/** Removes the unit that this run has written, and no other. */
export const removeUnit = defineStep({
  kind: 'removeNodeUnit',
  params: named,
  about: aboutNewNode,
  effect: 'changes',
  ports: ['node'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: ({ label, unit }) => `Remove the unit ${unit} of ${label}`,
  check: async (place, { node }, { signal, runId }) => {
    const { unit } = await (await node(place)).installed(installationOf(place, runId), { signal });
    return unit?.isOurs === true ? { state: 'todo' } : { state: 'done' };
  },
  apply: async (place, { node }, { signal, runId }) => {
    await (await node(place)).removeUnit(installationOf(place, runId), { signal });
    return { state: 'done' };
  },
  undo: { nothing: 'It is an undo itself.' },
});
