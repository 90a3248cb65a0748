/**
 * What counters of one node grew by over hours, as looks saw it; plain JSON. A counter of what is rare says nothing by its rate:
 * between two looks nothing happened, or one thing.
 */
export type LatelyCounts = {
  /** Milliseconds since 1970: since when every look saw what was counted since the one before. */
  readonly sinceMs: number;
  /** What came before is not merely older than our first look: there was a gap, in which nobody counted. */
  readonly isAfterGap?: true;
  /** By `sampleKey`, oldest first; without what did not grow. */
  readonly grown: Readonly<Record<string, readonly Span[]>>;
};

/** `count` came after the first of these moments and up to the second. */
export type Span = readonly [afterMs: number, upToMs: number, count: number];

/** So long back it is counted. What happens every hour happens three times in it. */
export const latelyMs = 3 * 3_600_000;
/** Growth that came closer together is one span, so that there are never more than two for each of these. */
const spanMs = 5 * 60_000;

export type Grown = {
  readonly beforeMs: number;
  readonly atMs: number;
  /** By `sampleKey`; what did not grow, or of which nobody knows, may be left out. */
  readonly by: Readonly<Record<string, number>>;
};

/**
 * What is counted after another look. `grown` null = the look before is too long ago, or there is none: what came since may be of any
 * time, so counting begins anew. A gap that is shorter is no harm: counters say what came in it.
 */
export function countLately(before: LatelyCounts | undefined, grown: Grown | null, atMs: number): LatelyCounts {
  if (before === undefined) return { sinceMs: atMs, grown: {} };
  if (grown === null) return { sinceMs: atMs, isAfterGap: true, grown: {} };
  const keys = new Set([...Object.keys(before.grown), ...Object.keys(grown.by)]);
  const spans = [...keys].toSorted().flatMap((key) => {
    const kept = (before.grown[key] ?? []).filter((span) => isLately(span, atMs));
    const count = grown.by[key] ?? 0;
    const all = count > 0 ? withSpan(kept, [grown.beforeMs, atMs, count]) : kept;
    return all.length === 0 ? [] : [[key, all] as const];
  });
  return { ...before, grown: Object.fromEntries(spans) };
}

function withSpan(spans: readonly Span[], [afterMs, upToMs, count]: Span): readonly Span[] {
  const last = spans.at(-1);
  if (last === undefined || upToMs - last[0] > spanMs) return [...spans, [afterMs, upToMs, count]];
  return [...spans.slice(0, -1), [last[0], upToMs, last[2] + count]];
}

/** Whether all of a span came lately. What may be older does not count. */
function isLately([afterMs]: Span, atMs: number): boolean {
  return atMs - afterMs <= latelyMs;
}

/** How much of these came lately, as far as looks saw it; `atMs` = now. */
export function sumLately(counts: LatelyCounts | undefined, keys: Iterable<string>, atMs: number): number {
  let sum = 0;
  for (const key of keys) for (const span of counts?.grown[key] ?? []) if (isLately(span, atMs)) sum += span[2];
  return sum;
}

/** Whether there may have been more of it lately than was counted, because nobody looked for a while. */
export function mayHaveMissed(counts: LatelyCounts | undefined, atMs: number): boolean {
  return counts?.isAfterGap === true && atMs - counts.sinceMs < latelyMs;
}
