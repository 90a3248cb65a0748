/** What a host answered about its clock, `withinMs` = half of the time that the question and the answer took. */
export type ReadClock = { readonly aheadMs: number; readonly withinMs: number };

/** Seconds, whichever clock is ahead; 0 for what may as well come from the way of the answer. */
export function clockDifferenceSeconds({ aheadMs, withinMs }: ReadClock): number {
  const differenceMs = Math.abs(aheadMs);
  return differenceMs <= withinMs ? 0 : differenceMs / 1_000;
}
