import type { Run } from '../../domain/run.ts';
import { inWords } from '../../domain/words.ts';
import type { AnyOperation } from '../../operations/define.ts';
import { readDatabaseTime } from '../../store/database.ts';
import type { JournalEntry } from '../../store/runs/journal.ts';
import { findNoteAt, listSteps, listTemporaryChanges } from '../../store/runs/runs.ts';
import type { Engine } from '../engine.ts';

/** How long a run that only a newer Starwarden can drive is left to the workers that are being rolled out. */
const rolloutMs = 10 * 60_000;
const lookAgainMs = 5_000;

export type Unfit = { readonly message: string; readonly isNewer: boolean };

/** The operation that drives the run, in the version that planned it; or why this program must not drive it. */
export function chooseOperation(run: Run, operations: ReadonlyMap<string, AnyOperation>): AnyOperation | Unfit {
  const operation = operations.get(run.operation);
  if (operation === undefined)
    return { message: `This Starwarden does not know the operation ${run.operation}`, isNewer: true };
  const { version } = operation;
  if (run.operationVersion === version) return operation;
  return {
    message: `The run was planned by version ${run.operationVersion} of ${run.operation}; this Starwarden has version ${version}`,
    isNewer: run.operationVersion > version,
  };
}

/**
 * A plan is carried out by the version that made it, or not at all. Leaves the run to a newer worker for a while; then
 * ends it if nothing was begun or a person cancelled it, else lets a person decide.
 */
export async function setAside(
  deps: Engine,
  { run, unfit, write }: { run: Run; unfit: Unfit; write: (entry: JournalEntry) => Promise<void> },
): Promise<{ wakeAfterMs: number } | 'stop'> {
  if (unfit.isNewer) {
    const notedAt = await findNoteAt(deps.db, run.id, unfit.message);
    const now = await readDatabaseTime(deps.db);
    if (notedAt === null || now.getTime() - notedAt.getTime() < rolloutMs) {
      const events = notedAt === null ? [{ type: 'NOTE' as const, message: unfit.message }] : [];
      await write({ run: { wakeInMs: lookAgainMs }, events });
      return { wakeAfterMs: lookAgainMs };
    }
  }
  deps.log.warn({ runId: run.id, operation: run.operation, version: run.operationVersion }, 'a run does not fit');
  const steps = await listSteps(deps.db, run.id);
  const untouched = steps.every((step) => step.state === 'pending');
  if (!untouched && !run.cancelRequested) {
    const hint = 'Cancel it, or retry it with the version of Starwarden that began it.';
    await write({
      run: { state: 'INTERRUPTED', failure: { code: 'PRECONDITION_FAILED', message: unfit.message, hint, step: null } },
      events: [{ type: 'RUN_STATE', message: `Interrupted: ${unfit.message}` }],
    });
    return 'stop';
  }
  const open = (await listTemporaryChanges(deps.db, run.id)).filter((change) => change.state === 'OPEN');
  const left = open.map((change) => `; still there: ${change.title}, was ${inWords(change.before)}`).join('');
  const state = run.cancelRequested && open.length === 0 ? ('CANCELED' as const) : ('FAILED' as const);
  await write({
    run: {
      state,
      finished: true,
      failure: {
        code: open.length > 0 ? 'UNDO_FAILED' : untouched ? 'PLAN_STALE' : 'CANCELED',
        message: `${unfit.message}${left}`,
        hint: open.length > 0 ? 'Put it back by hand.' : 'Ask for the operation again.',
        step: null,
      },
      wakeInMs: null,
      blockedBy: null,
      cancelRequested: false,
      pauseRequested: false,
    },
    releaseLock: true,
    events: [
      { type: 'RUN_STATE', message: `${state === 'CANCELED' ? 'Cancelled' : 'Failed'}: ${unfit.message}${left}` },
    ],
  });
  return 'stop';
}
