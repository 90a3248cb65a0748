import type { LockHolders } from '../../domain/cluster-lock.ts';
import type { Run, RunStep } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import type { Database } from '../../store/database.ts';
import { type WorkerEntry, writeJournal } from '../../store/runs/journal.ts';
import { type DrivenRun, readDriven } from '../../store/runs/leases.ts';
import { listSteps } from '../../store/runs/runs.ts';
import { stepAfter } from '../../store/runs/step-changes.ts';
import type { HeldLease } from './held-lease.ts';

/** What a drive sees of its run before each move. */
export type Seen = {
  readonly run: Run;
  readonly steps: readonly RunStep[];
  /** Which runs held what of the cluster just then. */
  readonly lockHolders: LockHolders;
};

/** What the drive that holds a run knows of it. */
export type KnownRun = {
  /** The run as it is now. Its steps are read only when somebody else may have changed them. */
  look(): Promise<Seen>;
  /** Its steps, with all that this drive has written. */
  steps(): Promise<readonly RunStep[]>;
  /** Writes an entry of the journal. Answers the ids of the runs that may go on now. */
  write(entry: WorkerEntry): Promise<readonly string[]>;
};

/** The run as it is stored. */
export type StoredRun = {
  /** Null when another worker has it. */
  read(): Promise<DrivenRun | null>;
  readSteps(): Promise<readonly RunStep[]>;
  write(entry: WorkerEntry): Promise<readonly string[]>;
};

export function knowRun(
  db: Database,
  { lease, claimed }: Pick<HeldLease, 'lease' | 'claimed'>,
  now: () => Date,
): KnownRun {
  const stored: StoredRun = {
    read: () => readDriven(db, lease),
    readSteps: () => listSteps(db, lease.runId),
    write: (entry) => writeJournal(db, lease, entry),
  };
  return rememberRun(stored, claimed, now);
}

/**
 * Only the holder of the lease and people who decide about the run write it. Each entry, whoever writes it, raises the
 * run's revision by one. So as long as the revision is what this drive's own entries made it, the steps are what those
 * entries made them.
 */
export function rememberRun(stored: StoredRun, claimed: DrivenRun, now: () => Date): KnownRun {
  let first: DrivenRun | null = claimed;
  let known: { readonly revision: number; readonly steps: readonly RunStep[] } | null = null;
  // Counts of entries that have begun and that have ended: one lane of a stage may write while another one reads.
  let begun = 0;
  let ended = 0;

  const look = async (): Promise<Seen> => {
    const before = { revision: known?.revision, begun, ended };
    const driven = first ?? (await stored.read());
    first = null;
    if (driven === null)
      throw new AppError('LEASE_LOST', `Another worker may be driving run ${claimed.run.id}`, { retryable: true });
    const { run, lockHolders } = driven;
    // Compared with the revision known before the read: otherwise an entry that a person wrote could be taken for one of
    // this drive that ended meanwhile.
    if (known !== null && before.revision === run.revision) return { run, steps: known.steps, lockHolders };
    const steps = await readSteps();
    // Nobody can tell whether an entry that was under way is in these steps: they are used now, but not kept.
    if (before.begun === before.ended && before.begun === begun) known = { revision: run.revision, steps };
    return { run, steps, lockHolders };
  };

  /**
   * Reads again until no entry ended meanwhile: with steps from before such an entry, a lane would do the same step
   * twice.
   */
  const readSteps = async (): Promise<readonly RunStep[]> => {
    for (;;) {
      const before = ended;
      const steps = await stored.readSteps();
      if (before === ended) return steps;
    }
  };

  const write = async (entry: WorkerEntry) => {
    begun += 1;
    try {
      const woken = await stored.write(entry);
      known = known === null ? null : after(known, entry, now());
      return woken;
    } catch (error) {
      known = null;
      throw error;
    } finally {
      ended += 1;
    }
  };

  return { look, steps: async () => known?.steps ?? readSteps(), write };
}

function after(
  known: { readonly revision: number; readonly steps: readonly RunStep[] },
  { step: change, addSteps = [], beginUndo }: WorkerEntry,
  now: Date,
) {
  if (addSteps.length > 0 || beginUndo === true) return null;
  const steps =
    change === undefined
      ? known.steps
      : known.steps.map((step) => (step.position === change.position ? stepAfter(step, change, now) : step));
  return { revision: known.revision + 1, steps };
}
