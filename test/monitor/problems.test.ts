import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../src/monitor/problems.ts';
import { probe } from './rules/builders.ts';

describe('the problems of a cluster that answers', () => {
  it('name a node whose HTTP port failed three times in a row while it is alive', () => {
    const silent = (httpFailures: number) => probe({ httpProblem: 'refused', httpFailures });
    expect(problemsOf([silent(2)], 'fe 10.0.0.1:9010')).toEqual([]);
    expect(problemsOf([silent(3)], 'fe 10.0.0.1:9010')).toEqual([
      'be 10.0.0.11:9050 is alive for the cluster, but its HTTP port failed 3 times in a row: refused',
    ]);
    expect(problemsOf([{ ...silent(3), alive: false }], 'fe 10.0.0.1:9010')).toEqual([]);
  });

  it('name a missing leader', () => {
    expect(problemsOf([], null)).toEqual(['The frontends show no leader']);
  });
});
