/** A moment for people who read it anywhere: `2027-01-02 00:00 UTC`, with seconds where they are not zero. */
export function inUtc(at: Date): string {
  const text = at.toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, at.getUTCSeconds() === 0 ? 16 : 19)} UTC`;
}
