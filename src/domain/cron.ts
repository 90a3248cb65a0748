import { Cron } from 'croner';

/** When something opens or happens: a cron expression of five fields, read in an IANA time zone. */
export type CronTimes = { readonly cron: string; readonly timeZone: string };

/** What is wrong with such times: the field, and a sentence without it (`fires never`). */
export type CronMistake = { readonly field: 'cron' | 'timeZone'; readonly text: string };

/** Two times of one expression are at least so far apart. */
export const shortestGapMs = 5 * 60_000;

/** As long as the columns that keep them. */
const longest = { cron: 120, timeZone: 64 } as const;

/**
 * Everything that is wrong with the times; empty = they can be used. The same answer whenever it is asked: a gap is
 * measured in UTC from a fixed day, since on the days when clocks change any two times may come close to each other.
 */
export function mistakesInCron({ cron, timeZone }: CronTimes): readonly CronMistake[] {
  const inCron = mistakeInCron(cron);
  const mistakes: CronMistake[] = inCron === null ? [] : [{ field: 'cron', text: inCron }];
  return isTimeZone(timeZone)
    ? mistakes
    : [...mistakes, { field: 'timeZone', text: 'must be an IANA time zone, such as Europe/Berlin or UTC' }];
}

/**
 * Why times that were checked when they were saved cannot be read now, as a clause; null = they can. Time zones come and go
 * with the runtime: what one process has saved, another one may not know.
 */
export function whyUnreadable(times: CronTimes): string | null {
  if (!isTimeZone(times.timeZone)) return `this Starwarden does not know the time zone ${times.timeZone}`;
  const schedule = parse(times);
  return typeof schedule === 'string' ? `"${times.cron}" cannot be read: ${schedule}` : null;
}

/**
 * The next times strictly after a moment, at most `count`; fewer only when there are no more. On days when clocks change:
 * - a time that does not exist is replaced by the first moment that does (02:30 by 03:00), and fires once together with
 *   whatever else stands for that moment;
 * - a time that exists twice fires at its first occurrence only;
 * - with `*` for the hour, what is meant is every hour that passes: both hours of that name, and none that does not exist.
 *
 * None when the times cannot be read here: `whyUnreadable` says why.
 */
export function nextTimes(times: CronTimes, { after, count }: { after: Date; count: number }): readonly Date[] {
  return readable(times)?.nextRuns(count, after) ?? [];
}

/** The next time strictly after a moment; null = there is none. Otherwise as `nextTimes`. */
export function nextTime(times: CronTimes, after: Date): Date | null {
  return readable(times)?.nextRun(after) ?? null;
}

/** The newest time in (after, until]; null = none. Otherwise as `nextTimes`. */
export function lastTimeWithin(times: CronTimes, { after, until }: { after: Date; until: Date }): Date | null {
  const schedule = readable(times);
  if (schedule === null) return null;
  // Only looks forward, in doubling steps back from the end: so it can name no time that `nextTimes` would not name.
  let last: Date | null = null;
  for (let reachMs = 3_600_000; ; reachMs *= 2) {
    const from = new Date(Math.max(after.getTime(), until.getTime() - reachMs));
    for (let at = schedule.nextRun(from); at !== null && at <= until; at = schedule.nextRun(at)) last = at;
    if (last !== null || from <= after) return last;
  }
}

/**
 * The time at which a window of so many minutes opened that is open at `at`; null = none is open. A window holds the
 * moment at which it opens and not the one at which it closes. Of several open ones the one that opened last.
 */
export function openedAt(
  times: CronTimes,
  { at, durationMinutes }: { at: Date; durationMinutes: number },
): Date | null {
  return lastTimeWithin(times, { after: new Date(at.getTime() - durationMinutes * 60_000), until: at });
}

