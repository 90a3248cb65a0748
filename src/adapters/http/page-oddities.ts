/**
 * Why something on a page does not count.
 *
 * - `UNREADABLE`: no sample and no comment. `TOO_LONG`: a line of more than 16 KB. `CUT`: the page ends within it.
 * - `CONTRADICTORY`: the same series has two values, so it has none.
 * - `PART_OF_A_NAME`: it looks like a line, but a client put it there by logging in under such a name.
 * - `NOT_CERTAIN`: it stands where such a name may end, and nothing on the page tells which of both it is.
 * - `TOO_MANY`: more than are kept.
 */
export type OddityKind =
  | 'UNREADABLE'
  | 'TOO_LONG'
  | 'CUT'
  | 'CONTRADICTORY'
  | 'PART_OF_A_NAME'
  | 'NOT_CERTAIN'
  | 'TOO_MANY';

/** `text` is the beginning of the line, or the name of the series, 200 characters at most. */
export type Oddity = { readonly kind: OddityKind; readonly text: string };

export const mostOddities = 20;
export const longestShown = 200;

export type Oddities = {
  add(kind: OddityKind, text: string): void;
  readonly first: readonly Oddity[];
  count(): number;
};

/** Keeps the first twenty and counts all. */
export function createOddities(): Oddities {
  const first: Oddity[] = [];
  let count = 0;
  return {
    first,
    count: () => count,
    add(kind, text) {
      count += 1;
      if (first.length < mostOddities) first.push({ kind, text: shorten(text) });
    },
  };
}

/** A text of its own: a slice would keep the page that it was cut from. */
export function shorten(text: string): string {
  return Buffer.from(text.slice(0, longestShown).trimEnd()).toString();
}
