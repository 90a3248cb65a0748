import { type DueLoop, startDueLoop } from '../due-loop.ts';
import type { Engine } from '../runs/engine.ts';
import { lookAtEndedRun } from '../runs/schedules/ask-again.ts';
import { fireSchedule } from '../runs/schedules/fire.ts';
import { scheduleTime } from '../runs/schedules/may-fire.ts';
import { mendSlots } from '../runs/schedules/mend-clock.ts';
import { listEndedRuns } from '../store/schedules/firings.ts';
import { listDueSchedules } from '../store/schedules/schedules.ts';

/** A schedule that is due plans its run before it is begun; more of them at once would only wait for each other. */
const firingsAtOnce = 4;
const mendEveryMs = 60_000;

/** Fires what is due, and asks again for runs whose plan was stale. Any number of processes may do so. */
export function startScheduleLoop(deps: Engine, { everyMs }: { everyMs: number }): DueLoop {
  let mendedAt = Number.NEGATIVE_INFINITY;
  return startDueLoop({
    name: 'schedules',
    log: deps.log,
    everyMs,
    chores: [
      async () => {
        if (performance.now() - mendedAt < mendEveryMs) return;
        await mendSlots(deps);
        mendedAt = performance.now();
      },
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
