import { expect, it } from 'vitest';
import { keepsBinaries, type SwapStep } from '../../../src/domain/upgrade/kept-binaries.ts';

/** `swap` or `back` on a node, in the order of their positions. */
function step(position: number, kind: string, more: Partial<SwapStep> = {}): SwapStep {
  return {
    ...{ kind, position, phase: 'do', state: 'done', attempt: 1, undoOf: null },
    lane: { stage: 'Canary', name: 'be 1', width: 1 },
    ...more,
  };
}
const swap = (more: Partial<SwapStep> = {}) => step(5, 'swapBinaries', more);
const back = (more: Partial<SwapStep> = {}) => step(60, 'swapBack', { phase: 'recover', undoOf: 5, ...more });
const other = { lane: { stage: 'Backends', name: 'be 2', width: 1 } } as const;

it.each<[string, boolean, SwapStep[]]>([
  ['without any swap', false, [step(1, 'stopForMove')]],
  [
    'that never came to its swaps',
    false,
    [swap({ state: 'pending', attempt: 0 }), swap({ ...other, state: 'skipped', attempt: 0 })],
  ],
  ['that was refused before its swap was sent', false, [swap({ state: 'failed', attempt: 0 })]],
  ['that swapped', true, [swap()]],
  ['that found its own swap there', true, [swap({ state: 'already', attempt: 0 })]],
  ['whose swap was sent and not seen', true, [swap({ state: 'applying' })]],
  ['whose swap failed half-way', true, [swap({ state: 'failed' })]],
  ['that put its node back', false, [swap(), back()]],
  ['whose node was back already', false, [swap({ state: 'failed' }), back({ state: 'already', attempt: 0 })]],
  ['that could not put its node back', true, [swap(), back({ state: 'failed' })]],
  ['that has yet to put its node back', true, [swap(), back({ state: 'pending', attempt: 0 })]],
  ['that put one of two nodes back', true, [swap(), step(6, 'swapBinaries', other), back()]],
  ['that put its node back and was retried', false, [swap({ state: 'pending', attempt: 0 }), back({ undoOf: null })]],
  ['whose retry swapped again', true, [swap(), back({ undoOf: null })]],
  ['that was undone', false, [swap(), back({ phase: 'undo', undoOf: null })]],
  [
    'whose undo did not pass and returned',
    true,
    [swap(), back({ phase: 'undo' }), step(70, 'swapBinaries', { phase: 'recover', undoOf: 60 })],
  ],
])('a run %s keeps old binaries: %s', (_what, kept, steps) => {
  expect(keepsBinaries(steps)).toBe(kept);
  expect(keepsBinaries(steps.toReversed())).toBe(kept);
});
