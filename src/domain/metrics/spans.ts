/** Each look is in a chunk of this length after it is over. */
export const chunkMs = 600_000;
export const hourMs = 3_600_000;
/** Values are rolled up to one point for so many seconds, an hour at a time. */
export const rolledUpS = 300;
/** How long the values of each look are kept, and those that were rolled up. */
export const keepFullMs = 25 * hourMs;
export const keepRolledUpMs = 30 * 24 * hourMs;

/** Some time of one cluster; `to` is not part of it. */
export type Span = { readonly clusterId: string; readonly from: Date; readonly to: Date };

/** The piece of this length that a moment is in, counted from 1970. */
export function spanOf(clusterId: string, at: Date, lengthMs: number): Span {
  const from = new Date(at.getTime() - (at.getTime() % lengthMs));
  return { clusterId, from, to: new Date(from.getTime() + lengthMs) };
}
