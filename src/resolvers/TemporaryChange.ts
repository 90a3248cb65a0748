import type { TemporaryChange as TemporaryChangeRow } from '../domain/run.ts';

export const TemporaryChange = {
  step: (change: TemporaryChangeRow) => change.position,
};
