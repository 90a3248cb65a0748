import { AppError } from '../../errors.ts';
import { findVisibleRuns } from '../../store/queries/runs.ts';
import type { Run } from '../../store/run-rows.ts';
import { socketLimits } from '../limits/sockets.ts';
import { makeTurns } from '../limits/turns.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

/** All subscriptions of this process look through the same few places, so that requests find a connection to the database. */
const inTurn = makeTurns(socketLimits.databaseWidth);

/** The run as it is now, if whoever watches may still see it. Throws `UNAUTHENTICATED` or `NOT_FOUND`, which end the watching. */
export async function readWatchedRun({ deps, currentActor }: RequestContext, id: string): Promise<Run> {
  const actor = await currentActor();
  if (actor === null)
    throw new AppError('UNAUTHENTICATED', 'The token has ended', { hint: 'Connect again with a live token.' });
  const [run] = await inTurn(() => findVisibleRuns(deps.db, { visibility: readableBy(actor), ids: [id] }));
  if (run === undefined)
    throw new AppError('NOT_FOUND', `There is no run ${id}`, { hint: 'Look at the list of runs for its id.' });
  return run;
}
