import { nextTime, whyUnreadable } from '../../domain/cron.ts';
import type { Schedule } from '../../domain/schedule.ts';
import { nextSlot } from '../../domain/schedule-times.ts';
import { listSlotsFrom } from '../../store/schedules/firings.ts';
import { listWaitingSchedules, moveSlot } from '../../store/schedules/schedules.ts';
import { isStoreAway } from '../../store/store-errors.ts';
import type { Engine } from '../engine.ts';
import { scheduleTime } from './may-fire.ts';

/**
 * Brings schedules back that wait for a later time than the next of their times: the clock had been ahead, and went back
 * since; or they have none, since their times could not be read. Times that were decided meanwhile are not named again, so
 * nothing is fired twice. What is wrong with one schedule keeps no other from its times.
 */
export async function mendSlots(deps: Engine): Promise<void> {
  const at = await scheduleTime(deps);
  for (const schedule of await listWaitingSchedules(deps.db, at)) {
    // Its next time, if it has one, is refused when it comes, with the reason.
    if (whyUnreadable(schedule) !== null) continue;
    await mendSlot(deps, schedule, at).catch((error: unknown) => {
      if (isStoreAway(error)) throw error;
      deps.log.error({ scheduleId: schedule.id, err: error }, 'a schedule cannot be brought back to its next time');
    });
  }
}

async function mendSlot(deps: Engine, schedule: Schedule, at: Date): Promise<void> {
  const expected = nextTime(schedule, at);
  if (expected === null || (schedule.slotAt !== null && schedule.slotAt <= expected)) return;
  const next = nextSlot(schedule, { after: at, used: await listSlotsFrom(deps.db, schedule.id, at) });
  if (next === null || next.slotAt.getTime() === schedule.slotAt?.getTime()) return;
  if (!(await moveSlot(deps.db, schedule, next))) return;
  deps.log.warn(
    { scheduleId: schedule.id, from: schedule.slotAt, to: next.slotAt },
    'a schedule had no next time, or waited for one beyond it, and was brought back',
  );
}
