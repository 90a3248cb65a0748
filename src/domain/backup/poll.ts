const shortestMs = 1_000;
const longestMs = 150_000;
/** The share of its age by which a job may be seen late. */
const share = 1 / 15;

/**
 * After how many milliseconds a job is looked at again that has gone on for so long: at first every second, then after a
 * fifteenth of its age, at most every two and a half minutes. A job of six hours is looked at about 220 times.
 */
export function pollAfterMs(ageMs: number): number {
  return Math.min(Math.max(Math.round(ageMs * share), shortestMs), longestMs);
}
