import type { Run } from '../../domain/run.ts';
import { AppError } from '../../errors.ts';
import { findVisibleRun } from '../../store/reads/runs.ts';
import { type RequestContext, readableBy } from '../request-context.ts';
import { readCurrentActor } from './current-actor.ts';
import { inTurn } from './in-turn.ts';

/**
 * The run as it is now, if the person who watches may still see it. Throws `UNAUTHENTICATED` or `NOT_FOUND`, which end
 * the subscription.
 */
export async function readWatchedRun({ deps, currentActor }: RequestContext, id: string): Promise<Run> {
  const actor = await readCurrentActor({ currentActor });
  const run = await inTurn(() => findVisibleRun(deps.db, { visibility: readableBy(actor), id }));
  if (run === null)
    throw new AppError('NOT_FOUND', `There is no run ${id}`, { hint: 'Look at the list of runs for its id.' });
  return run;
}
