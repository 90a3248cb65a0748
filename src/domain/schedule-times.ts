import { createHash } from 'node:crypto';
import { lastTimeWithin, mistakesInCron, nextTime, nextTimes } from './cron.ts';
import type { Schedule, ScheduleTimes } from './schedule.ts';

/** A schedule that may begin so late after a time it stands for without having missed it, when missed times are skipped. */
export const lateMs = 5 * 60_000;

/** More missed times than these are not counted, only told to be more. */
const countedMissed = 500;

export const longestJitterSeconds = 3_600;

type Times = Pick<Schedule, 'id'> & ScheduleTimes;

/** What is wrong with the times of a schedule: the field, and a sentence without it. Empty = nothing. */
export function mistakesInTimes(
  times: ScheduleTimes,
): readonly { readonly field: keyof ScheduleTimes; readonly text: string }[] {
  const mistakes = mistakesInCron(times);
  const { jitterSeconds } = times;
  if (!Number.isInteger(jitterSeconds) || jitterSeconds < 0 || jitterSeconds > longestJitterSeconds)
    return [...mistakes, { field: 'jitterSeconds', text: `must be 0 to ${longestJitterSeconds}` }];
  if (mistakes.length > 0 || jitterSeconds * 1_000 < shortestGap(times)) return mistakes;
  return [{ field: 'jitterSeconds', text: 'must be shorter than the time between two times' }];
}

/** In UTC from a fixed day, as for `mistakesInCron`, and over as many times as a week of the shortest jitter that matters. */
function shortestGap({ cron }: ScheduleTimes): number {
  const times = nextTimes({ cron, timeZone: 'UTC' }, { after: new Date(Date.UTC(2027, 0, 1)), count: 400 });
  return Math.min(...times.slice(1).map((time, index) => time.getTime() - (times[index]?.getTime() ?? 0)));
}

/**
 * When a time of a schedule is due: later by its jitter, which is the same whoever asks and however often, and another one
 * for each time and schedule.
 */
export function dueAtOf({ id, jitterSeconds }: Pick<Times, 'id' | 'jitterSeconds'>, slotAt: Date): Date {
  const share = createHash('sha256').update(`${id} ${slotAt.toISOString()}`).digest().readUInt32BE(0) / 2 ** 32;
  return new Date(slotAt.getTime() + Math.floor(share * (jitterSeconds + 1)) * 1_000);
}

export type Slot = { readonly slotAt: Date; readonly dueAt: Date };

/** The first time strictly after a moment that is not one of `used`; null = there is none. */
export function nextSlot(times: Times, { after, used = [] }: { after: Date; used?: readonly Date[] }): Slot | null {
  const taken = new Set(used.map((at) => at.getTime()));
  let slotAt = nextTime(times, after);
  while (slotAt !== null && taken.has(slotAt.getTime())) slotAt = nextTime(times, slotAt);
  return slotAt === null ? null : { slotAt, dueAt: dueAtOf(times, slotAt) };
}

/** What has to be done for a schedule now. */
export type DueNow = {
  /** The time to fire for; null = only missed ones are to be recorded. */
  readonly fire: Date | null;
  /** Times that passed without anything; recorded once, at the first of them. `isMore`: there were more than `count`. */
  readonly missed: {
    readonly first: Date;
    readonly last: Date;
    readonly count: number;
    readonly isMore: boolean;
  } | null;
  /** The time after that. */
  readonly next: Slot | null;
};

/**
 * Null = nothing is due yet. Whatever passed meanwhile, at most one time is fired for: the newest that is due. Older ones
 * were missed. With `SKIP`, the newest one was missed too if it was due more than five minutes ago.
 */
export function whatIsDue(schedule: Times & Pick<Schedule, 'whenMissed'> & Slot, now: Date): DueNow | null {
  if (schedule.dueAt > now) return null;
  const newest = newestDue(schedule, now);
  const dueAt = newest.getTime() === schedule.slotAt.getTime() ? schedule.dueAt : dueAtOf(schedule, newest);
  const isLate = now.getTime() - dueAt.getTime() > lateMs;
  const fire = schedule.whenMissed === 'SKIP' && isLate ? null : newest;
  const next = nextSlot(schedule, { after: newest });
  const last = fire === null ? newest : lastTimeBefore(schedule, newest);
  return { fire, missed: last === null ? null : countMissed(schedule, last), next };
}

function newestDue(schedule: Times & Slot, now: Date): Date {
  for (let until = now; ; ) {
    const at = lastTimeWithin(schedule, { after: schedule.slotAt, until });
    if (at === null) return schedule.slotAt;
    if (dueAtOf(schedule, at) <= now) return at;
    until = new Date(at.getTime() - 1);
  }
}

/** The newest of the times from the schedule's slot to before `at`; null = there is none. */
function lastTimeBefore(schedule: Times & Slot, at: Date): Date | null {
  if (at <= schedule.slotAt) return null;
  const until = new Date(at.getTime() - 1);
  return lastTimeWithin(schedule, { after: schedule.slotAt, until }) ?? schedule.slotAt;
}

function countMissed(schedule: Times & Slot, last: Date) {
  const later = nextTimes(schedule, { after: schedule.slotAt, count: countedMissed });
  const between = later.filter((at) => at <= last);
  return { first: schedule.slotAt, last, count: 1 + between.length, isMore: between.length === countedMissed };
}
