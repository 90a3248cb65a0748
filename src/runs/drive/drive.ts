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
  /** When this very drive saw the `apply` of a step return, by position. */
  readonly appliedAt: Map<number, Date>;
  readonly known: Pick<KnownRun, 'look' | 'steps'>;
  readonly write: (entry: WorkerEntry) => Promise<void>;
  /** The database's clock, which stamped the journal; so a host with a wrong clock neither hurries nor waits for ever. */
  readonly now: () => Date;
};

/** `again` = look at the run once more; otherwise free the worker and be woken after so many milliseconds, or never. */
export type Next = 'again' | 'stop' | { readonly wakeAfterMs: number };
