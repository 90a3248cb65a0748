import { isTerminal, type Run } from '../../domain/run.ts';
import { makeLoaders } from '../loaders.ts';
import { type RequestContext, readableBy } from '../request-context.ts';
import { ticks } from './ticks.ts';
import { readWatchedRun } from './watched-run.ts';

/** The run after each change of its revision. Several changes at once give one answer: the newest. */
async function* watchRun(id: string, context: RequestContext): AsyncGenerator<{ runUpdated: Run }, void, void> {
  let shown = 0;
  for await (const _ of ticks(context.deps.doorbell, (topic) => topic === id)) {
    const run = await readWatchedRun(context, id);
    if (run.revision > shown) {
      shown = run.revision;
      context.loaders = makeLoaders(context.deps, readableBy(context.actor));
      yield { runUpdated: run };
    }
    if (isTerminal(run.state)) return;
  }
}

export const runUpdated = {
  subscribe: (_: unknown, { id }: { id: string }, context: RequestContext) => watchRun(id, context),
};
