import type { TemporaryChange as TemporaryChangeRow } from '../store/runs/run-rows.ts';

export const TemporaryChange = {
  step: (change: TemporaryChangeRow) => change.position,
};
