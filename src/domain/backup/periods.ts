export const periodKinds = ['days', 'weeks', 'months', 'years'] as const;
export type PeriodKind = (typeof periodKinds)[number];

/** The day, ISO week, month and year that a moment is in, as names that sort by time: `2026-W48`. */
export type Periods = Readonly<Record<PeriodKind, string>>;

const dayMs = 86_400_000;

/** Makes a reader of the periods of moments (ms) in an IANA time zone. Throws `RangeError` for an unknown zone. */
export function makePeriodReader(timeZone: string): (moment: number) => Periods {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  return (moment) => {
    const days = format.format(moment);
    return { days, weeks: isoWeekOf(days), months: days.slice(0, 7), years: days.slice(0, 4) };
  };
}

/** The ISO week of a date `2026-11-27`: weeks begin on Monday and belong to the year that their Thursday is in. */
function isoWeekOf(date: string): string {
  const at = Date.parse(`${date}T00:00:00Z`);
  const thursday = new Date(at + (4 - (new Date(at).getUTCDay() || 7)) * dayMs);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * dayMs)) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}

/** `4 weeks`, `7 days`, `36 hours`. */
export function hoursInWords(hours: number): string {
  const [n, one] =
    hours % 168 === 0 && hours > 168
      ? [hours / 168, 'week']
      : hours % 24 === 0 && hours > 24
        ? [hours / 24, 'day']
        : [hours, 'hour'];
  return `${n} ${one}${n === 1 ? '' : 's'}`;
}

/** `2026-11-27 06:00 UTC`. */
export function momentInWords(moment: number): string {
  return `${new Date(moment).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
