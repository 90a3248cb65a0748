import { hourMs } from './spans.ts';

const dayMs = 24 * hourMs;

/** Days from a moment until another one, which is given in seconds since 1970; below 0 = it has passed. */
export function daysUntil(seconds: number, at: Date): number {
  return (seconds * 1_000 - at.getTime()) / dayMs;
}

/** The moment that is so many days from another one, to the second. */
export function momentIn(days: number, at: Date): Date {
  return new Date(Math.round((at.getTime() + days * dayMs) / 1_000) * 1_000);
}
