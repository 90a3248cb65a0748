import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { closedGap, gapStageToShow, stageOfGap } from '../../src/domain/on-call-gap.ts';

const now = new Date('2026-03-02T09:00:00Z');
const inDays = (days: number) => ({ from: new Date(now.getTime() + days * 86_400_000) });

it.each<[string, number | null, number]>([
  ['none', null, 0],
  ['one in 3 days and a second', 3 + 1 / 86_400, 0],
  ['one in 3 days', 3, 1],
  ['one in a day and a second', 1 + 1 / 86_400, 1],
  ['one in a day', 1, 2],
  ['one that begins this moment', 0, 3],
  ['one that is on', -5, 3],
])('%s has its stage', (_name, days, stage) => {
  expect(stageOfGap(days === null ? null : inDays(days), now)).toBe(stage);
});

it('a message ends with its gap, and with one that is farther away than it told, and stays ended', () => {
  const shows = (shown: number, days: number | null) =>
    gapStageToShow(shown, { gap: days === null ? null : inDays(days), now });
  expect([shows(0, 2), shows(1, 2), shows(1, 0.5), shows(2, -1)]).toEqual([1, 1, 2, 3]);
  expect([shows(0, null), shows(2, null), shows(3, 5), shows(2, 2), shows(3, 0.5)]).toEqual(Array(5).fill(closedGap));
  expect([shows(closedGap, -1), shows(closedGap, 2)]).toEqual([closedGap, closedGap]);
});

it('whatever becomes of the gaps, a message only goes on, and so tells no stage twice', () => {
  const gaps = fc.array(fc.option(fc.double({ min: -2, max: 5, noNaN: true })), { maxLength: 30 });
  fc.assert(
    fc.property(gaps, (days) => {
      let shown = 0;
      for (const each of days) {
        const next = gapStageToShow(shown, { gap: each === null ? null : inDays(each), now });
        expect(next).toBeGreaterThanOrEqual(shown);
        shown = next;
      }
    }),
  );
});
