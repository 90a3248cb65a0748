import { type DueLoop, startDueLoop } from '../due-loop.ts';
import type { Engine } from '../runs/engine.ts';
import { lookAtEndedRun } from '../runs/schedules/ask-again.ts';
import { fireSchedule } from '../runs/schedules/fire.ts';
import { scheduleTime } from '../runs/schedules/may-fire.ts';
import { mendSlots } from '../runs/schedules/mend-clock.ts';
import { listEndedRuns } from '../store/schedules/firings.ts';
import { pruneFirings } from '../store/schedules/prune-firings.ts';
import { listDueSchedules } from '../store/schedules/schedules.ts';

/** A schedule that is due plans its run before it is begun; more of them at once would only wait for each other. */
const firingsAtOnce = 4;
const mendEveryMs = 60_000;
const pruneEveryMs = 10 * 60_000;

/** Fires what is due, asks again for runs whose plan was stale, and forgets what became of times long ago. Any number of processes may do so. */
export function startScheduleLoop(deps: Engine, { everyMs }: { everyMs: number }): DueLoop {
  return startDueLoop({
    name: 'schedules',
    log: deps.log,
    everyMs,
    chores: [
      every(mendEveryMs, () => mendSlots(deps)),
      every(pruneEveryMs, async () => {
        const pruned = await pruneFirings(deps.db);
        if (pruned > 0) deps.log.info({ pruned }, 'forgot the oldest times of schedules');
      }),
    ],
    kinds: [
      {
        what: 'schedule',
        list: async (limit) => listDueSchedules(deps.db, { at: await scheduleTime(deps), limit }),
        handle: (id) => fireSchedule(deps, id),
        atOnce: firingsAtOnce,
      },
      {
        what: 'run of a schedule that has ended',
        list: (limit) => listEndedRuns(deps.db, limit),
        handle: (runId) => lookAtEndedRun(deps, runId),
        atOnce: 1,
      },
    ],
  });
}

/** Does the work when it is asked to, but not more often than that; work that failed is done again the next time. */
function every(ms: number, work: () => Promise<void>): () => Promise<void> {
  let doneAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - doneAt < ms) return;
    await work();
    doneAt = performance.now();
  };
}
