import { describe, expect, it } from 'vitest';
import { whatGotWorse } from '../../../src/domain/upgrade/query-health.ts';

const calm = { queries: 1_000, errors: 0, p95Ms: 100 };

describe('queries after a node is back', () => {
  it('are well when they fail and wait as before', () => {
    expect(whatGotWorse(calm, { queries: 500, errors: 0, p95Ms: 120 }, 3)).toBeNull();
  });

  it('are worse off when more of them fail than the factor allows', () => {
    const before = { queries: 1_000, errors: 20, p95Ms: 100 };
    expect(whatGotWorse(before, { queries: 100, errors: 6, p95Ms: 100 }, 3)).toBeNull();
    expect(whatGotWorse(before, { queries: 100, errors: 7, p95Ms: 100 }, 3)).toContain('7.0 % of 100 queries failed');
  });

  it('may fail a little though none failed before: one in a hundred proves nothing', () => {
    expect(whatGotWorse(calm, { queries: 100, errors: 1, p95Ms: 100 }, 3)).toBeNull();
    expect(whatGotWorse(calm, { queries: 100, errors: 2, p95Ms: 100 }, 3)).toContain('2.0 %');
  });

  it('are worse off when they wait longer than the factor allows, but not for a few milliseconds', () => {
    const slow = { ...calm, p95Ms: 400 };
    expect(whatGotWorse(slow, { queries: 100, errors: 0, p95Ms: 1_200 }, 3)).toBeNull();
    expect(whatGotWorse(slow, { queries: 100, errors: 0, p95Ms: 1_201 }, 3)).toContain('1201 ms');
    expect(whatGotWorse({ ...calm, p95Ms: 5 }, { queries: 100, errors: 0, p95Ms: 490 }, 3)).toBeNull();
  });

  it('are not judged when there are too few, or when nobody knows the latency', () => {
    expect(whatGotWorse(calm, { queries: 19, errors: 19, p95Ms: 9_000 }, 3)).toBeNull();
    expect(whatGotWorse(calm, { queries: 100, errors: 0, p95Ms: null }, 3)).toBeNull();
  });
});
