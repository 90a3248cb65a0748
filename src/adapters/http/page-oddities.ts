import type { Oddity, OddityKind } from './metrics-page.ts';

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