/** Whether a text names a time zone of the IANA database; offsets such as `+02:00` have no clock changes and are none. */
export function isTimeZone(name: string): boolean {
  if (name.length > longest.timeZone || !/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** What was found out about expressions, as mistakes: reading one through takes tens of milliseconds, and the answer never changes. */
const known = new Map<string, string | null>();
const mostKnown = 1_000;

function mistakeInCron(cron: string): string | null {
  if (cron.trim() === '') return 'is empty';
  if (cron.length > longest.cron) return `must have at most ${longest.cron} characters`;
  const before = known.get(cron);
  if (before !== undefined) return before;
  const found = readThrough(cron);
  if (known.size >= mostKnown) known.clear();
  known.set(cron, found);
  return found;
}

/** The shortest time between two times of an expression that was checked, in UTC: where clocks change it may be shorter there. */
export function shortestGapOf(cron: string): number {
  const schedule = parse({ cron, timeZone: 'UTC' });
  return typeof schedule === 'string' ? 0 : Math.min(...gapsOf(schedule));
}

function readThrough(cron: string): string | null {
  // Croner takes more than this: seconds, dates, @daily, `?` for now. Each of them would say something else elsewhere.
  if (cron.trim().split(/\s+/).length !== 5 || !/^[\d\s*,/A-Z#-]+$/i.test(cron))
    return 'must have five fields: minute, hour, day of the month, month, day of the week, as in 30 2 * * 1-5';
  const schedule = parse({ cron, timeZone: 'UTC' });
  if (typeof schedule === 'string') return `cannot be read: ${schedule}`;
  if (schedule.nextRun(sampledFrom) === null) return 'names a day that no year has';
  return Math.min(...gapsOf(schedule)) < shortestGapMs ? 'must leave at least 5 minutes between two times' : null;
}

function gapsOf(schedule: Cron): readonly number[] {
  const times = schedule.nextRuns(sampled, sampledFrom);
  return times.slice(1).map((time, index) => time.getTime() - (times[index]?.getTime() ?? 0));
}

/**
 * Two times come close to each other within an hour, or around a full hour, midnight or the end of a month: so many times
 * hold one of each for every expression with gaps that short.
 */
const sampled = 500;
const sampledFrom = new Date(Date.UTC(2027, 0, 1));

/** Null = nobody can say here when these times are. */
function readable(times: CronTimes): Cron | null {
  if (!isTimeZone(times.timeZone)) return null;
  const schedule = parse(times);
  return typeof schedule === 'string' ? null : schedule;
}

/** Answers what is wrong as text. */
function parse({ cron, timeZone }: CronTimes): Cron | string {
  const options = { timezone: timeZone, mode: '5-part', paused: true, fixedTimeRule: 'no-wildcard' } as const;
  try {
    // Read as it is first: what is written out below must not make sense of what croner refuses.
    const asWritten = new Cron(cron, options);
    const fixed = withoutSteps(cron);
    return fixed === cron ? asWritten : new Cron(fixed, options);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return error.message.replace(/^CronPattern: /, '');
    throw error;
  }
}

/**
 * Writes the hours of a step out: croner takes an expression with a step for one that counts by what has passed, and would
 * leave out the 02:00 of "0 2-23/6" on the day on which clocks go forward, as it may for every hour (`*`).
 */
function withoutSteps(cron: string): string {
  const [minute = '', hour = '', ...days] = cron.trim().split(/\s+/);
  if (/^\*(\/1)?$/.test(hour)) return cron;
  return [writeOut(minute, 59), writeOut(hour, 23), ...days].join(' ');
}

function writeOut(field: string, last: number): string {
  return field
    .split(',')
    .flatMap((part) => {
      const step = /^(?:\*|(\d+)-(\d+))(?:\/(\d+))?$/.exec(part);
      if (step === null) return [part];
      const [from, until, by] = [Number(step[1] ?? 0), Number(step[2] ?? last), Number(step[3] ?? 1)];
      return Array.from({ length: Math.floor((until - from) / by) + 1 }, (_, index) => String(from + index * by));
    })
    .join(',');
}
