import type { NodeReader } from '../../../adapters/nodes/port.ts';
import type { StepSpec } from '../../../domain/plan.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { keptBinaries } from '../../../domain/upgrade/kept-binaries.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { type NodeMove, nodeMove, replacementOf } from './place.ts';

/**
 * Puts the staged binaries in place and keeps the ones that ran. Renames only; `conf`, `meta`, `log` and `storage` stay
 * where they are. Refused by the host itself while a process of the node runs.
 */
export const swapBinaries = defineStep({
  kind: 'swapBinaries',
  params: nodeMove,
  about: nodeSubject,
  effect: 'changes',
  leaves: keptBinaries,
  ports: ['node'],
  timeoutMs: 180_000,
  repeat: 'safe', // continues from any half-way state
  bindsNext: true,
  describe: ({ label, release }) =>
    `Put the binaries of ${release.version} in place on ${label}, and keep the old ones`,
  check: async (move, { node }, { signal, runId }) => {
    const { state } = await readBinaries(await node(move), move, { signal, runId });
    if (state === 'new') return { state: 'done' };
    if (state !== 'nothing-staged') return { state: 'todo' };
    return {
      state: 'blocked',
      code: 'PRECONDITION_FAILED',
      message: `${move.release.version} is not staged for ${move.label} any more`,
      hint: 'Somebody removed it. Undo the run, and ask for the upgrade again.',
    };
  },
  apply: async (move, { node }, { signal, runId }) => {
    await (await node(move)).swapIn(replacementOf(move, runId), { signal });
    return { state: 'done' }; // each part was seen in its place
  },
  undo: { planned: 'The kept binaries are put back, node by node, in the order that the cluster needs then.' },
  recover: (move): readonly StepSpec[] => [swapBack.with(move)],
});

/** Puts the kept binaries back; the ones that were put in place by `swapBinaries` are staged again. */
export const swapBack = defineStep({
  kind: 'swapBack',
  params: nodeMove,
  about: nodeSubject,
  effect: 'changes',
  removes: keptBinaries,
  ports: ['node'],
  timeoutMs: 180_000,
  repeat: 'safe',
  bindsNext: true,
  describe: ({ label, keptVersion }) => `Put the kept binaries of ${keptVersion} back on ${label}`,
  check: async (move, { node }, { signal, runId }) => {
    const { state, parts } = await readBinaries(await node(move), move, { signal, runId });
    const isBack = parts.every((part) => part.live !== 'new' && !part.kept);
    return isBack && state !== 'half' ? { state: 'done' } : { state: 'todo' };
  },
  apply: async (move, { node }, { signal, runId }) => {
    await (await node(move)).putBack(replacementOf(move, runId), { signal });
    return { state: 'done' };
  },
  undo: { nothing: 'It is an undo itself.' },
  recover: (move): readonly StepSpec[] => [swapBinaries.with(move)],
});

async function readBinaries(node: NodeReader, move: NodeMove, run: { signal: AbortSignal; runId: string }) {
  const found = await node.binaries(replacementOf(move, run.runId), { signal: run.signal });
  if (found !== null) return found;
  throw new AppError('COMMAND_FAILED', `Which binaries ${move.label} has could not be read in ${move.deployDir}`, {
    hint: 'Look whether the directory is there and can be read, then retry the run.',
  });
}
