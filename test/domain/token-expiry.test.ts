import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EndingToken, settledStage, stageOfToken, untilEnd } from '../../src/domain/token-expiry.ts';

const hour = 3_600_000;
const start = Date.parse('2026-03-01T00:00:00Z');
const at = (days: number) => new Date(start + days * 24 * hour);
const lasting = (days: number): EndingToken => ({
  ...{ id: 'tok_1', label: 'ci', personId: 'per_1', personName: 'otto', isSettled: false },
  ...{ createdAt: at(0), expiresAt: at(days) },
});

describe('people are told of a token', () => {
  it.each<[string, number, number, number]>([
    ['not 15 days before its end', 365, 350, 0],
    ['14 days before', 365, 351, 1],
    ['3 days before', 365, 362, 2],
    ['a day before', 365, 364, 3],
    ['in its last hour', 365, 364.99, 3],
    ['when it has ended', 365, 365, 4],
    ['not from its beginning, where it was made for two weeks', 14, 1, 0],
    ['3 days before, where it was made for two weeks', 14, 11, 2],
    ['a day before, where it was made for three days', 3, 2, 3],
    ['only of its end, where it was made for a day', 1, 0.5, 0],
    ['of its end, where it was made for a day', 1, 1, 4],
  ])('%s', (_name, lasts, now, stage) => {
    expect(stageOfToken(lasting(lasts), at(now))).toBe(stage);
  });

  it('never when it does not end, and no more when it was ended or replaced', () => {
    expect(stageOfToken({ ...lasting(365), expiresAt: null }, at(9_999))).toBe(0);
    expect(stageOfToken({ ...lasting(365), isSettled: true }, at(364))).toBe(settledStage);
  });

  it('of no stage twice: as time goes by it only goes on', () => {
    const days = fc.double({ min: 0, max: 800, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 730 }), days, days, (lasts, one, other) => {
        const [early, late] = [Math.min(one, other), Math.max(one, other)];
        expect(stageOfToken(lasting(lasts), at(late))).toBeGreaterThanOrEqual(stageOfToken(lasting(lasts), at(early)));
      }),
    );
  });
});

it.each([
  [13.9, 'in 13 days'],
  [1.5, 'in 36 h'],
  [0.01, 'in 1 h'],
  [-0.5, '12 h ago'],
  [-3, '3 days ago'],
])('an end in %s days is %s', (days, words) => {
  expect(untilEnd(at(days), at(0))).toBe(words);
});
