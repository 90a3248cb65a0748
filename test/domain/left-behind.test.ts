import { expect, it } from 'vitest';
import { hasLeft, type LeavingStep } from '../../src/domain/left-behind.ts';
import { keptBinaries } from '../../src/domain/upgrade/kept-binaries.ts';

/** `swap` or `back` on a node, in the order of their positions. */
function step(position: number, more: Partial<LeavingStep> = {}): LeavingStep {
  return {
    ...{ leaves: null, removes: null, position, phase: 'do', state: 'done', attempt: 1, undoOf: null },
    about: { kind: 'node', id: 'nod_1', label: 'be 1' },
    ...more,
  };
}
const swap = (more: Partial<LeavingStep> = {}) => step(5, { leaves: keptBinaries, ...more });
const back = (more: Partial<LeavingStep> = {}) =>
  step(60, { removes: keptBinaries, phase: 'recover', undoOf: 5, ...more });
const other = { about: { kind: 'node', id: 'nod_2', label: 'be 2' } } as const;

it.each<[string, boolean, LeavingStep[]]>([
  ['without any swap', false, [step(1)]],
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
  ['that put one of two nodes back', true, [swap(), swap({ ...other, position: 6 }), back()]],
  ['that put its node back and was retried', false, [swap({ state: 'pending', attempt: 0 }), back({ undoOf: null })]],
  ['whose retry swapped again', true, [swap(), back({ undoOf: null })]],
  ['that was undone', false, [swap(), back({ phase: 'undo', undoOf: null })]],
  [
    'whose undo did not pass and returned',
    true,
    [swap(), back({ phase: 'undo' }), swap({ position: 70, phase: 'recover', undoOf: 60 })],
  ],
  [
    'that left something else and removed it',
    true,
    [swap(), step(61, { leaves: 'a ladder' }), step(62, { removes: 'a ladder' })],
  ],
])('a run %s keeps old binaries: %s', (_what, kept, steps) => {
  expect(hasLeft(steps, keptBinaries)).toBe(kept);
  expect(hasLeft(steps.toReversed(), keptBinaries)).toBe(kept);
});
