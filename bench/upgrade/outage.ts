/** How long one node was away, as seen from outside; times in ms since 1970. */
export type Outage = {
  readonly name: string;
  /** It received the signal. */
  readonly stoppingAt: number;
  /** Its process was gone. */
  readonly exitedAt: number;
  /** Its start script began. */
  readonly startingAt: number;
  /** Another node says in SHOW that it is alive, on another version than before. */
  readonly aliveAt: number;
};

type Span = { readonly from: number; readonly to: number };

/**
 * The time that the nodes themselves needed: while at least one of them was stopping or starting. One after the other
 * this is the sum over the nodes; what several do at the same moment counts once.
 */
export function nodeTimeMs(outages: readonly Outage[]): number {
  const spans = outages.flatMap((outage): Span[] => [
    { from: outage.stoppingAt, to: outage.exitedAt },
    { from: outage.startingAt, to: outage.aliveAt },
  ]);
  let covered = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    covered += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return covered;
}
