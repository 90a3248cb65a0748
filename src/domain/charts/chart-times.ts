const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `28 Nov 2026`, in UTC. */
export function dayOf(at: Date, { year = true } = {}): string {
  const day = `${at.getUTCDate()} ${months[at.getUTCMonth()]}`;
  return year ? `${day} ${at.getUTCFullYear()}` : day;
}

/** `12:05`, in UTC. */
export function clockOf(at: Date): string {
  return at.toISOString().slice(11, 16);
}

/** Whether two moments are on the same day in UTC; the end of a day counts as part of it. */
export function isOneDay(from: Date, to: Date): boolean {
  return from.toISOString().slice(0, 10) === new Date(Math.max(+from, +to - 1)).toISOString().slice(0, 10);
}

/** `12:00 to 12:20 UTC on 28 Nov 2026`, or both days where there are two. */
export function spanInWords(from: Date, to: Date): string {
  return isOneDay(from, to)
    ? `${clockOf(from)} to ${clockOf(to)} UTC on ${dayOf(from)}`
    : `${clockOf(from)} on ${dayOf(from, { year: false })} to ${clockOf(to)} on ${dayOf(to)} UTC`;
}

/** A length of time in the words of a picture: `15 s`, `2 min`, `1 h`. */
export function stepInWords(ms: number): string {
  if (ms < 120_000 && ms % 60_000 !== 0) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000 && ms % 3_600_000 !== 0) return `${trim(ms / 60_000)} min`;
  return `${trim(ms / 3_600_000)} h`;
}

function trim(value: number): string {
  return String(Math.round(value * 10) / 10);
}
