import type { Failure } from '../domain/run.ts';

export const RunFailure = {
  log: (failure: Failure) => failure.log ?? [],
};
