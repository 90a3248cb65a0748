/** How a backend empties, as its looks saw it; kept in the journal between two looks. Times are milliseconds since 1970. */
export type Drain = {
  /** How many tablets it held when the first look came. */
  readonly begunWith: number;
  /** What was seen when, oldest first: the looks of the last window, each with fewer or more tablets than the one before. */
  readonly seen: readonly { readonly atMs: number; readonly tablets: number }[];
  /** The fewest so far, and when that many were first seen. */
  readonly fewest: number;
  readonly fewestAtMs: number;
};

/** What the rate is measured over: long enough for one big tablet, short enough to follow a cluster that gets busy. */
export const windowMs = 10 * 60_000;
const mostSeen = 60;

/** The drain after one more look. A clock that was set back begins the window anew. */
export function afterLook(before: Drain | null, look: { readonly atMs: number; readonly tablets: number }): Drain {
  if (before === null) return { begunWith: look.tablets, seen: [look], fewest: look.tablets, fewestAtMs: look.atMs };
  const last = before.seen.at(-1);
  const isBack = last !== undefined && look.atMs < last.atMs;
  const kept = isBack ? [] : before.seen.filter(({ atMs }) => atMs >= look.atMs - windowMs);
  // The look before the window's first one is its edge: without it, a slow drain would have no rate.
  const edge = isBack ? undefined : before.seen.findLast(({ atMs }) => atMs < look.atMs - windowMs);
  const seen = [...(edge === undefined || kept.length > 1 ? [] : [edge]), ...kept, look];
  const fewer = look.tablets < before.fewest;
  return {
    begunWith: Math.max(before.begunWith, look.tablets),
    seen: thinned(seen),
    fewest: fewer ? look.tablets : before.fewest,
    fewestAtMs: fewer ? look.atMs : Math.min(before.fewestAtMs, look.atMs),
  };
}

/** Every second one goes when there are too many; the first and the last stay. */
function thinned<T>(seen: readonly T[]): readonly T[] {
  if (seen.length <= mostSeen) return seen;
  return seen.filter((_one, index) => index % 2 === 0 || index === seen.length - 1);
}

/** Tablets that leave in a second, over the window; null = it cannot be told yet, or none has left. */
export function rateOf({ seen }: Drain): number | null {
  const [first, last] = [seen[0], seen.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
  const rate = ((first.tablets - last.tablets) * 1_000) / (last.atMs - first.atMs);
  return rate > 0 ? rate : null;
}

/** When the last tablet leaves if it goes on like this; null = it cannot be told. */
export function endOf(drain: Drain): Date | null {
  const [rate, last] = [rateOf(drain), drain.seen.at(-1)];
  if (rate === null || last === undefined) return null;
  const at = last.atMs + (last.tablets / rate) * 1_000;
  // Beyond this a Date is invalid, and an estimate of centuries says nothing.
  return at < last.atMs + 365 * 86_400_000 ? new Date(at) : null;
}

/** For how long no tablet has left, by the last look. */
export function quietMs({ seen, fewestAtMs }: Drain): number {
  return Math.max(0, (seen.at(-1)?.atMs ?? fewestAtMs) - fewestAtMs);
}

/** `412 of 1,200 tablets are left; 3.2 tablets leave in a second, so it ends at about 14:05 UTC`. */
export function drainInWords(drain: Drain): string {
  const left = drain.seen.at(-1)?.tablets ?? drain.begunWith;
  const [rate, end] = [rateOf(drain), endOf(drain)];
  const numbers = `${grouped(left)} of ${grouped(drain.begunWith)} tablets ${left === 1 ? 'is' : 'are'} left`;
  if (rate === null) return numbers;
  const pace = rate >= 0.1 ? `${rate.toFixed(1)} leave in a second` : `${(rate * 60).toFixed(1)} leave in a minute`;
  return `${numbers}; ${pace}${end === null ? '' : `, so it ends at about ${timeInWords(end)}`}`;
}

function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** To the minute, since it is an estimate: the message does not change with each look then. */
function timeInWords(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
