/*
 * Times as clocks on the wall show them, in an IANA time zone. A wall time is a number: the milliseconds that UTC would have
 * if its clocks showed the same.
 */

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const made = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, ...fields, second: 'numeric', hourCycle: 'h23', calendar: 'gregory', era: 'short' },
  });
  formats.set(timeZone, made);
  return made;
}

/** What the clocks of a zone show at a moment. Throws `RangeError` for a zone that this runtime does not know. */
export function wallTime(at: Date, timeZone: string): number {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes) => Number(parts.get(name));
  const seconds = Date.UTC(
    ...([part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')] as const),
  );
  return seconds + (((at.getTime() % 1_000) + 1_000) % 1_000);
}

/** A moment as the hour that the clocks of a zone show: `09:00`. */
export function hourIn(at: Date, timeZone: string): string {
  return new Date(wallTime(at, timeZone)).toISOString().slice(11, 16);
}

/**
 * The first moment at which the clocks of a zone show this time or a later one: of a time that exists twice the first, of one
 * that does not exist the moment at which clocks go forward over it.
 */
export function momentOf(wall: number, timeZone: string): Date {
  const offset = (near: number) => wallTime(new Date(near), timeZone) - near;
  const [before, after] = [wall - offset(wall - dayMs), wall - offset(wall + dayMs)].toSorted((a, b) => a - b);
  const shown = (at: number) => wallTime(new Date(at), timeZone);
  if (before !== undefined && shown(before) === wall) return new Date(before);
  if (after !== undefined && shown(after) === wall) return new Date(after);
  // Clocks go forward over it: the change lies between both.
  let [early, late] = [(before ?? wall) - hourMs, (after ?? wall) + hourMs];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (shown(middle) >= wall) late = middle;
    else early = middle;
  }
  return new Date(late);
}

/** `2026-03-02T09:00` as a wall time; null = it is none. */
export function readWallTime(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text)) return null;
  const wall = Date.parse(`${text}:00Z`);
  return Number.isNaN(wall) || new Date(wall).toISOString().slice(0, 16) !== text ? null : wall;
}

export type WorkingHours = {
  /** IANA name. */
  readonly timeZone: string;
  /** 1 = Monday … 7 = Sunday. */
  readonly days: readonly number[];
  /** Minutes after midnight, on the wall. */
  readonly fromMinute: number;
  readonly untilMinute: number;
};

/** The moment itself if it lies in the working hours, else the next at which they begin. */
export function atWork(hours: WorkingHours, at: Date): Date {
  const wall = wallTime(at, hours.timeZone);
  const today = Math.floor(wall / dayMs) * dayMs;
  for (let day = 0; day <= 8; day += 1) {
    const midnight = today + day * dayMs;
    if (!hours.days.includes(weekday(midnight))) continue;
    const [from, until] = [midnight + hours.fromMinute * 60_000, midnight + hours.untilMinute * 60_000];
    if (wall >= from && wall < until) return at;
    if (wall < from) return momentOf(from, hours.timeZone);
  }
  return at; // no day at all is one of every day: nobody is left out because of it
}

function weekday(midnight: number): number {
  return new Date(midnight).getUTCDay() || 7;
}

/** Whether the texts and numbers are working hours that open at some time. */
export function mistakeInHours({ days, fromMinute, untilMinute }: WorkingHours): string | null {
  const isDay = (day: number) => Number.isInteger(day) && day >= 1 && day <= 7;
  if (days.length === 0 || !days.every(isDay)) return 'Working days are numbers from 1 (Monday) to 7 (Sunday)';
  const isMinute = (minute: number) => Number.isInteger(minute) && minute >= 0 && minute <= 1_440;
  if (!isMinute(fromMinute) || !isMinute(untilMinute) || fromMinute >= untilMinute)
    return 'Working hours begin before they end, on the same day';
  return null;
}
