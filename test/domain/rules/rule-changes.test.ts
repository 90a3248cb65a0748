import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countsAt, type RuleScope } from '../../../src/domain/rules/override.ts';
import {
  isLessStrict,
  longestWaitMs,
  type RuleChanges,
  takesCritical,
} from '../../../src/domain/rules/rule-changes.ts';
import { findShippedRule, shippedRules } from '../../../src/domain/rules/shipped/index.ts';
import { at, override } from './builders.ts';

const none: RuleChanges = { isOff: null, limits: null, forMs: null, severity: null };
const minute = 60_000;

function rule(name: string) {
  const found = findShippedRule(name);
  if (found === undefined) throw new Error(`there is no rule ${name}`);
  return found;
}

describe('what takes a CRITICAL alert from people', () => {
  it.each<[string, Partial<RuleChanges>, boolean]>([
    ['node_down', { isOff: true }, true],
    ['node_down', { isOff: false }, false],
    ['node_down', { severity: 'HIGH' }, true],
    ['node_down', { severity: 'CRITICAL' }, false],
    ['node_down', { forMs: minute }, false],
    ['node_down', { forMs: longestWaitMs }, false],
    ['node_down', { forMs: longestWaitMs + 1_000 }, true],
    ['node_down', { forMs: 24 * 60 * minute }, true],
    ['disk_nearly_full', { limits: { threshold: 0.97, clear: 0.95 } }, false],
    ['disk_nearly_full', { limits: { threshold: 0.975, clear: 0.95 } }, false],
    ['disk_nearly_full', { limits: { threshold: 0.98, clear: 0.95 } }, true],
    ['disk_nearly_full', { limits: { threshold: 1, clear: 0.95 } }, true],
    ['disk_nearly_full', { limits: { threshold: 10, clear: 0.95 } }, true],
    ['certificate_nearly_expired', { limits: { threshold: 2, clear: 2 } }, false],
    ['certificate_nearly_expired', { limits: { threshold: 0, clear: 0 } }, true],
    ['safe_mode', { limits: { threshold: 1, clear: 1 } }, true],
    ['disk_filling', { isOff: true }, false],
  ])('%s with %o: %s', (name, changes, takes) => {
    expect(takesCritical(rule(name), { ...none, ...changes })).toBe(takes);
  });

  it('is nothing that makes a rule stricter, of any rule', () => {
    const changes = fc.record({
      isOff: fc.constantFrom(null, false),
      limits: fc.option(fc.record({ threshold: fc.double({ min: 0, max: 100, noNaN: true }), clear: fc.constant(0) })),
      forMs: fc.option(fc.nat({ max: 30 * minute })),
      severity: fc.constantFrom(null, 'CRITICAL' as const),
    });
    fc.assert(
      fc.property(fc.constantFrom(...shippedRules), changes, (each, wanted) => {
        fc.pre(!isLessStrict(each, wanted));
        expect(takesCritical(each, wanted)).toBe(false);
      }),
    );
  });

  it('counts the time that a check waits as the time of its rule', () => {
    expect(isLessStrict(rule('quorum_at_risk'), { ...none, forMs: 2 * minute })).toBe(false);
    expect(isLessStrict(rule('quorum_at_risk'), { ...none, forMs: 6 * minute })).toBe(true);
  });
});

describe('what was allowed for a cluster of one environment', () => {
  const place = { clusterId: 'clu_1', environment: 'prod', nodeId: 'nod_1', at };
  const cluster: RuleScope = { kind: 'cluster', clusterId: 'clu_1' };
  const node: RuleScope = { kind: 'node', clusterId: 'clu_1', nodeId: 'nod_1' };

  it.each([cluster, node])('counts no more once the cluster has another label: %o', (scope) => {
    const off = (madeIn: string | null) => override('node_down', { isOff: true }, { scope, madeIn });
    expect(countsAt(rule('node_down'), off('dev'), place)).toBe(false);
    expect(countsAt(rule('node_down'), off('prod'), place)).toBe(true);
    expect(countsAt(rule('node_down'), off(null), place)).toBe(true);
  });

  it('counts on where it takes nothing that is weighed', () => {
    const off = override('disk_filling', { isOff: true }, { scope: cluster, madeIn: 'dev' });
    const late = override('node_down', { forMs: minute }, { scope: cluster, madeIn: 'dev' });
    expect(countsAt(rule('disk_filling'), off, place)).toBe(true);
    expect(countsAt(rule('node_down'), late, place)).toBe(true);
  });

  it('is the same for rules about losing the cluster', () => {
    const late = override('no_leader', { forMs: minute }, { scope: cluster, madeIn: 'dev' });
    expect(countsAt(rule('no_leader'), late, place)).toBe(false);
  });
});
