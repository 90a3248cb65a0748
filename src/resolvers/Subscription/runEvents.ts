import { isTerminal, type RunEvent } from '../../domain/run.ts';
import { eventsOfRuns } from '../../store/reads/run-parts.ts';
import type { RequestContext } from '../request-context.ts';
import { ticks } from './ticks.ts';
import { readWatchedRun } from './watched-run.ts';

const pageSize = 200;

/**
 * Events in order, each once: the last sequence number that was shown is the only thing remembered, and the journal
 * writes numbers without gaps, one transaction after the other.
 */
async function* watchEvents(
  runId: string,
  after: number,
  context: RequestContext,
): AsyncGenerator<{ runEvents: RunEvent }, void, void> {
  let afterSequence = after;
  for await (const _ of ticks(context.deps.doorbell, (topic) => topic === runId)) {
    // Read before the events: a run that had ended by then writes no more events.
    const { state } = await readWatchedRun(context, runId);
    for (;;) {
      const events = await eventsOfRuns(context.deps.db, { runIds: [runId], afterSequence, limit: pageSize });
      for (const event of events) {
        afterSequence = event.sequence;
        yield { runEvents: event };
      }
      if (events.length < pageSize) break;
    }
    if (isTerminal(state)) return;
  }
}

export const runEvents = {
  subscribe: (_: unknown, args: { runId: string; afterSequence?: number | null }, context: RequestContext) =>
    watchEvents(args.runId, args.afterSequence ?? 0, context),
};
