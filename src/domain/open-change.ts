import type { Json } from './json.ts';

/** A temporary change that is not put back yet, with the run that made it. */
export type OpenChange = {
  readonly title: string;
  /** What was there before it, in the shape of the step that made it. */
  readonly before: Json;
  /** When it is put back at the latest; null = at the end of the run, whenever that is. */
  readonly until: Date | null;
  readonly runId: string;
  readonly runNumber: number;
  /** What the run was asked to do, e.g. `upgradeCluster`. */
  readonly operation: string;
  /** The run has ended and could not put it back. */
  readonly isLeftOver: boolean;
};
