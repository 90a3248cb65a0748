import type { RunState } from './run.ts';

/** A run that goes on only when a person says so; `LOST`: it should go on by itself, and no worker has driven it for two minutes. */
export type WaitingRun = {
  readonly number: number;
  readonly operation: string;
  readonly state: WaitingState | 'LOST';
  readonly since: Date;
};

export const waitingStates = ['AWAITING_APPROVAL', 'PAUSED', 'INTERRUPTED'] as const satisfies readonly RunState[];
export type WaitingState = (typeof waitingStates)[number];

/** What Starwarden itself does about a cluster. */
export type OwnWork = {
  /** How long ago the look before this one ended, by the database; null = this is the first. */
  readonly lookGapMs: number | null;
  /** True while a run that is not over has the cluster to itself. */
  readonly isChanging: boolean;
  readonly waiting: readonly WaitingRun[];
};
