import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitsWith, mistakesInChanges, mistakesInRule } from '../../../src/domain/rules/mistakes.ts';
import { isBeyond, isMetricRule, type OnMetric } from '../../../src/domain/rules/rule.ts';
import { findShippedRule, shippedRules } from '../../../src/domain/rules/shipped/index.ts';
import { metricRule } from './builders.ts';

const rule = metricRule('disk_filling');
const nothing = { isOff: null, limits: null, forMs: null, severity: null };
const own = { ...rule, name: 'own_disk', family: 'own', runbook: null } as const;
const fields = (on: Partial<OnMetric>, rest = {}) =>
  mistakesInRule({ ...own, on: { ...rule.on, ...on }, ...rest }).map(({ field }) => field);

describe('a rule that somebody asks for', () => {
  it.each([
    [{}, {}, []],
    [{}, { name: 'disk' }, ['name']],
    [{}, { name: 'own_Disk' }, ['name']],
    [{}, { title: ' ' }, ['title']],
    [{}, { title: 'two\nlines' }, ['title']],
    [{}, { forMs: -1 }, ['forSeconds']],
    [{}, { forMs: 86_400_001 }, ['forSeconds']],
    [{ metric: 'nothing' }, {}, ['metric']],
    [{ metric: 'user_connections', of: 'CLUSTER', threshold: 5, clear: 5 }, {}, ['of']],
    [{ threshold: 85, clear: 83 }, {}, ['threshold']],
    [{ threshold: Number.NaN }, {}, ['threshold']],
    [{ clear: -0.1 }, {}, ['clear']],
    [{ clear: 0.9 }, {}, ['clear']],
    [{ compare: 'BELOW', threshold: 0.1, clear: 0.05 }, {}, ['clear']],
    [{ compare: 'BELOW', threshold: 0.1, clear: 0.2 }, {}, []],
  ] as const)('%j %j: %j', (on, rest, expected) => {
    expect(fields(on, rest)).toEqual(expected);
  });
});

describe('an override that somebody asks for', () => {
  it('changes something', () => {
    expect(mistakesInChanges(rule, nothing)).toMatchObject([{ field: 'rule' }]);
    expect(mistakesInChanges(rule, { ...nothing, isOff: false })).toEqual([]);
  });

  it('has no threshold for a rule that judges no number', () => {
    const check = findShippedRule('node_down');
    expect(check && mistakesInChanges(check, { ...nothing, limits: { threshold: 1, clear: 1 } })).toMatchObject([
      { field: 'threshold' },
    ]);
    expect(check && mistakesInChanges(check, { ...nothing, forMs: 60_000, severity: 'LOW' })).toEqual([]);
  });

  it('ends alerts as far from its threshold as the rule does, unless it says where', () => {
    expect(limitsWith(rule.on, { threshold: 0.9, clear: null })).toEqual({ threshold: 0.9, clear: 0.88 });
    expect(limitsWith(rule.on, { threshold: 0.9, clear: 0.5 })).toEqual({ threshold: 0.9, clear: 0.5 });
  });

  it('can end by a value that there can be, whatever its threshold is', () => {
    const p95 = metricRule('query_p95_high');
    expect(limitsWith(p95.on, { threshold: 1_000, clear: null })).toEqual({ threshold: 1_000, clear: 800 });
    const rules = shippedRules.filter(isMetricRule);
    fc.assert(
      fc.property(fc.constantFrom(...rules), fc.double({ min: 1e-6, max: 1e12, noNaN: true }), ({ on }, threshold) => {
        const { clear } = limitsWith(on, { threshold, clear: null });
        expect(isBeyond(on.compare, clear, threshold)).toBe(false);
        if (on.compare === 'ABOVE') expect(clear).toBeGreaterThan(threshold * 0.3);
      }),
    );
  });
});
