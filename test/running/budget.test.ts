import { expect, it } from 'vitest';
import { overBudget } from '../helpers/running/budget.ts';

const file = (seconds: number, more = {}) => ({ file: `test/${seconds}.test.ts`, seconds, isLong: false, ...more });

it('says nothing of a run within its budget', () => {
  expect(overBudget([file(3), file(40)], 480)).toEqual([]);
});

it('names the files that took too long, the longest first, and the run', () => {
  expect(overBudget([file(41), file(2), file(228)], 600)).toEqual([
    'over budget: test/228.test.ts took 228 s of 40 s',
    'over budget: test/41.test.ts took 41 s of 40 s',
    'over budget: the run took 600 s of 480 s',
  ]);
});

it('lets the long ones take what they take', () => {
  expect(overBudget([file(300, { isLong: true })], 900)).toEqual([]);
});
