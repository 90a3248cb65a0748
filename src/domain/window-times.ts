import type { MaintenanceWindow } from './calendar.ts';
import { nextTime, nextTimes, openedAt } from './cron.ts';

/** One opening of a window; it lasts its minutes in elapsed time, so clocks that are put forward or back change its end on the wall. */
export type Opening = { readonly opensAt: Date; readonly closesAt: Date };

type Times = Pick<MaintenanceWindow, 'cron' | 'timeZone' | 'durationMinutes'>;

const minuteMs = 60_000;

/**
 * The opening that a moment lies in, its first millisecond included and its last not; null = the window is closed then. Of
 * two that overlap, the later one. A window whose times cannot be read is closed, and never opens.
 */
export function openingAt(window: Times, at: Date): Opening | null {
  const opensAt = openedAt(window, { at, durationMinutes: window.durationMinutes });
  return opensAt === null ? null : opening(window, opensAt);
}

/** The openings that begin after a moment, first one first, at most `count`. */
export function nextOpenings(window: Times, { after, count }: { after: Date; count: number }): readonly Opening[] {
  return nextTimes(window, { after, count }).map((opensAt) => opening(window, opensAt));
}

/** The first opening that begins after a moment; null = it never opens again. */
export function nextOpening(window: Times, after: Date): Opening | null {
  const opensAt = nextTime(window, after);
  return opensAt === null ? null : opening(window, opensAt);
}

/** The openings that touch a stretch of time, first one first, at most `count`. */
export function openingsBetween(
  window: Times,
  { from, until, count }: { from: Date; until: Date; count: number },
): readonly Opening[] {
  // One that began at `from` minus its duration has just ended.
  const after = new Date(from.getTime() - window.durationMinutes * minuteMs);
  return nextTimes(window, { after, count })
    .filter((opensAt) => opensAt < until)
    .map((opensAt) => opening(window, opensAt));
}

function opening({ durationMinutes }: Times, opensAt: Date): Opening {
  return { opensAt, closesAt: new Date(opensAt.getTime() + durationMinutes * minuteMs) };
}
