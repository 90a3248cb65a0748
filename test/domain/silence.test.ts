import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Severity } from '../../src/domain/alert.ts';
import { matchersInWords, needsSecondPerson, type SilenceMatchers, silenceHides } from '../../src/domain/silence.ts';
import { hidesMostNodes } from '../../src/domain/silence-reach.ts';

const any: SilenceMatchers = { rule: null, severities: null, labels: {} };
const alert = { rule: 'node_down', severity: 'CRITICAL', labels: { node: 'be 10.0.0.11:9050' } } as const;

describe('a silence hides an alert', () => {
  it.each<[string, Partial<SilenceMatchers>, boolean]>([
    ['any, without matchers', {}, true],
    ['of its rule', { rule: 'node_down' }, true],
    ['of no other rule', { rule: 'node' }, false],
    ['of rules that look so', { rule: 'node_*' }, true],
    ['of one of its severities', { severities: ['HIGH', 'CRITICAL'] }, true],
    ['not one that is worse', { severities: ['HIGH'] }, false],
    ['about its node', { labels: { node: 'be 10.0.0.11:9050' } }, true],
    ['about nodes that look so', { labels: { node: 'be 10.0.0.*:90*' } }, true],
    ['not about another node', { labels: { node: 'be 10.0.0.1*:9060' } }, false],
    ['not without the label', { labels: { disk: '*' } }, false],
    ['only when all of it fits', { rule: 'node_down', labels: { node: 'be 10.0.0.12:9050' } }, false],
  ])('%s', (_name, matchers, hides) => {
    expect(silenceHides({ matchers: { ...any, ...matchers } }, alert)).toBe(hides);
  });

  it('by a pattern as a regular expression with .* in place of each * would have it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (rule, name) => {
        const expected = new RegExp(`^${rule.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(name);
        expect(silenceHides({ matchers: { ...any, rule } }, { ...alert, rule: name })).toBe(expected);
      }),
    );
  });
});

describe('a second person has to agree', () => {
  const prod = { kind: 'cluster', clusterId: 'clu_1' } as const;
  const node = { node: 'be 10.0.0.11:9050' };
  const bad: readonly Severity[] = ['HIGH', 'MEDIUM', 'LOW'];
  it.each<[string, Parameters<typeof needsSecondPerson>[0], boolean, boolean]>([
    ['for a whole cluster of production', { scope: prod, matchers: any }, true, true],
    [
      'for one rule of it, which may be the one that tells of the outage',
      { scope: prod, matchers: { ...any, rule: 'node_down' } },
      true,
      true,
    ],
    [
      'for a pattern that may fit every node',
      { scope: prod, matchers: { ...any, labels: { node: 'be *' } } },
      true,
      true,
    ],
    ['not for one node', { scope: prod, matchers: { ...any, labels: node } }, true, false],
    [
      'for a path, which all nodes may have',
      { scope: prod, matchers: { ...any, labels: { path: '/data1' } } },
      true,
      true,
    ],
    ['not when no CRITICAL is hidden', { scope: prod, matchers: { ...any, severities: bad } }, true, false],
    ['not outside production', { scope: prod, matchers: any }, false, false],
    [
      'for everything, whatever it is',
      { scope: { kind: 'all' }, matchers: { ...any, rule: 'node_down' } },
      false,
      true,
    ],
  ])('%s', (_name, silence, isProduction, expected) => {
    expect(needsSecondPerson(silence, isProduction)).toBe(expected);
  });
});

describe('silences of single nodes', () => {
  const nodes = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      clusterId: 'clu_1',
      kind: 'BACKEND',
      label: `be 10.0.0.${index}:9050`,
    }));
  const of = (label: string, rest: Partial<SilenceMatchers> = {}) => ({
    matchers: { ...any, labels: { node: label }, ...rest },
    covers: () => true,
  });

  it('never come to hide CRITICAL alerts of more than half of the nodes by one person alone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.tuple(fc.nat({ max: 6 }), fc.constantFrom<null | string>(null, 'node_down', 'disk_*')), {
          maxLength: 12,
        }),
        (count, asked) => {
          const all = nodes(count);
          const made: ReturnType<typeof of>[] = [];
          for (const [index, rule] of asked) {
            const wanted = of(all[index % count]?.label ?? '', { rule });
            if (!hidesMostNodes(wanted, made, all)) made.push(wanted);
          }
          const hidden = all.filter(({ label }) => made.some(({ matchers }) => matchers.labels.node === label));
          expect(hidden.length).toBeLessThanOrEqual(count / 2);
        },
      ),
    );
  });

  it('may all be made of what is never CRITICAL, and of one node of many', () => {
    const only = nodes(1);
    const label = only[0]?.label ?? '';
    expect(hidesMostNodes(of(label), [], only)).toBe(true);
    expect(hidesMostNodes(of(label, { rule: 'disk_filling' }), [], only)).toBe(false);
    expect(hidesMostNodes(of(label, { severities: ['HIGH'] }), [], only)).toBe(false);
    expect(hidesMostNodes(of(label), [], nodes(3))).toBe(false);
    expect(
      hidesMostNodes(
        of(label),
        [of('be 10.0.0.1:9050')],
        [...nodes(3), ...nodes(3).map((node) => ({ ...node, kind: 'FRONTEND', label: `fe ${node.label}` }))],
      ),
    ).toBe(true);
  });
});

it('says what it hides as it would be typed', () => {
  expect(matchersInWords({ rule: 'node_*', severities: ['HIGH', 'LOW'], labels: alert.labels })).toBe(
    'rule=node_* severity=HIGH,LOW node="be 10.0.0.11:9050"',
  );
  expect(matchersInWords(any)).toBe('everything');
});
