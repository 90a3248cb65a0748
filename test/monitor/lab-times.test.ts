import { describe, expect, it } from 'vitest';
import { applySample, defaultAlertTimes } from '../../src/domain/alert-life.ts';
import { dueFacts } from '../../src/domain/metrics/facts.ts';
import { condition, minutes, rules, sample } from '../domain/alert-builders.ts';

const look = (forShare: number, after: number) => {
  const policy = { times: { ...defaultAlertTimes, forShare }, rules };
  const conditions = [condition({ forMs: 600_000 })];
  const { pending } = applySample({ alerts: [], pending: [] }, sample(minutes(0), { conditions }), policy);
  return applySample({ alerts: [], pending }, sample(minutes(after), { conditions }), policy).opened.length;
};

describe('a minute of a rule', () => {
  it.each([
    [1, 9, 0],
    [1, 10, 1],
    [0.1, 0.9, 0],
    [0.1, 1, 1],
  ])('is the share %d of one: after %d minutes of ten it tells of %d', (share, after, told) => {
    expect(look(share, after)).toBe(told);
  });
  it('is a whole one unless a lab says otherwise', () => expect(defaultAlertTimes.forShare).toBe(1));
});

describe('the pace of questions', () => {
  const asked = { transaction_limit: { atMs: minutes(0).getTime(), values: [], unknown: [] } };
  const isDue = (after: number, share?: number) =>
    dueFacts(asked, { at: minutes(after), from: 'SQL', ...(share === undefined ? {} : { share }) }).includes(
      'transaction_limit',
    );
  it('is that of the fact, five minutes here, unless a lab says otherwise', () => {
    expect([isDue(4.5), isDue(5)]).toEqual([false, true]);
  });
  it('is a part of it with a share', () => expect([isDue(0.4, 0.1), isDue(0.5, 0.1)]).toEqual([false, true]));
});
