import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { severities } from '../../../src/domain/alert.ts';
import {
  effectiveRule,
  type RuleChanges,
  type RuleScope,
  switchedOffInWords,
} from '../../../src/domain/rules/override.ts';
import { isLessStrict } from '../../../src/domain/rules/rule-changes.ts';
import { at, metricRule, override } from './builders.ts';

const rule = metricRule('disk_filling');
const place = { clusterId: 'clu_1', environment: 'prod', nodeId: 'nod_1', at };
const scopes = {
  all: { kind: 'all' },
  environment: { kind: 'environment', environment: 'prod' },
  cluster: { kind: 'cluster', clusterId: 'clu_1' },
  node: { kind: 'node', clusterId: 'clu_1', nodeId: 'nod_1' },
} as const satisfies Record<string, RuleScope>;
const order = ['node', 'cluster', 'environment', 'all'] as const;

describe('what holds for a rule in a place', () => {
  it('is what it is shipped with where nobody says anything', () => {
    expect(effectiveRule(rule, [], place)).toEqual({
      ...{ rule, off: null, limits: { threshold: 0.85, clear: 0.83 }, forMs: 120_000, severity: null, changedBy: [] },
    });
  });

  it('is, of each thing by itself, what the narrowest override says that says something', () => {
    const wide = override('disk_filling', { limits: { threshold: 0.5, clear: 0.4 }, severity: 'LOW' });
    const narrow = override('disk_filling', { forMs: 0, severity: 'MEDIUM' }, { scope: scopes.node });
    const held = effectiveRule(rule, [wide, narrow], place);
    expect(held).toMatchObject({ limits: { threshold: 0.5 }, forMs: 0, severity: 'MEDIUM', changedBy: [narrow, wide] });
    expect(effectiveRule(rule, [wide, narrow], { ...place, nodeId: 'nod_2' })).toMatchObject({ severity: 'LOW' });
  });

  it('is on again on a node for which somebody says so, while the cluster has it off', () => {
    const off = override('disk_filling', { isOff: true }, { scope: scopes.cluster });
    const on = override('disk_filling', { isOff: false }, { scope: scopes.node });
    expect(effectiveRule(rule, [off, on], place).off).toBeNull();
    expect(effectiveRule(rule, [off, on], { ...place, nodeId: null }).off).toBe(off);
  });

  it('does not depend on the order of overrides, and never on those for other places, other rules or past times', () => {
    const kinds = fc.uniqueArray(fc.constantFrom(...order), { minLength: 1 });
    fc.assert(
      fc.property(kinds, fc.nat(5), (names, turn) => {
        const made = names.map((kind) =>
          override('disk_filling', { forMs: order.indexOf(kind) }, { id: kind, scope: scopes[kind] }),
        );
        const foreign = [
          override('disk_filling', { forMs: 99 }, { scope: { kind: 'cluster', clusterId: 'clu_2' } }),
          override('disk_filling', { forMs: 99 }, { scope: { kind: 'node', clusterId: 'clu_1', nodeId: 'nod_2' } }),
          override('disk_filling', { forMs: 99 }, { scope: { kind: 'environment', environment: 'dev' } }),
          override('memory_high', { forMs: 99 }, { scope: scopes.node }),
          override('disk_filling', { forMs: 99 }, { scope: scopes.node, until: at }),
        ];
        const all = [...made, ...foreign];
        const turned = [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)];
        const narrowest = order.find((kind) => names.includes(kind)) ?? 'all';
        expect(effectiveRule(rule, turned, place).forMs).toBe(order.indexOf(narrowest));
      }),
    );
  });
});

describe('an override that is less strict', () => {
  const nothing: RuleChanges = { isOff: null, limits: null, forMs: null, severity: null };
  it.each([
    [{ isOff: true }, true],
    [{ isOff: false }, false],
    [{ limits: { threshold: 0.9, clear: 0.8 } }, true],
    [{ limits: { threshold: 0.8, clear: 0.7 } }, false],
    [{ forMs: 120_001 }, true],
    [{ forMs: 0 }, false],
    [{ severity: 'MEDIUM' }, true],
    [{ severity: 'CRITICAL' }, false],
  ] as const)('%j: %s', (changes, isLess) => {
    expect(isLessStrict(rule, { ...nothing, ...changes })).toBe(isLess);
  });

  it('is less strict where the value has to fall further', () => {
    const running = metricRule('routine_load_not_running');
    expect(isLessStrict(running, { ...nothing, limits: { threshold: 0.5, clear: 1 } })).toBe(true);
  });

  it('knows every severity', () => {
    expect(severities.map((severity) => isLessStrict(rule, { ...nothing, severity }))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});

it('says who switched a rule off, why, and until when', () => {
  expect(switchedOffInWords(override('disk_filling', { isOff: true }))).toBe(
    'the rule was switched off by kim: a test',
  );
  expect(switchedOffInWords(override('disk_filling', { isOff: true }, { until: at }))).toBe(
    'the rule was switched off by kim until 2026-11-27 10:00 UTC: a test',
  );
});
