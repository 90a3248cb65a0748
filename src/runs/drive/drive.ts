import type { AnyOperation } from '../../operations/define.ts';
import type { WorkerEntry } from '../../store/runs/journal.ts';
import type { Engine } from '../engine.ts';
import type { HeldLease } from './held-lease.ts';
import type { KnownRun } from './known-run.ts';

/** One drive of one run: everything that the functions below need. */
export type Drive = {
  readonly deps: Engine;
  readonly held: HeldLease;
  readonly operation: AnyOperation;
  readonly runId: string;
  readonly clusterId: string;
  /** When this drive itself saw the `apply` of a step return, by the step's position. */
  readonly appliedAt: Map<number, Date>;
  readonly known: Pick<KnownRun, 'look' | 'steps'>;
  readonly write: (entry: WorkerEntry) => Promise<void>;
  /**
   * The time by the database's clock, which also stamped the journal: a host with a wrong clock neither hurries a step
   * nor makes it wait for ever.
   */
  readonly now: () => Date;
};

/** `again` = advance the run once more; otherwise the worker is freed and woken after so many milliseconds, or never. */
export type Next = 'again' | 'stop' | { readonly wakeAfterMs: number };
