import { expect, it } from 'vitest';
import { pollAfterMs } from '../../../src/domain/backup/poll.ts';

const hourMs = 3_600_000;

function polls(takesMs: number): number {
  let count = 0;
  for (let age = 0; age < takesMs; age += pollAfterMs(age)) count += 1;
  return count;
}

it('looks at a job of six hours at most 300 times, and at a short one every second', () => {
  expect(polls(6 * hourMs)).toBeLessThanOrEqual(300);
  expect(polls(10_000)).toBe(10);
});

it('never sees the end of a job later than by a fifteenth of its age or by two and a half minutes', () => {
  for (let age = 0; age < 48 * hourMs; age += 60_000)
    expect(pollAfterMs(age)).toBeLessThanOrEqual(Math.max(1_000, Math.min(age / 15 + 1, 150_000)));
});
