import { nextTime } from '../../domain/cron.ts';
import { nextSlot } from '../../domain/schedule-times.ts';
import { listSlotsFrom } from '../../store/schedules/firings.ts';
import { listWaitingSchedules, moveSlot } from '../../store/schedules/schedules.ts';
import type { Engine } from '../engine.ts';
import { scheduleTime } from './may-fire.ts';

/**
 * Brings schedules back that wait for a later time than the next of their times: the clock had been ahead, and went back
 * since. Times that were decided meanwhile are not named again, so nothing is fired twice.
 */
export async function mendSlots(deps: Engine): Promise<void> {
  const at = await scheduleTime(deps);
  for (const schedule of await listWaitingSchedules(deps.db, at)) {
    const expected = nextTime(schedule, at);
    if (expected === null || (schedule.slotAt !== null && schedule.slotAt <= expected)) continue;
    const next = nextSlot(schedule, { after: at, used: await listSlotsFrom(deps.db, schedule.id, at) });
    if (next === null || next.slotAt.getTime() === schedule.slotAt?.getTime()) continue;
    const isMoved = await moveSlot(deps.db, schedule, next);
    if (isMoved)
      deps.log.warn(
        { scheduleId: schedule.id, from: schedule.slotAt, to: next.slotAt },
        'a schedule waited for a time beyond its next one, and was brought back',
      );
  }
}
