import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findMetric } from '../../../src/domain/metrics/catalogue/index.ts';
import { mistakesInChanges } from '../../../src/domain/rules/mistakes.ts';
import { isMetricRule, ownPrefix } from '../../../src/domain/rules/rule.ts';
import { shippedRules } from '../../../src/domain/rules/shipped/index.ts';
import { rules as checks } from '../../../src/monitor/rules/index.ts';
import { operations } from '../../../src/operations/index.ts';

const root = new URL('../../../', import.meta.url);

describe('the shipped rules', () => {
  it('have names of their own, which people cannot take', () => {
    const names = shippedRules.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.startsWith(ownPrefix) || !/^[a-z][a-z0-9_]{2,59}$/.test(name))).toEqual([]);
  });

  it('have a public face for every rule in code, which says the same of it, and for no other', () => {
    const faces = shippedRules.filter(({ on }) => on.kind === 'CHECK');
    expect(faces.map(({ name }) => name).toSorted()).toEqual(checks.map(({ name }) => name).toSorted());
    for (const face of faces) {
      const check = checks.find(({ name }) => name === face.name);
      expect([face.name, face.isInhibitedByRuns, face.isNeverHidden]).toEqual([
        ...[check?.name, check?.isInhibitedByRuns, check?.isNeverHidden],
      ]);
    }
  });

  it.each(shippedRules.map((rule) => [rule.name, rule] as const))('%s can be judged, read and acted on', (_, rule) => {
    if (isMetricRule(rule)) {
      const changes = { isOff: null, limits: rule.on, forMs: rule.forMs, severity: rule.severity };
      expect(mistakesInChanges(rule, changes)).toEqual([]);
      expect((rule.on.tells ?? []).filter((name) => findMetric(name) === undefined)).toEqual([]);
      if (rule.on.upTo !== undefined) expect(shippedRules.map(({ name }) => name)).toContain(rule.on.upTo);
    }
    for (const text of [rule.means, rule.todo]) expect(text).toMatch(/^[A-Z"].*[.)]$/s);
    const known = operations.map(({ name }) => name);
    if (rule.action !== null) expect(known).toContain(rule.action);
    const [page = '', section] = (rule.runbook ?? '').split('#');
    expect(existsSync(new URL(page, root))).toBe(true);
    expect(readFileSync(new URL(page, root), 'utf8')).toContain(`\n## ${section}\n`);
  });
});
